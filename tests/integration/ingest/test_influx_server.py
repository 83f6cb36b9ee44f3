"""The writers against a real InfluxDB 2: what it takes and refuses, and what happens in trouble."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.records import Record
from ingest.influx.buckets import BucketNames
from ingest.influx.deliveries import SqliteDeliveries, read_refused
from ingest.influx.delivery import deliver
from ingest.influx.history import InfluxHistory
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.record_lines import RecordLines
from ingest.influx.refusals import PointRefusal
from ingest.influx.server import InfluxAdministration, InfluxError, InfluxServer
from ingest.influx.service import InfluxFeed, InfluxService
from ingest.influx.set_up import TokenRole, apply_set_up, plan_set_up, works
from tests.fakes.influx_rig import REGISTRY, new_bucket, new_writer
from tests.fakes.ingest_samples import fill_record, sensor_id, series_of_records
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.memory_registry import MemoryRegistry
from tests.influx_server import RunningInflux, start_influx

DAY_S = 86_400
AGES = {"since": START - timedelta(days=900), "until": START + timedelta(days=900)}


def feed_of(*records: Record) -> MemoryRecordFeed:
    feed = MemoryRecordFeed()
    for record in records:
        feed.append_record(record)
    return feed


def source_of(feed: MemoryRecordFeed) -> RecordLines:
    return RecordLines(feed=feed, registry=MemoryRegistry(REGISTRY))


@pytest.fixture
def server(influx: RunningInflux) -> Iterator[InfluxServer]:
    connected = InfluxServer(influx.address())
    yield connected
    connected.close()


@pytest.fixture
def deliveries(tmp_path: Path) -> Iterator[SqliteDeliveries]:
    opened = SqliteDeliveries(tmp_path / "influx.db")
    yield opened
    opened.close()


def levels(server: InfluxServer, bucket: str, number: int = 0) -> list[float | None]:
    history = InfluxHistory(server, bucket=bucket)
    return [reading.filling_level for _, reading in history.fill(sensor_id(number), **AGES)]


def test_writing_twice_is_writing_once(
    influx: RunningInflux, server: InfluxServer, deliveries: SqliteDeliveries
) -> None:
    bucket = new_bucket(influx)
    feed = feed_of(*series_of_records(6_000))
    writer = new_writer(source_of(feed), server, deliveries, bucket=bucket)
    assert (writer.step(), writer.step()) == (6_000, 0)
    once = levels(server, bucket)
    writer.begin_anew()
    while writer.step():
        pass
    assert len(once) == 1_500
    assert levels(server, bucket) == once


def test_a_point_of_another_type_costs_only_itself(
    influx: RunningInflux, server: InfluxServer, deliveries: SqliteDeliveries, tmp_path: Path
) -> None:
    bucket = new_bucket(influx)
    at_ns = int(START.timestamp()) * 10**9
    # As if another program had written this field as a string into this bucket.
    server.write(bucket, b'fill,device_id=sensor-002,place_id=place-1 distance_mm="x" %d' % at_ns)
    feed = feed_of(*series_of_records(3), fill_record(3))
    writer = new_writer(source_of(feed), server, deliveries, bucket=bucket)
    writer.step()
    refused = read_refused(tmp_path / "influx.db", limit=10)
    assert {letter.reason for letter in refused} == {PointRefusal.TYPE_CONFLICT}
    assert writer.position() == 4
    assert len(refused) == 4  # a field has one type in a whole shard, and all four have this field


def test_points_beyond_the_retention_are_dead_letters_and_the_rest_is_in(
    influx: RunningInflux, server: InfluxServer, deliveries: SqliteDeliveries, tmp_path: Path
) -> None:
    bucket = new_bucket(influx, kept_s=90 * DAY_S)
    now = datetime.now(UTC).replace(microsecond=0)
    records = [fill_record(0, at=now - timedelta(days=days)) for days in (200, 100, 80, 1, 0)]
    writer = new_writer(source_of(feed_of(*records)), server, deliveries, bucket=bucket)
    writer.step()
    refused = read_refused(tmp_path / "influx.db", limit=10)
    assert [letter.reason for letter in refused] == [PointRefusal.BEYOND_RETENTION] * 2
    history = InfluxHistory(server, bucket=bucket)
    kept = history.fill(sensor_id(0), since=now - timedelta(days=300), until=now + timedelta(1))
    assert [at for at, _ in kept] == [record.observed_at for record in records[2:]]


def test_only_the_unparsable_line_of_a_body_is_lost(
    influx: RunningInflux, server: InfluxServer
) -> None:
    bucket = new_bucket(influx)
    at_ns = int(START.timestamp()) * 10**9
    lines = [
        b'fill,device_id=sensor-000 gateway_delay_s=1,measurement_quality="accepted" %d'
        % (at_ns + n)
        for n in range(300)
    ]
    lines[123] = b"fill,device_id=sensor-000 level=NaN 5"
    requests: list[int] = []

    def write(body: bytes) -> None:
        requests.append(body.count(b"\n") + 1)
        server.write(bucket, body)

    (refused,) = deliver(write, b"\n".join(lines))
    assert (refused.content, refused.reason) == (lines[123], PointRefusal.UNPARSABLE_LINE)
    assert len(levels(server, bucket)) == 299
    assert len(requests) <= 1 + 9 + 1


@pytest.fixture
def own_influx(tmp_path: Path) -> Iterator[RunningInflux]:
    """A server that the test may stop."""
    running = start_influx(tmp_path / "own-influx")
    yield running
    running.stop()


def running_service(
    influx: RunningInflux, folder: Path, feed: MemoryRecordFeed, *, bucket: str, token: str
) -> tuple[InfluxService, InfluxServer]:
    server = InfluxServer(influx.address(token))
    service = InfluxService(
        feeds=(InfluxFeed(name="records", bucket=bucket, source=source_of(feed)),),
        sink=server,
        path=folder / "influx.db",
        clock=ManualClock(),
        rng=random.Random(1),
        metrics=InfluxMetrics(CollectorRegistry()),
    )
    service.start()
    return service, server


def wait_for(condition: Callable[[], bool], *, within_s: float = 10) -> None:
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        threading.Event().wait(0.02)


def test_a_server_killed_and_started_again_lacks_nothing(
    own_influx: RunningInflux, tmp_path: Path
) -> None:
    bucket = new_bucket(own_influx)
    records = series_of_records(400)
    feed = feed_of(*records[:200])
    service, server = running_service(
        own_influx, tmp_path, feed, bucket=bucket, token=own_influx.address().token
    )
    try:
        wait_for(lambda: service.position("records") == 200)
        own_influx.stop(signal.SIGKILL)
        for record in records[200:]:
            feed.append_record(record)
        wait_for(lambda: service.writers["records"].sink.trouble != "")
        assert service.position("records") == 200
        assert service.readiness() == {}
        own_influx.start()
        wait_for(lambda: service.position("records") == 400)
        assert sum(len(levels(server, bucket, number)) for number in range(4)) == 400
    finally:
        service.stop()
        server.close()


@pytest.mark.parametrize("fault", ["token", "bucket"])
def test_a_wrong_token_or_bucket_is_named_and_writes_nothing(
    influx: RunningInflux, tmp_path: Path, fault: str
) -> None:
    bucket = "no-such-bucket" if fault == "bucket" else new_bucket(influx)
    token = "wrong" if fault == "token" else influx.address().token
    service, server = running_service(
        influx, tmp_path, feed_of(fill_record()), bucket=bucket, token=token
    )
    try:
        wait_for(lambda: bool(service.readiness()))
        expected = "404: bucket" if fault == "bucket" else "401: unauthorized access"
        assert expected in service.readiness()["influxdb"]
        assert service.position("records") == 0
    finally:
        service.stop()
        server.close()


def test_set_up_makes_what_is_missing_once_with_tokens_of_least_rights(
    influx: RunningInflux,
) -> None:
    names = BucketNames(raw="set-up-raw", hourly="set-up-hourly", daily="set-up-daily")
    new_bucket(influx)
    administration = InfluxAdministration(influx.address())
    administration.make_bucket(names.raw, kept_s=30 * DAY_S)
    plan = plan_set_up(administration, names, held=frozenset())
    assert plan.steps == [
        "make bucket set-up-hourly, kept for 1830 days",
        "make bucket set-up-daily, kept for 1830 days",
        "change bucket set-up-raw: kept for 30 days now, then 90 days",
        "make token 'huanwei writer of set-up-raw' that may only write these buckets",
        "make token 'huanwei reader of set-up-raw' that may only read these buckets",
    ]
    made = apply_set_up(administration, plan)
    addresses = {role: influx.address(token) for role, token in made.items()}
    assert all(works(addresses[role], role, names) for role in TokenRole)
    assert not works(addresses[TokenRole.READER], TokenRole.WRITER, names)
    assert not works(addresses[TokenRole.WRITER], TokenRole.READER, names)
    assert not works(influx.address("invented"), TokenRole.WRITER, names)
    again = plan_set_up(administration, names, held=frozenset(TokenRole))
    assert again.steps == []
    lost = plan_set_up(administration, names, held=frozenset({TokenRole.READER}))
    assert lost.steps == [
        f"{plan.steps[3]} (ends the old one, which we do not hold)",
    ]
    apply_set_up(administration, lost)
    assert not works(addresses[TokenRole.WRITER], TokenRole.WRITER, names)
    administration.close()


def test_set_up_without_the_right_to_it_says_so(influx: RunningInflux) -> None:
    administration = InfluxAdministration(influx.address("wrong"))
    with pytest.raises(InfluxError, match="401"):
        plan_set_up(administration, BucketNames(), held=frozenset())
    administration.close()
