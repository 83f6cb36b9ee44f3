"""Records as points: fills, emptyings, snapshots and their verdicts.

Tags come from the registry alone: what names a device or zone that it does not have is refused, so
no sender can make series without end. The time is the device's ``observed_at``, which with the tags
is the record's identity: writing it again changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from domain.checks import InvalidValueError
from domain.devices import Camera, Device
from domain.places import Place
from domain.ports.registry import Registry
from domain.records import MeasurementQuality, Record
from domain.registry import RegistrySnapshot
from ingest.fresh_records import FreshRecords
from ingest.influx.lines import line
from ingest.influx.refusals import PointRefusal, RefusedPoint
from ingest.influx.source import Lines, Page
from ingest.instants import to_us
from ingest.ports.encoded_feed import EncodedRecordFeed
from wire.records import (
    EmptiedBody,
    FillBody,
    RecordBody,
    VerdictBody,
    VerdictsBody,
    encode_record,
)

PICTURE_PATH = "/pictures/"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DECODER = msgspec.json.Decoder(RecordBody)
_PAGE_DECODER = msgspec.json.Decoder(list[RecordBody])
_ENCODER = msgspec.json.Encoder()

_FILL_OBJECT = b"{kind=fill,"
_FROM_JSON = bytes.maketrans(b":", b"=")
_WORDS_AND_FLAGS = (
    # With the names: long patterns are found sooner.
    *((f"quality={word}".encode(), f'quality="{word}"'.encode()) for word in MeasurementQuality),
    *(
        (f"{flag}={word}".encode(), f"{flag}={number}".encode())
        for flag in ("cover_open", "out_of_position")
        for word, number in (("true", 1), ("false", 0))
    ),
)


_ROWS_AT_ONCE = 250
"""Records decoded together: so few die young, before the garbage collector counts them, and stay in
the cache (measured: 2.4 microseconds a row, with 5,000 at once 3.9).
"""


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
        self._heads: tuple[RegistrySnapshot | None, dict[str, bytes]] = None, {}

    def read(self, *, after: int, limit: int) -> Page | None:
        """Return the points of up to ``limit`` records behind ``after``; None: there are none.

        It ends early once it has as many points: a snapshot alone may have 65. Of fresh records
        there may be more where one commit has more.
        """
        lines: list[bytes] = []
        refused: list[RefusedPoint] = []
        entries, through = 0, after
        registry = self._registry.current()
        if self._heads[0] is not registry:
            self._heads = registry, {}
        while entries < limit and len(lines) < limit:
            read = self._next(after=through, most=limit - entries, refused=refused)
            if read is None:
                break
            count, through, bodies = read
            for first in range(0, len(bodies), _ROWS_AT_ONCE):
                page = bodies[first : first + _ROWS_AT_ONCE]
                told = lines_of_bodies(page, registry, self._heads[1])
                lines += told.lines
                refused += told.refused
            entries += count
        if not entries:
            return None
        return Page(entries=entries, through=through, told=Lines(lines=lines, refused=refused))

    def _next(
        self, *, after: int, most: int, refused: list[RefusedPoint]
    ) -> tuple[int, int, Sequence[RecordBody]] | None:
        """Return how many entries follow, the position of the last, and what they say."""
        fresh = self._fresh.take(after=after, most=most)
        if fresh.records:
            return len(fresh), fresh.through, [_body_of(record) for record in fresh.records]
        limit = self._fresh.missing(after=after, most=min(most, _ROWS_AT_ONCE))
        rows = self._feed.read_encoded(after=after, limit=limit)
        if not rows:
            return None
        return len(rows), rows[-1][0], _decoded([record for _, record in rows], refused)

    def newest_position(self) -> int:
        """Return the position of the journal's newest entry, 0 when there is none."""
        return self._feed.newest_position()


def lines_of_records(records: Sequence[bytes], registry: RegistrySnapshot) -> Lines:
    """Return the points of encoded records."""
    refused: list[RefusedPoint] = []
    told = lines_of_bodies(_decoded(records, refused), registry, {})
    return Lines(lines=told.lines, refused=[*refused, *told.refused])


def lines_of_bodies(
    bodies: Sequence[RecordBody], registry: RegistrySnapshot, heads: dict[str, bytes]
) -> Lines:
    """Return the points of decoded records; see :func:`fill_lines` for ``heads``."""
    lines: list[bytes] = []
    refused: list[RefusedPoint] = []
    fills: list[RecordBody] = []
    for body in bodies:
        is_fill = isinstance(body.values, FillBody)
        if is_fill and body.device_id in heads:
            fills.append(body)
            continue
        device = registry.device(body.device_id)
        if device is None:
            refused.append(_refused(PointRefusal.UNKNOWN_DEVICE, body.device_id, body))
        elif is_fill:
            heads[body.device_id] = _head(device)
            fills.append(body)
        else:
            _add_other(body, device, registry.places[device.place_id], lines, refused)
    return Lines(lines=fill_lines(fills, heads) + lines, refused=refused)


def _body_of(record: Record | RecordBody) -> RecordBody:
    return _DECODER.decode(encode_record(record)) if isinstance(record, Record) else record


def _decoded(records: Sequence[bytes], refused: list[RefusedPoint]) -> Sequence[RecordBody]:
    try:
        # One call for the page: half the cost of one a record.
        return _PAGE_DECODER.decode(b"[" + b",".join(records) + b"]")
    except msgspec.DecodeError:
        return list(_decoded_singly(records, refused))


def _decoded_singly(records: Sequence[bytes], refused: list[RefusedPoint]) -> Iterator[RecordBody]:
    for record in records:
        try:
            yield _DECODER.decode(record)
        except msgspec.DecodeError as error:
            reason = PointRefusal.UNREADABLE_RECORD
            refused.append(RefusedPoint(reason=reason, detail=str(error), content=record))


def fill_lines(bodies: Sequence[RecordBody], heads: Mapping[str, bytes]) -> list[bytes]:
    """Return the points of fill readings; ``heads`` has how those of each device begin.

    Printing numbers is most of a line's cost, so msgspec prints the JSON of all readings in one
    call. Without its quotes, with "=" for ":", and one word quoted again it is line protocol: a
    reading has numbers, flags and that word, no text that could hold any of these characters.
    """
    if not bodies:
        return []
    text = _ENCODER.encode([body.values for body in bodies]).translate(_FROM_JSON, b'"')
    for old, new in _WORDS_AND_FLAGS:
        text = text.replace(old, new)
    readings = text[1 + len(_FILL_OBJECT) : -2].split(b"}," + _FILL_OBJECT)
    delays = _numbers([(body.gateway_at - body.observed_at).total_seconds() for body in bodies])
    stamps = _numbers([(body.observed_at - _EPOCH) // _MICROSECOND for body in bodies])
    begins = [heads[body.device_id] for body in bodies]
    return [
        b"%bgateway_delay_s=%b,%b %b000" % point
        for point in zip(begins, delays, readings, stamps, strict=True)
    ]


def _head(device: Device) -> bytes:
    return f"fill,device_id={device.device_id},place_id={device.place_id} ".encode()


def _numbers(numbers: Sequence[float]) -> list[bytes]:
    return _ENCODER.encode(numbers)[1:-1].split(b",")


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
