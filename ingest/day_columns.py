"""Sealing: the readings of many sensors, column by column, into one compact blob each.

The format is that of :mod:`ingest.sealed_days`, which reads it. All sensors are worked on at once
in flat arrays, where each has a run of rows: one sensor has too few to be worth a call to numpy.
"""

import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ingest.kept_readings import COVER_BITS, POSITION_BITS, QUALITY_BITS, UNSAID
from ingest.sealed_days import (
    COMPLETE,
    DECIMALS,
    DOUBLES,
    FORMAT,
    HEAD,
    LARGEST_WHOLE,
    LINE,
    LINEAR,
    NONE,
    SCALE,
    SCALES,
    WHOLE_HEAD,
    WITH_GAPS,
)

Column = npt.NDArray[Any]

_COMPRESSION = 6
_LEVEL, _DISTANCE, _FIRST_OF_REST, _SIGNAL = 0, 1, 2, 5
_WIDTHS = (1, 2, 4, 8)


class Runs(NamedTuple):
    """Where each sensor's run begins in the flat arrays, and how long it is (at least 1)."""

    starts: Column
    lengths: Column

    def bounds(self) -> Iterator[tuple[int, int]]:
        """Yield begin and end of each run."""
        ends = self.starts + self.lengths
        return zip(self.starts.tolist(), ends.tolist(), strict=True)


def runs_of(lengths: Column) -> Runs:
    """Return the runs of these lengths, one behind the other."""
    return Runs(np.cumsum(lengths) - lengths, lengths)


def seal_sensors(times: Column, codes: Column, numbers: Column, runs: Runs) -> list[bytes]:
    """Return one blob for each run: microseconds, bytes of codes, and six numbers a row.

    Within a run rows are in order of time. Codes and numbers are those of
    :data:`ingest.kept_readings.PACKED`.
    """
    levels, distances = numbers[:, _LEVEL], numbers[:, _DISTANCE]
    columns = [
        _whole(times, runs),
        _whole((codes >> QUALITY_BITS & 3).astype(np.int64), runs),
        _numbers(distances, runs),
        _levels(levels, distances, runs),
        *(_numbers(numbers[:, place], runs) for place in range(_FIRST_OF_REST, _SIGNAL)),
        _numbers(_flags(codes >> COVER_BITS & 3), runs),
        _numbers(_flags(codes >> POSITION_BITS & 3), runs),
        _numbers(numbers[:, _SIGNAL], runs),
    ]
    return [
        HEAD.pack(FORMAT, length) + zlib.compress(b"".join(parts), _COMPRESSION)
        for length, *parts in zip(runs.lengths.tolist(), *columns, strict=True)
    ]


def _flags(codes: Column) -> Column:
    return np.where(codes == UNSAID, np.nan, codes.astype(np.float64))


def _whole(values: Column, runs: Runs) -> list[bytes]:
    """Whole numbers: the first, the smallest step, what all steps are multiples of, the steps."""
    within = np.ones(len(values), dtype=bool)
    within[runs.starts] = False
    steps = np.diff(values, prepend=0)[within]
    step_runs = runs_of(runs.lengths - 1)
    some = step_runs.lengths > 0
    least, unit, most = (np.zeros(len(some), dtype=np.int64) for _ in range(3))
    if some.any():
        begins, lengths = step_runs.starts[some], step_runs.lengths[some]
        least[some] = np.minimum.reduceat(steps, begins)
        steps = steps - np.repeat(least[some], lengths)
        unit[some] = np.gcd.reduceat(steps, begins)
        unit[unit == 0] = 1
        steps = steps // np.repeat(unit[some], lengths)
        most[some] = np.maximum.reduceat(steps, begins)
    unit[unit == 0] = 1
    width = np.array(_WIDTHS)[np.searchsorted(np.array([8, 16, 32]), _bits(most))]
    raw = {
        one: steps.astype(f"<u{one}").view(np.uint8).reshape(-1, one) for one in {*width.tolist()}
    }
    heads = zip(
        width.tolist(), values[runs.starts].tolist(), least.tolist(), unit.tolist(), strict=True
    )
    return [
        WHOLE_HEAD.pack(b"%d" % one, *head) + raw[one][begin:end].T.tobytes()
        for (one, *head), (begin, end) in zip(heads, step_runs.bounds(), strict=True)
    ]


