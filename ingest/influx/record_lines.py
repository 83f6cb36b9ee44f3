"""Records as points: fills, emptyings, snapshots and their verdicts.

Tags come from the registry alone: what names a device or zone that it does not have is refused, so
no sender can make series without end. The time is the device's ``observed_at``, which with the tags
is the record's identity: writing it again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import msgspec

from domain.checks import InvalidValueError
from domain.devices import Camera, Device
from domain.places import Place
from domain.ports.registry import Registry
from domain.records import Record
from domain.registry import RegistrySnapshot
from ingest.fresh_records import FreshRecords
from ingest.influx.fill_lines import FEW, Heads, are_fills, fill_lines, head_of
from ingest.influx.lines import line
from ingest.influx.refusals import PointRefusal, RefusedPoint
from ingest.influx.source import Lines, Page, joined
from ingest.instants import to_us
from ingest.ports.encoded_feed import EncodedRecordFeed
from ingest.stretch import Stretch
from wire.checked_records import CheckedRecord
from wire.errors import UnreadablePayloadError
from wire.records import (
    EmptiedBody,
    FillBody,
    RecordBody,
    VerdictBody,
    VerdictsBody,
    encode_record,
    read_record_body,
)

PICTURE_PATH = "/pictures/"

_DECODER = msgspec.json.Decoder(list[CheckedRecord])
_ENCODER = msgspec.json.Encoder()

_ROWS_AT_ONCE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Records as they were decoded, with the time of each, and what could not be read."""

    bodies: Sequence[RecordBody]
    observed_us: Sequence[int]
    refused: Sequence[RefusedPoint] = ()


class RecordLines:
    """Fulfils ``ingest.influx.source.LineSource`` over the journal.

    What lies right behind the cursor in ``fresh`` is taken from there, the rest from the journal.
    """

    def __init__(
        self,
        *,
        feed: EncodedRecordFeed,
        registry: Registry,
        fresh: FreshRecords | None = None,
    ) -> None:
        self._feed = feed
        self._registry = registry
        self._fresh = fresh or FreshRecords()
        self._heads: tuple[RegistrySnapshot | None, Heads] = None, {}

    def read(self, *, after: int, limit: int) -> Page | None:
        """Return the points of up to ``limit`` records behind ``after``; None: there are none.

        It ends early once it has as many points: a snapshot alone may have 65. Of fresh records
        there may be more where one commit has more.
        """
        parts: list[Lines] = []
        entries, through = 0, after
        registry = self._registry.current()
        if self._heads[0] is not registry:
            self._heads = registry, {}
        while entries < limit and sum(part.count for part in parts) < limit:
            read = self._next(after=through, most=limit - entries)
            if read is None:
                break
            count, through, records = read
            parts += lines_of(records, registry, self._heads[1])
            entries += count
        if not entries:
            return None
        return Page(entries=entries, through=through, told=joined(parts))

    def _next(self, *, after: int, most: int) -> tuple[int, int, Decoded] | None:
        """Return how many entries follow, the position of the last, and what they say."""
        fresh = self._fresh.take(after=after, most=most)
        if fresh.records:
            return len(fresh), fresh.through, _decoded_already(fresh)
        limit = self._fresh.missing(after=after, most=min(most, _ROWS_AT_ONCE))
        rows = self._feed.read_encoded(after=after, limit=limit)
        if not rows:
            return None
        return len(rows), rows[-1][0], _decoded([record for _, record in rows])

    def newest_position(self) -> int:
        """Return the position of the journal's newest entry, 0 when there is none."""
        return self._feed.newest_position()


def lines_of_records(records: Sequence[bytes], registry: RegistrySnapshot) -> Lines:
    """Return the points of encoded records."""
    return joined(lines_of(_decoded(records), registry, {}))


def lines_of(records: Decoded, registry: RegistrySnapshot, heads: Heads) -> list[Lines]:
    """Return the points of decoded records; ``heads`` gains devices that it did not have."""
    parts = [Lines(refused=records.refused)]
    for first in range(0, len(records.bodies), FEW):
        bodies = records.bodies[first : first + FEW]
        observed_us = records.observed_us[first : first + FEW]
        if are_fills(bodies) and {body.device_id for body in bodies} <= heads.keys():
            text = fill_lines(bodies, observed_us, heads)
            parts.append(Lines(text=text, count=len(bodies)))
        else:
            parts.append(_lines_of_all_kinds(bodies, observed_us, registry, heads))
    return parts


def _lines_of_all_kinds(
    bodies: Sequence[RecordBody],
    observed_us: Sequence[int],
    registry: RegistrySnapshot,
    heads: Heads,
) -> Lines:
    lines: list[bytes] = []
    refused: list[RefusedPoint] = []
    fills: list[RecordBody] = []
    fills_us: list[int] = []
    for body, at_us in zip(bodies, observed_us, strict=True):
        device = registry.device(body.device_id)
        if device is None:
            refused.append(_refused(PointRefusal.UNKNOWN_DEVICE, body.device_id, body))
        elif isinstance(body.values, FillBody):
            if body.device_id not in heads:
                heads[body.device_id] = head_of(device)
            fills.append(body)
            fills_us.append(at_us)
        else:
            _add_other(body, device, registry.places[device.place_id], lines, refused)
    text = fill_lines(fills, fills_us, heads)
    return joined([Lines(text=text, count=len(fills)), Lines.of(lines, refused)])


