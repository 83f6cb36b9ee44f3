"""Records on the wire: JSON of schema version 1, one record at a time.

The Structs refuse unknown fields and wrong types; the domain's own checks refuse wrong values.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, json

from domain.checks import InvalidValueError
from domain.problems import ProblemClass
from domain.records import (
    CameraHealth,
    Emptied,
    FillReading,
    MeasurementQuality,
    Record,
    SnapshotVerdicts,
    Values,
    Verdict,
    VerdictState,
)
from wire.errors import UnreadablePayloadError, UnreadableReason
from wire.strict_json import read_json

MAX_RECORD_BYTES = 240 * 1024
"""The largest record the domain allows (64 verdicts full of boxes) stays below this."""

UtcTime = Annotated[datetime, Meta(tz=True)]


class FillBody(
    Struct,
    forbid_unknown_fields=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="kind",
    tag="fill",
):
    """A :class:`domain.records.FillReading`; absent is not zero."""

    measurement_quality: MeasurementQuality
    filling_level: float | None = None
    distance_mm: float | None = None
    temperature_c: float | None = None
    battery_v: float | None = None
    battery_ratio: float | None = None
    cover_open: bool | None = None
    out_of_position: bool | None = None
    rssi_dbm: float | None = None


class EmptiedBody(
    Struct, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="emptied"
):
    """A :class:`domain.records.Emptied`."""

    level_before: float
    level_after: float


class VerdictBody(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A :class:`domain.records.Verdict`."""

    zone_id: str
    problem_class: ProblemClass
    state: VerdictState
    score: float
    reasons: tuple[str, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()


class VerdictsBody(
    Struct,
    forbid_unknown_fields=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="kind",
    tag="verdicts",
):
    """A :class:`domain.records.SnapshotVerdicts`."""

    camera_health: CameraHealth
    verdicts: tuple[VerdictBody, ...]
    picture_sha256: str | None = None


class RecordBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A :class:`domain.records.Record`; ``v`` is the schema version."""

    v: Literal[1]
    device_id: str
    observed_at: UtcTime
    gateway_at: UtcTime
    values: FillBody | EmptiedBody | VerdictsBody


_ENCODER = json.Encoder()
_DECODER = json.Decoder(RecordBody)


def encode_record(record: Record) -> bytes:
    """Return the record as one line of JSON, at most :data:`MAX_RECORD_BYTES` long."""
    return _ENCODER.encode(
        RecordBody(
            v=1,
            device_id=record.device_id,
            observed_at=record.observed_at,
            gateway_at=record.gateway_at,
            values=_body_of(record.values),
        )
    )


def decode_record(payload: bytes) -> Record:
    """Return the record; raise :class:`UnreadablePayloadError` for anything but a valid one."""
    return record_of(read_record_body(payload))


def read_record_body(payload: bytes) -> RecordBody:
    """Return what the payload says in the right shape, its values unchecked; or raise."""
    return read_json(_DECODER, payload, most_bytes=MAX_RECORD_BYTES)


def record_of(body: RecordBody) -> Record:
    """Return the record; raise :class:`UnreadablePayloadError` where the domain refuses a value."""
    try:
        return Record(
            device_id=body.device_id,
            observed_at=body.observed_at,
            gateway_at=body.gateway_at,
            values=_values_of(body.values),
        )
    except InvalidValueError as error:
        raise UnreadablePayloadError(UnreadableReason.INVALID_VALUE, str(error)) from error


def _body_of(values: Values) -> FillBody | EmptiedBody | VerdictsBody:
    match values:
        case FillReading():
            return FillBody(
                measurement_quality=values.measurement_quality,
                filling_level=values.filling_level,
                distance_mm=values.distance_mm,
                temperature_c=values.temperature_c,
                battery_v=values.battery_v,
                battery_ratio=values.battery_ratio,
                cover_open=values.cover_open,
                out_of_position=values.out_of_position,
                rssi_dbm=values.rssi_dbm,
            )
        case Emptied():
            return EmptiedBody(level_before=values.level_before, level_after=values.level_after)
        case SnapshotVerdicts():
            return VerdictsBody(
                camera_health=values.camera_health,
                verdicts=tuple(_verdict_body_of(verdict) for verdict in values.verdicts),
                picture_sha256=values.picture_sha256,
            )


def _verdict_body_of(verdict: Verdict) -> VerdictBody:
    return VerdictBody(
        zone_id=verdict.zone_id,
        problem_class=verdict.problem_class,
        state=verdict.state,
        score=verdict.score,
        reasons=verdict.reasons,
        boxes=verdict.boxes,
    )


def _values_of(body: FillBody | EmptiedBody | VerdictsBody) -> Values:
    match body:
        case FillBody():
            return FillReading(
                measurement_quality=body.measurement_quality,
                filling_level=body.filling_level,
                distance_mm=body.distance_mm,
                temperature_c=body.temperature_c,
                battery_v=body.battery_v,
                battery_ratio=body.battery_ratio,
                cover_open=body.cover_open,
                out_of_position=body.out_of_position,
                rssi_dbm=body.rssi_dbm,
            )
        case EmptiedBody():
            return Emptied(level_before=body.level_before, level_after=body.level_after)
        case VerdictsBody():
            return SnapshotVerdicts(
                camera_health=body.camera_health,
                verdicts=tuple(
                    Verdict(
                        zone_id=verdict.zone_id,
                        problem_class=verdict.problem_class,
                        state=verdict.state,
                        score=verdict.score,
                        reasons=verdict.reasons,
                        boxes=verdict.boxes,
                    )
                    for verdict in body.verdicts
                ),
                picture_sha256=body.picture_sha256,
            )