def _bits(most: Column) -> Column:
    """Return how many bits each whole number takes."""
    return np.array([one.bit_length() for one in most.tolist()])


def _numbers(values: Column, runs: Runs) -> list[bytes]:
    """Numbers that may be absent: a bit for each where some are, then those that are there."""
    there = ~np.isnan(values)
    counts = np.add.reduceat(there, runs.starts, dtype=np.int64)
    present = iter(_present(values[there], runs_of(counts[counts > 0])))
    sealed = []
    for count, (begin, end) in zip(counts.tolist(), runs.bounds(), strict=True):
        if not count:
            sealed.append(NONE)
        elif count == end - begin:
            sealed.append(COMPLETE + next(present))
        else:
            bits = np.packbits(there[begin:end], bitorder="little").tobytes()
            sealed.append(WITH_GAPS + bits + next(present))
    return sealed


def _present(values: Column, runs: Runs) -> list[bytes]:
    """Numbers of which all are there: short decimals as whole numbers, others as they are."""
    if not len(values):
        return []
    scales = np.zeros(len(runs.starts), dtype=np.int64)
    whole = np.zeros(len(values), dtype=np.int64)
    for scale in SCALES:
        open_runs = scales == 0
        if not open_runs.any():
            break
        scaled = _scaled(values, scale)
        # Compared as bits, since -0.0 equals 0.0.
        same = (scaled / scale).view(np.int64) == values.view(np.int64)
        fits = np.logical_and.reduceat(same, runs.starts) & open_runs
        scales[fits] = scale
        whole = np.where(np.repeat(fits, runs.lengths), scaled, whole)
    decimal = scales > 0
    rows = np.repeat(decimal, runs.lengths)
    sealed_whole = iter(_whole(whole[rows], runs_of(runs.lengths[decimal])) if rows.any() else ())
    doubles = values.astype("<f8").view(np.uint8).reshape(-1, 8)
    return [
        DECIMALS + SCALE.pack(scale) + next(sealed_whole)
        if scale
        else DOUBLES + doubles[begin:end].T.tobytes()
        for scale, (begin, end) in zip(scales.tolist(), runs.bounds(), strict=True)
    ]


def _scaled(values: Column, scale: int) -> Column:
    """Return the nearest whole numbers; 0 where they would be too large to be exact."""
    with np.errstate(over="ignore"):
        scaled = np.rint(values * scale)
    return np.where(np.abs(scaled) < LARGEST_WHOLE, scaled, 0).astype(np.int64)


def _levels(levels: Column, distances: Column, runs: Runs) -> list[bytes]:
    """Levels by the gateway's own rule from the distances, where that gives each one exactly."""
    starts, lengths = runs
    ends = np.zeros(len(levels), dtype=bool)
    ends[starts] = True
    with np.errstate(all="ignore"):
        high, high_at = _extreme(np.maximum, levels, distances, np.isfinite(levels), runs)
        low, low_at = _extreme(np.minimum, levels, distances, (levels > 0) | ends, runs)
        depth = np.round((low_at - high_at) / (high - low), 3)
        top = np.round(high * depth + high_at, 3)
        on = (np.repeat(top, lengths) - distances) / np.repeat(depth, lengths)
        on = np.where(on > 0, on, 0.0)
    same = on.view(np.int64) == np.ascontiguousarray(levels).view(np.int64)
    exact = (
        np.logical_and.reduceat(same & np.isfinite(distances), starts) & (high > low) & (depth > 0)
    )
    others = iter(_numbers(*_only(levels, runs, ~exact)))
    return [
        LINEAR + LINE.pack(*line) if by_rule else next(others)
        for by_rule, *line in zip(exact.tolist(), top.tolist(), depth.tolist(), strict=True)
    ]


def _extreme(
    which: np.ufunc, levels: Column, distances: Column, among: Column, runs: Runs
) -> tuple[Column, Column]:
    """Return the extreme level of each run, and the extreme distance at that level."""
    least = -np.inf if which is np.maximum else np.inf
    found = which.reduceat(np.where(among, levels, least), runs.starts)
    at = among & (levels == np.repeat(found, runs.lengths))
    return found, which.reduceat(np.where(at, distances, least), runs.starts)


def _only(values: Column, runs: Runs, chosen: Column) -> tuple[Column, Runs]:
    return values[np.repeat(chosen, runs.lengths)], runs_of(runs.lengths[chosen])
