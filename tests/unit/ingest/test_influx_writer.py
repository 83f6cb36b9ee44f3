import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.records import FillReading, Record
from ingest.influx.backfill import BackfillStoppedError, backfill
from ingest.influx.deliveries import MOST_DEAD_LETTERS, SqliteDeliveries, read_refused
from ingest.influx.delivery import StoppedError
from ingest.influx.health_lines import HealthLines
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.record_lines import RecordLines, lines_of_records
from ingest.influx.refusals import PointRefusal, RefusedPoint
from ingest.influx.service import InfluxFeed, InfluxService
from ingest.influx.sink import LineSink, SinkBusyError, SinkClosedError
from ingest.influx.source import Lines, Page
from ingest.influx.writer import InfluxWriter
from tests.fakes.influx_rig import REGISTRY, RecordingWait, new_writer
from tests.fakes.ingest_samples import fill_record, series_of_records, verdicts_record
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.memory_sink import MemorySink
from wire.records import encode_record


@pytest.fixture
def deliveries(tmp_path: Path) -> Iterator[SqliteDeliveries]:
    opened = SqliteDeliveries(tmp_path / "influx.db")
    yield opened
    opened.close()


def feed_of(*records: Record) -> MemoryRecordFeed:
    feed = MemoryRecordFeed()
    for record in records:
        feed.append_record(record)
    return feed


def lines_of(*records: Record) -> list[bytes]:
    return list(lines_of_records([encode_record(record) for record in records], REGISTRY).lines)


def writer_of(
    feed: MemoryRecordFeed,
    sink: LineSink,
    deliveries: SqliteDeliveries,
    *,
    wait: RecordingWait | None = None,
    metrics: CollectorRegistry | None = None,
) -> InfluxWriter:
    source = RecordLines(feed=feed, registry=MemoryRegistry(REGISTRY))
    return new_writer(source, sink, deliveries, wait=wait, metrics=metrics)


def test_what_is_written_is_behind_the_cursor_and_not_written_again(
    deliveries: SqliteDeliveries,
) -> None:
    records = series_of_records(3)
    feed, sink, metrics = feed_of(*records), MemorySink(), CollectorRegistry()
    writer = writer_of(feed, sink, deliveries, metrics=metrics)
    assert (writer.step(), writer.step()) == (3, 0)
    assert sink.written == set(lines_of(*records))
    assert len(sink.bodies) == 1
    assert writer.position() == 3
    counted = metrics.get_sample_value("huanwei_influx_lines_total", {"feed": "records"})
    assert counted == 3


class GrowingSource:
    """Fulfils ``ingest.influx.source.LineSource``: pages of so many entries, a line each.

    ``waiting`` is the newest position; ``asked`` are the positions that were read behind.
    """

    def __init__(self, waiting: int, *, page: int) -> None:
        self.waiting = waiting
        self.asked: list[int] = []
        self._page = page

    def read(self, *, after: int, limit: int) -> Page | None:  # noqa: ARG002  it has its own mind
        self.asked.append(after)
        through = min(after + self._page, self.waiting)
        if through == after:
            return None
        lines = [b"m v=%d" % number for number in range(after, through)]
        return Page(entries=len(lines), through=through, told=Lines.of(lines))

    def newest_position(self) -> int:
        return self.waiting


@pytest.mark.parametrize(("waiting", "asked"), [(149, [0]), (150, [0, 100]), (300, [0, 100])])
def test_the_next_page_is_made_meanwhile_where_half_a_page_more_waits(
    waiting: int, asked: list[int], deliveries: SqliteDeliveries
) -> None:
    source = GrowingSource(waiting, page=100)
    writer = new_writer(source, MemorySink(), deliveries)
    assert writer.step() == 100
    assert source.asked == asked


def test_a_page_is_one_body_unless_it_holds_more_lines_than_a_body_may(
    deliveries: SqliteDeliveries,
) -> None:
    sink = MemorySink()
    assert new_writer(GrowingSource(9_000, page=9_000), sink, deliveries).step() == 9_000
    assert len(sink.bodies) == 1
    other = new_writer(GrowingSource(12_000, page=12_000), sink, deliveries, feed="other")
    assert other.step() == 12_000
    assert [body.count(b"\n") + 1 for body in sink.bodies[1:]] == [10_000, 2_000]
    assert len(sink.written) == 12_000


