"""When a fall of the level is an emptying.

Waste settles and sensors err, but only an emptying takes the level far down and leaves it there: a
fall from one accepted reading to the next, confirmed by the reading after it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from msgspec import DecodeError, Struct, ValidationError, json

from domain.records import Emptied, FillReading, MeasurementQuality, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyingRule:
    """How far the level must fall (a ratio of the container), and to what at most."""

    least_fall: float = 0.30
    highest_after: float = 0.40


class LowerReading(Struct, frozen=True, forbid_unknown_fields=True):
    """A fall that waits for its confirmation."""

    level_before: float
    level_after: float
    observed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelState:
    """What is remembered of a device between its readings."""

    level: float
    observed_at: datetime
    unconfirmed: LowerReading | None = None


def watch_level(
    state: LevelState | None, record: Record, rule: EmptyingRule
) -> tuple[LevelState | None, Record | None]:
    """Return the new state, and the ``emptied`` record that this fill record confirms, if any.

    Readings that are not accepted, and those older than the newest, change nothing. The record
    of an emptying has the time of the first low reading.
    """
    level = _accepted_level(record)
    if level is None or (state is not None and record.observed_at <= state.observed_at):
        return state, None
    now = LevelState(level=level, observed_at=record.observed_at)
    if state is None:
        return now, None
    fall = state.unconfirmed
    if fall is not None and _is_emptying(fall.level_before, now.level, rule):
        emptied = Emptied(level_before=fall.level_before, level_after=fall.level_after)
        return now, replace(record, observed_at=fall.observed_at, values=emptied)
    if _is_emptying(state.level, now.level, rule):
        pending = LowerReading(state.level, now.level, record.observed_at)
        return replace(now, unconfirmed=pending), None
    return now, None


def _accepted_level(record: Record) -> float | None:
    match record.values:
        case FillReading(measurement_quality=MeasurementQuality.ACCEPTED) as reading:
            return reading.filling_level
        case _:
            return None


def _is_emptying(before: float, after: float, rule: EmptyingRule) -> bool:
    return after <= rule.highest_after and before - after >= rule.least_fall


class _StateBody(Struct, frozen=True, forbid_unknown_fields=True):
    v: Literal[1]
    level: float
    observed_at: datetime
    unconfirmed: LowerReading | None


_ENCODER = json.Encoder()
_DECODER = json.Decoder(_StateBody)


def encode_state(state: LevelState) -> bytes:
    """Return the state as the gateway's file keeps it."""
    return _ENCODER.encode(_StateBody(1, state.level, state.observed_at, state.unconfirmed))


def decode_state(note: bytes) -> LevelState | None:
    """Return the state, None when it is not of this version: the next reading begins anew."""
    try:
        body = _DECODER.decode(note)
    except (ValidationError, DecodeError):
        return None
    return LevelState(level=body.level, observed_at=body.observed_at, unconfirmed=body.unconfirmed)
