"""A closed day of one fill sensor as one compact blob; unsealing gives exactly what was sealed.

Column by column: times, codes and short decimals become steps between whole numbers; levels that
follow from the distances become two constants; other numbers stay 8 bytes. The bytes of a column
are laid out by their weight, and all of it is deflated.
"""

import math
import struct
import sys
import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

_FORMAT = 1
_HEAD = struct.Struct("<BI")
_WHOLE_HEAD = struct.Struct("<cqqQ")
_LINE = struct.Struct("<dd")
_SCALE = struct.Struct("<H")
_SCALES = (1, 10, 100, 1_000, 10_000)
_LARGEST_WHOLE = 2.0**53
_WIDTHS = {b"1": "B", b"2": "H", b"4": "I", b"8": "Q"}

_NONE, _DECIMALS, _DOUBLES, _LINEAR = b"-", b"w", b"d", b"l"
_COMPLETE, _WITH_GAPS = b"c", b"g"

Numbers = Sequence[float | None]


class UnreadableChunkError(Exception):
    """A sealed day that this program cannot read: of a later format, or damaged."""


class KeptReading(NamedTuple):
    """A fill reading as the series keeps it: microseconds, and codes for quality and flags."""

    observed_us: int
    quality: int
    filling_level: float | None
    distance_mm: float | None
    temperature_c: float | None
    battery_v: float | None
    battery_ratio: float | None
    cover_open: int | None
    out_of_position: int | None
    rssi_dbm: float | None


def seal_day(readings: Sequence[Sequence[Any]]) -> bytes:
    """Return readings (at least one, each like a :class:`KeptReading`) as one blob."""
    times, qualities, levels, distances, *rest = zip(*readings, strict=True)
    parts = [_whole(times), _whole(qualities), _numbers(distances)]
    parts.append(_line(levels, distances) or _numbers(levels))
    parts += map(_numbers, rest)
    return _HEAD.pack(_FORMAT, len(readings)) + zlib.compress(b"".join(parts), 6)


def unseal_day(chunk: bytes) -> list[KeptReading]:
    """Return the readings of a sealed day, in the order they were sealed in.

    Raises :class:`UnreadableChunkError`.
    """
    try:
        version, count = _HEAD.unpack_from(chunk)
        if version != _FORMAT:
            msg = f"a sealed day of format {version}"
            raise UnreadableChunkError(msg)
        columns = _Columns(zlib.decompress(chunk[_HEAD.size :]), count)
        times, qualities, distances = columns.whole(), columns.whole(), columns.numbers()
        levels = columns.numbers(distances)
        temperatures, volts, ratios = columns.numbers(), columns.numbers(), columns.numbers()
        covers, positions = columns.flags(), columns.flags()
        rows = zip(
            *(times, qualities, levels, distances, temperatures, volts, ratios),
            *(covers, positions, columns.numbers()),
            strict=True,
        )
        return [KeptReading(*row) for row in rows]
    except (struct.error, zlib.error, ValueError, KeyError) as error:
        msg = f"a damaged sealed day: {error}"
        raise UnreadableChunkError(msg) from error