def test_a_crash_before_the_cursor_moves_writes_the_same_lines_again(
    deliveries: SqliteDeliveries,
) -> None:
    feed = feed_of(*series_of_records(3))
    sink = MemorySink()
    writer_of(feed, sink, deliveries).step()
    deliveries.advance("records", 0, at=START)
    writer_of(feed, sink, deliveries).step()
    assert sink.bodies[0] == sink.bodies[1]


def test_nothing_moves_the_cursor_while_the_server_is_away(deliveries: SqliteDeliveries) -> None:
    sink = MemorySink(failures=[SinkBusyError("503")] * 50)
    writer = writer_of(feed_of(fill_record()), sink, deliveries, wait=RecordingWait(most=5))
    with pytest.raises(StoppedError):
        writer.step()
    assert writer.position() == 0
    assert writer.sink.trouble == "503"


def test_an_offender_is_a_dead_letter_and_the_cursor_passes_it(
    deliveries: SqliteDeliveries, tmp_path: Path
) -> None:
    records = series_of_records(8)
    bad = lines_of(*records)[5]
    metrics = CollectorRegistry()
    sink = MemorySink(unparsable=[bad])
    writer = writer_of(feed_of(*records), sink, deliveries, metrics=metrics)
    assert writer.step() == 8
    assert len(sink.written) == 7
    assert writer.position() == 8
    (letter,) = read_refused(tmp_path / "influx.db", limit=10)
    assert (letter.content, letter.reason) == (bad, PointRefusal.UNPARSABLE_LINE)
    assert (letter.feed, letter.times, letter.first_at) == ("records", 1, START)
    refused = {"reason": "unparsable_line"}
    assert metrics.get_sample_value("huanwei_influx_refused_total", refused) == 1
    written = {"feed": "records"}
    assert metrics.get_sample_value("huanwei_influx_lines_total", written) == 7


def test_what_we_refuse_ourselves_is_kept_as_well(
    deliveries: SqliteDeliveries, tmp_path: Path
) -> None:
    feed = feed_of(fill_record(device_id="sensor-gone"), fill_record(0))
    writer_of(feed, MemorySink(), deliveries).step()
    (letter,) = read_refused(tmp_path / "influx.db", limit=10)
    assert (letter.reason, letter.detail) == (PointRefusal.UNKNOWN_DEVICE, "sensor-gone")
    assert b'"device_id":"sensor-gone"' in letter.content


def test_the_same_letter_again_only_counts(deliveries: SqliteDeliveries, tmp_path: Path) -> None:
    point = RefusedPoint(reason=PointRefusal.REFUSED, detail="why", content=b"m v=1")
    for minutes in range(3):
        at = START + timedelta(minutes=minutes)
        deliveries.advance("records", minutes, [point], at=at)
    (letter,) = read_refused(tmp_path / "influx.db", limit=10)
    assert (letter.times, letter.last_at - letter.first_at) == (3, timedelta(minutes=2))


def test_dead_letters_have_a_bound_and_what_goes_is_counted(deliveries: SqliteDeliveries) -> None:
    points = [
        RefusedPoint(reason=PointRefusal.REFUSED, detail="", content=b"%d" % n)
        for n in range(MOST_DEAD_LETTERS + 3)
    ]
    assert deliveries.advance("records", 1, points, at=START) == 3


def test_another_journal_is_followed_from_its_beginning(deliveries: SqliteDeliveries) -> None:
    deliveries.advance("records", 1_000, at=START)
    sink = MemorySink()
    writer = writer_of(feed_of(fill_record()), sink, deliveries)
    assert writer.step() == 1
    assert writer.position() == 1
    assert len(sink.written) == 1


def test_a_started_writer_follows_and_stops(deliveries: SqliteDeliveries) -> None:
    sink = MemorySink()
    wait = RecordingWait()
    writer = writer_of(feed_of(*series_of_records(4)), sink, deliveries, wait=wait)
    writer.start()
    while writer.position() < 4:
        pass
    writer.stop()
    writer.stop()
    assert len(sink.written) == 4


def service_of(
    folder: Path, feed: MemoryRecordFeed, sink: LineSink, *, ends_when_closed: bool = False
) -> InfluxService:
    source = RecordLines(feed=feed, registry=MemoryRegistry(REGISTRY))
    return InfluxService(
        feeds=(InfluxFeed(name="records", bucket="raw", source=source),),
        sink=sink,
        path=folder / "influx.db",
        clock=ManualClock(),
        rng=random.Random(1),
        metrics=InfluxMetrics(CollectorRegistry()),
        ends_when_closed=ends_when_closed,
    )