def _decoded_already(fresh: Stretch) -> Decoded:
    records = fresh.records
    if Record in set(map(type, records)):
        bodies: Sequence[RecordBody] = [_body_of(record) for record in records]
    else:
        bodies = cast("Sequence[RecordBody]", records)
    return Decoded(bodies=bodies, observed_us=fresh.observed_us)


def _body_of(record: Record | RecordBody) -> RecordBody:
    return read_record_body(encode_record(record)) if isinstance(record, Record) else record


def _decoded(records: Sequence[bytes]) -> Decoded:
    bodies: list[RecordBody] = []
    refused: list[RefusedPoint] = []
    for first in range(0, len(records), FEW):
        few = records[first : first + FEW]
        try:
            # One call for all: half the cost of one a record.
            bodies += _DECODER.decode(b"[" + b",".join(few) + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError):
            bodies += _decoded_singly(few, refused)
    observed_us = [to_us(body.observed_at) for body in bodies]
    return Decoded(bodies=bodies, observed_us=observed_us, refused=refused)


def _decoded_singly(records: Sequence[bytes], refused: list[RefusedPoint]) -> list[RecordBody]:
    bodies: list[RecordBody] = []
    for record in records:
        try:
            bodies.append(read_record_body(record))
        except UnreadablePayloadError as error:
            reason = PointRefusal.UNREADABLE_RECORD
            refused.append(RefusedPoint(reason=reason, detail=str(error), content=record))
    return bodies


def _add_other(
    body: RecordBody,
    device: Device,
    place: Place,
    lines: list[bytes],
    refused: list[RefusedPoint],
) -> None:
    try:
        match body.values:
            case EmptiedBody() as emptied:
                lines.append(_emptied_line(body, emptied, device, place))
            case VerdictsBody() as snapshot:
                lines.append(_snapshot_line(body, snapshot, device))
                _add_verdicts(body, snapshot, device, lines, refused)
    except InvalidValueError as error:
        refused.append(_refused(PointRefusal.INVALID_VALUE, str(error), body))


def _emptied_line(body: RecordBody, emptied: EmptiedBody, device: Device, place: Place) -> bytes:
    return line(
        "emptied",
        _tags(device) | {"subdistrict_id": place.subdistrict_id},
        {
            "gateway_delay_s": _delay_s(body),
            "level_after": emptied.level_after,
            "level_before": emptied.level_before,
            "place": place.name.zh,
            "place_en": place.name.en or place.name.zh,
        },
        _at_ns(body),
    )


def _snapshot_line(body: RecordBody, snapshot: VerdictsBody, device: Device) -> bytes:
    return line(
        "snapshot",
        _tags(device),
        {
            "camera_health": snapshot.camera_health,
            "gateway_delay_s": _delay_s(body),
            "picture": _picture(snapshot),
        },
        _at_ns(body),
    )


def _add_verdicts(
    body: RecordBody,
    snapshot: VerdictsBody,
    device: Device,
    lines: list[bytes],
    refused: list[RefusedPoint],
) -> None:
    zones = {zone.zone_id for zone in device.zones} if isinstance(device, Camera) else set()
    for number, verdict in enumerate(snapshot.verdicts):
        if verdict.zone_id not in zones:
            refused.append(_refused(PointRefusal.UNKNOWN_ZONE, verdict.zone_id, body))
            continue
        tags = _tags(device) | {
            "problem_class": verdict.problem_class,
            "zone_id": verdict.zone_id,
        }
        fields = _verdict_fields(number, verdict) | {"picture": _picture(snapshot)}
        lines.append(line("verdict", tags, fields, _at_ns(body)))


def _verdict_fields(number: int, verdict: VerdictBody) -> dict[str, float | str | None]:
    # The number keeps the order of a snapshot's verdicts; boxes have no text in their JSON.
    return {
        "boxes": _ENCODER.encode(verdict.boxes).decode() if verdict.boxes else None,
        "number": number,
        "reasons": ",".join(verdict.reasons) or None,
        "score": verdict.score,
        "state": verdict.state,
    }


def _picture(snapshot: VerdictsBody) -> str | None:
    sha256 = snapshot.picture_sha256
    return None if sha256 is None else PICTURE_PATH + sha256


def _tags(device: Device) -> dict[str, str]:
    return {"device_id": device.device_id, "place_id": device.place_id}


def _delay_s(body: RecordBody) -> float:
    return (body.gateway_at - body.observed_at).total_seconds()


def _at_ns(body: RecordBody) -> int:
    return to_us(body.observed_at) * 1000


def _refused(reason: PointRefusal, detail: str, body: RecordBody) -> RefusedPoint:
    return RefusedPoint(reason=reason, detail=detail, content=_ENCODER.encode(body))