def _whole(values: Sequence[int]) -> bytes:
    """Whole numbers: the first, the smallest step, what all steps are multiples of, the steps."""
    steps = [after - before for before, after in pairwise(values)]
    least = min(steps, default=0)
    unit = math.gcd(*(step - least for step in steps)) or 1
    multiples = [(step - least) // unit for step in steps]
    most = max(multiples, default=0)
    mark = next(mark for mark in _WIDTHS if most < 1 << 8 * int(mark))
    return _WHOLE_HEAD.pack(mark, values[0], least, unit) + _by_weight(_WIDTHS[mark], multiples)


def _numbers(values: Numbers) -> bytes:
    """Numbers that may be absent: a bit for each where some are, then those that are there."""
    present = [value for value in values if value is not None]
    if not present:
        return _NONE
    if len(present) == len(values):
        return _COMPLETE + _present(present)
    bits = sum(1 << place for place, value in enumerate(values) if value is not None)
    return _WITH_GAPS + bits.to_bytes(_bytes_for(len(values)), "little") + _present(present)


def _present(values: Sequence[float]) -> bytes:
    exactly = array("d", values)
    largest = max(map(abs, values))
    for scale in _SCALES:
        # Most numbers are refused by the first one, so trying is cheap.
        if largest * scale < _LARGEST_WHOLE and round(values[0] * scale) / scale == values[0]:
            scaled = [round(value * scale) for value in values]
            # Compared as bytes, since -0.0 equals 0.0.
            if array("d", [one / scale for one in scaled]).tobytes() == exactly.tobytes():
                return _DECIMALS + _SCALE.pack(scale) + _whole(scaled)
    return _DOUBLES + _by_weight("d", exactly)


def _line(levels: Numbers, distances: Numbers) -> bytes | None:
    """Levels by the gateway's own rule from the distances, where that gives each one exactly."""
    pairs = [
        (level, distance)
        for level, distance in zip(levels, distances, strict=True)
        if level is not None and distance is not None
    ]
    if len(pairs) < len(levels):
        return None
    highest, lowest = max(pairs), min(pair for pair in pairs if pair[0] > 0 or pair is pairs[0])
    if highest[0] <= lowest[0]:
        return None
    depth = round((lowest[1] - highest[1]) / (highest[0] - lowest[0]), 3)
    if depth <= 0:
        return None
    top = round(highest[0] * depth + highest[1], 3)
    found = array("d", _levels_on(top, depth, [distance for _, distance in pairs]))
    if found.tobytes() != array("d", [level for level, _ in pairs]).tobytes():
        return None
    return _LINEAR + _LINE.pack(top, depth)


def _levels_on(top: float, depth: float, distances: Sequence[float]) -> list[float]:
    return [max(0.0, (top - distance) / depth) for distance in distances]


def _by_weight(typecode: str, values: Sequence[float]) -> bytes:
    raw = _little(array(typecode, values)).tobytes()
    width = array(typecode).itemsize
    return b"".join(raw[place::width] for place in range(width))


def _little(values: "array[Any]") -> "array[Any]":
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _bytes_for(count: int) -> int:
    return (count + 7) // 8


class _Columns:
    """Reads what the functions above have written, column after column."""

    def __init__(self, raw: bytes, count: int) -> None:
        self._raw = raw
        self._count = count
        self._at = 0

    def whole(self, count: int | None = None) -> list[int]:
        count = self._count if count is None else count
        mark, first, least, unit = _WHOLE_HEAD.unpack(self._take(_WHOLE_HEAD.size))
        multiples = self._by_weight(_WIDTHS[mark], count - 1)
        return list(accumulate((least + unit * one for one in multiples), initial=first))

    def numbers(self, distances: Numbers = ()) -> list[float | None]:
        match self._take(1):
            case b"-":
                return [None] * self._count
            case b"c":
                return [*self._present(self._count)]
            case b"l":
                top, depth = _LINE.unpack(self._take(_LINE.size))
                return [*_levels_on(top, depth, [one for one in distances if one is not None])]
            case b"g":
                bits = int.from_bytes(self._take(_bytes_for(self._count)), "little")
                present = iter(self._present(bits.bit_count()))
                return [next(present) if bits >> n & 1 else None for n in range(self._count)]
            case other:
                raise KeyError(other)

    def flags(self) -> list[int | None]:
        return [None if value is None else int(value) for value in self.numbers()]

    def _present(self, count: int) -> list[float]:
        if self._take(1) == _DOUBLES:
            return list(self._by_weight("d", count))
        (scale,) = _SCALE.unpack(self._take(_SCALE.size))
        return [one / scale for one in self.whole(count)]

    def _by_weight(self, typecode: str, count: int) -> "array[Any]":
        values = array(typecode)
        width = values.itemsize
        raw = bytearray(count * width)
        for place in range(width):
            raw[place::width] = self._take(count)
        values.frombytes(raw)
        return _little(values)

    def _take(self, size: int) -> bytes:
        taken = self._raw[self._at : self._at + size]
        if len(taken) < size:
            msg = "ends too early"
            raise ValueError(msg)
        self._at += size
        return taken
