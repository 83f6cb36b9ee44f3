"""Records whose readings are checked while they are decoded, and stay what the decoder made.

Building a domain record of each reading and checking it there costs eight times as much as decoding
it. Ingest needs the domain's value of few: those it refuses, and those that are no readings.
"""

from collections.abc import Sequence
from datetime import UTC
from typing import Annotated

from msgspec import DecodeError, Meta, json

from domain.records import MeasurementQuality, Record
from wire.errors import UnreadablePayloadError
from wire.records import (
    MAX_RECORD_BYTES,
    EmptiedBody,
    FillBody,
    RecordBody,
    VerdictsBody,
    read_record_body,
    record_of,
)
from wire.strict_json import read_json


class CheckedFill(
    FillBody,
    forbid_unknown_fields=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="kind",
    tag="fill",
    gc=False,
):
    """Values that :class:`domain.records.FillReading` takes, under the same names.

    The bounds are the domain's; a property test compares the two.
    """

    measurement_quality: MeasurementQuality
    filling_level: Annotated[float, Meta(ge=0, le=3)] | None = None
    distance_mm: Annotated[float, Meta(ge=0, le=20_000)] | None = None
    temperature_c: Annotated[float, Meta(ge=-60, le=300)] | None = None
    battery_v: Annotated[float, Meta(ge=0, le=60)] | None = None
    battery_ratio: Annotated[float, Meta(ge=0, le=1)] | None = None
    cover_open: bool | None = None
    out_of_position: bool | None = None
    rssi_dbm: Annotated[float, Meta(ge=-200, le=20)] | None = None


class CheckedRecord(RecordBody, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A record as it was decoded. Of a reading the values are checked, its id and times are not."""

    values: CheckedFill | EmptiedBody | VerdictsBody


_DECODER = json.Decoder(CheckedRecord)


def decode_checked(payloads: Sequence[bytes]) -> Sequence[RecordBody | UnreadablePayloadError]:
    """Return for each payload what it says; a batch costs less.

    :func:`wire.records.record_of` makes the domain's record of it, or says what is wrong. Only of
    a :class:`CheckedRecord` with a :class:`CheckedFill` that has an id of the registry and UTC
    times it need not be asked.
    """
    if any([b"\n" in payload for payload in payloads]):  # noqa: C419  a generator costs more
        return [_one(payload) for payload in payloads]
    return decode_lines(payloads)


def decode_lines(lines: Sequence[bytes]) -> Sequence[RecordBody | UnreadablePayloadError]:
    """Do what :func:`decode_checked` does with payloads that hold no line break, as in a batch."""
    if not lines:
        return []
    return _all_at_once(lines) or [_one(line) for line in lines]


def decode_told(payloads: Sequence[bytes]) -> list[Record | CheckedRecord]:
    """Return records that were accepted once: readings as they were decoded, others as records.

    Raises :class:`UnreadablePayloadError` for the first that was not written by this program.
    """
    told: list[Record | CheckedRecord] = []
    for body in decode_checked(payloads):
        if isinstance(body, UnreadablePayloadError):
            raise body
        if type(body) is CheckedRecord and is_plain_reading(body):
            told.append(body)
        else:
            told.append(record_of(body))
    return told


def is_plain_reading(body: CheckedRecord) -> bool:
    """Tell whether these are checked values with UTC times: a reading, if its device is known."""
    return (
        type(body.values) is CheckedFill
        and body.observed_at.tzinfo is UTC
        and body.gateway_at.tzinfo is UTC
    )


def _all_at_once(lines: Sequence[bytes]) -> list[CheckedRecord] | None:
    """Decode all in one call; None where one of them has to be looked at alone.

    As many values as lines: then each line was one value, since on a line nothing may follow a
    value.
    """
    text = b"\n".join(lines)
    if len(text) > MAX_RECORD_BYTES and max(map(len, lines)) > MAX_RECORD_BYTES:
        return None
    try:
        bodies = _DECODER.decode_lines(text)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return bodies if len(bodies) == len(lines) else None


def _one(payload: bytes) -> RecordBody | UnreadablePayloadError:
    try:
        return read_json(_DECODER, payload, most_bytes=MAX_RECORD_BYTES)
    except UnreadablePayloadError:
        pass
    try:
        # What the domain refuses it names itself: its words are in dead letters since the start.
        return read_record_body(payload)
    except UnreadablePayloadError as error:
        return error