def test_a_closed_server_stops_nobody_and_is_named_until_it_opens(tmp_path: Path) -> None:
    sink = MemorySink(failures=[SinkClosedError("401: unauthorized access")] * 1_000)
    service = service_of(tmp_path, feed_of(fill_record()), sink)
    assert service.position("records") == 0
    service.start()
    while not service.readiness():
        pass
    assert "401: unauthorized access" in service.readiness()["influxdb"]
    assert len(sink.bodies) == 1
    service.stop()
    service.stop()
    assert service.position("records") == 0


def test_a_backfill_goes_on_where_it_was_and_begins_anew_when_done(tmp_path: Path) -> None:
    feed = feed_of(*series_of_records(10_000))
    sink = MemorySink()
    told: list[tuple[str, int, int]] = []
    service = service_of(tmp_path, feed, sink, ends_when_closed=True)
    service.open()
    service.writers["records"].step()
    service.stop()
    service = service_of(tmp_path, feed, sink, ends_when_closed=True)
    service.open()
    backfill(service, lambda *progress: told.append(progress))
    assert told == [("records", 10_000, 10_000)]
    assert len(sink.written) == 10_000
    assert service.position("records") == 0
    service.stop()


def test_a_backfill_ends_at_a_closed_door_and_keeps_its_place(tmp_path: Path) -> None:
    feed = feed_of(*series_of_records(9_000))
    sink = MemorySink()
    service = service_of(tmp_path, feed, sink, ends_when_closed=True)
    service.open()
    service.writers["records"].step()
    sink.failures = [SinkClosedError("404: bucket not found")]
    with pytest.raises(BackfillStoppedError, match="404: bucket not found"):
        backfill(service, lambda *_: None)
    assert service.position("records") == 8_000
    service.stop()


def test_the_state_of_every_device_is_told_once_in_ten_minutes() -> None:
    clock = ManualClock(START + timedelta(minutes=11))
    spoken = fill_record(0)
    assert isinstance(spoken.values, FillReading)
    values = replace(spoken.values, battery_ratio=0.9, rssi_dbm=-88)
    history = MemoryHistory(replace(spoken, values=values), verdicts_record())
    source = HealthLines(history=history, registry=MemoryRegistry(REGISTRY), clock=clock)
    page = source.read(after=0, limit=1)
    assert page is not None
    at_ns = int((START + timedelta(minutes=10)).timestamp() * 1e9)
    told = {one.rpartition(b" ")[0].decode() for one in page.told.lines}
    tags, place = "place_id=place-1,subdistrict_id=sub-1", 'place="一号点",place_en="一号点"'
    heard = 'battery_ratio=0.9,ok=1,rssi_dbm=-88,silent_s=600,state="ok"'
    dark = 'camera_health="dark",ok=0,silent_s=600,state="camera_unusable"'
    now = (
        'subdistrict_id=sub-1 battery_ratio=0.9,device_id="sensor-000",ok=1,'
        f'{place},place_id="place-1",rssi_dbm=-88,silent_s=600,state="ok"'
    )
    assert {
        f"device_health,device_id=sensor-000,{tags} {heard}",
        f'device_health,device_id=sensor-001,{tags} ok=0,state="unknown"',
        f"device_health,device_id=camera-1,{tags} {dark}",
        f"device_now,{now}",
    } <= told
    (fleet,) = (one for one in told if one.startswith("fleet,subdistrict_id=sub-1 "))
    assert {
        *("battery_low=0", "battery_lowest=0.9", "camera_unusable=1", "cameras_dark=1"),
        *("cameras_ok=0", "devices=6", "heard=2", "ok=1", "rssi_lowest=-88", "unknown=4"),
    } <= set(fleet.partition(" ")[2].split(","))
    assert len(told) == 13
    stamps = [int(one.rpartition(b" ")[2]) for one in page.told.lines]
    assert {stamp - at_ns for stamp in stamps} == set(range(6))
    assert source.read(after=page.through, limit=1) is None
    clock.advance(minutes=10)
    assert source.read(after=page.through, limit=1) is not None
