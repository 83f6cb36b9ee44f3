"""What rounds count for and against devices and gateways, as other processes read it."""

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.device_quality import DataQuality, DeviceQuality, GatewayQuality
from domain.records import Record
from ingest.device_quality import SqliteDeviceQualities
from ingest.inbox import Arrival
from ingest.reasons import RefusalReason, Suspicion
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import (
    BOOT,
    CAMERA,
    GATEWAY,
    OTHER_GATEWAY,
    batch,
    emptied_record,
    fill_record,
    sensor_id,
    series_of_records,
)
from tests.fakes.manual_clock import START
from wire.acks import Ack
from wire.pictures import PictureMessage, encode_picture

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[IngestRig]:
    with IngestRig(tmp_path) as rig:
        yield rig


@pytest.fixture
def qualities(rig: IngestRig) -> Iterator[SqliteDeviceQualities]:
    opened = SqliteDeviceQualities(rig.path)
    yield opened
    opened.close()


def _pass(rig: IngestRig, time: timedelta) -> None:
    rig.clock.advance(seconds=time.total_seconds())


class _Sequences:
    """Sends records one after the other under the next sequence."""

    def __init__(self, rig: IngestRig) -> None:
        self._rig, self._next = rig, 1

    def send(self, *records: Record) -> None:
        items = {self._next + n: record for n, record in enumerate(records)}
        self._next += len(records)
        self._rig.receive(batch(items))


def quality_of(
    qualities: SqliteDeviceQualities, rig: IngestRig, device_id: str = sensor_id(0)
) -> DeviceQuality:
    device = rig.registry.current().device(device_id)
    assert device is not None
    return qualities.of_devices([device], until=rig.clock.now())[device_id]


def test_before_anything_is_heard_every_device_is_unknown(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    for device_id in (sensor_id(0), CAMERA):
        quality = quality_of(qualities, rig, device_id)
        assert quality.state is DataQuality.UNKNOWN
        assert quality.coverage.ratio is None
        assert quality.clock_ahead is None
    assert qualities.of_gateways(until=rig.clock.now()) == {}


def test_a_journal_that_is_not_there_or_of_an_older_schema_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    nothing = SqliteDeviceQualities(path)
    assert nothing.of_gateways(until=START) == {}
    connection = sqlite3.connect(path)
    golden = Path(__file__).parents[2] / "golden" / "journal_1.sql"
    connection.executescript(golden.read_text(encoding="utf-8"))
    connection.close()
    assert nothing.of_gateways(until=START) == {}
    nothing.close()


def test_refusals_are_counted_by_reason_against_the_device_they_name(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    ancient, future = datetime(1970, 1, 1, tzinfo=UTC), START + HOUR
    records: dict[int, Record | bytes] = {
        1: fill_record(at=ancient),
        2: fill_record(at=future),
        3: fill_record(at=future + MINUTE),
        4: emptied_record(1),
        5: fill_record(device_id="sensor-999"),
        6: b"{",
    }
    rig.receive(batch(records))
    rig.receive(batch({1: fill_record(0)}, gateway_id=OTHER_GATEWAY), gateway_id=OTHER_GATEWAY)
    quality = quality_of(qualities, rig)
    assert quality.refused == {
        "observed_before_2020": 1,
        "observed_in_future": 2,
        "foreign_gateway": 1,
    }
    assert quality.state is DataQuality.FLAWED
    gateway = qualities.of_gateways(until=rig.clock.now())[GATEWAY]
    assert gateway.refused == {"unknown_device": 1, "unreadable_record": 1}
    assert rig.counted("refused_total", reason="observed_in_future") == 2


def test_every_reason_is_a_metric_from_the_start(rig: IngestRig) -> None:
    text = {
        sample.labels.get("reason") for m in rig.metrics.refused.collect() for sample in m.samples
    }
    assert {str(reason) for reason in RefusalReason} <= text
    suspicions = {
        sample.labels.get("reason")
        for m in rig.metrics.suspicious.collect()
        for sample in m.samples
    }
    assert {str(reason) for reason in Suspicion} <= suspicions


def test_a_conflict_counts_against_its_device_and_a_duplicate_does_not(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    rig.receive(batch({1: fill_record()}))
    rig.receive(batch({2: fill_record()}))
    rig.receive(batch({3: fill_record(level=0.9)}))
    assert quality_of(qualities, rig).refused == {"conflict": 1}


def test_late_records_are_counted_once_however_often_they_come(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    late = [fill_record(at=START - n * HOUR) for n in (1, 2, 3)]
    rig.receive(batch({1: late[0], 2: late[1], 3: late[2]}))
    rig.receive(batch({4: late[0]}), batch({1: late[0]}))
    quality = quality_of(qualities, rig)
    assert quality.late == 3
    assert quality.refused == {}


def test_an_emptying_that_empties_nothing_is_refused(rig: IngestRig) -> None:
    wrong = b'{"v":1,"device_id":"sensor-000","observed_at":"2026-03-02T22:30:00Z",'
    wrong += b'"gateway_at":"2026-03-02T22:30:00Z","values":{"kind":"emptied",'
    wrong += b'"level_before":0.2,"level_after":0.9}}'
    rig.receive(batch({1: wrong}))
    assert [letter.reason for letter in rig.letters()] == ["implausible_emptying"]


def test_a_spike_is_kept_and_counted_as_suspicious(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    levels = (0.2, 0.9, 0.2)
    records = {
        n: fill_record(at=START + n * MINUTE, level=level)
        for n, level in enumerate(levels, start=1)
    }
    rig.receive(batch(records))
    assert len(rig.records()) == 3
    assert quality_of(qualities, rig).suspicious == {"level_spike": 1}
    assert rig.counted("suspicious_total", reason="level_spike") == 1


def test_a_flood_is_refused_beyond_its_limit_in_one_letter_that_counts(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    flood = [fill_record(at=START + timedelta(milliseconds=n)) for n in range(500)]
    (ack,) = rig.receive(batch(dict(enumerate(flood, start=1))))
    assert ack == (GATEWAY, Ack(boot_id=BOOT, through=500))
    (letter,) = rig.letters()
    refused = 500 - len(rig.records())
    assert (letter.reason, letter.times) == ("rate_exceeded", refused)
    assert 200 <= len(rig.records()) < 300
    assert quality_of(qualities, rig).refused == {"rate_exceeded": refused}
    rig.receive(batch({501: fill_record(1)}))
    assert rig.records()[-1].device_id == sensor_id(1)


def test_gaps_lost_and_missing_sequences_are_the_gateways(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    records = series_of_records(4)
    rig.receive(batch({1: records[0], 4: records[1]}))
    now = rig.clock.now()
    gap = GatewayQuality(gaps=1, missing=2)
    assert qualities.of_gateways(until=now)[GATEWAY] == gap
    rig.receive(batch({5: records[2], 6: records[3]}, oldest=3))
    _pass(rig, MINUTE)
    lost = GatewayQuality(gaps=1, missing=1, lost=1)
    assert qualities.of_gateways(until=rig.clock.now())[GATEWAY] == lost
    assert rig.counted("sequence_gaps_total") == 1
    assert rig.counted("lost_sequences_total") == 1


def test_hours_without_a_word_are_due_but_not_observed(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    sequences = _Sequences(rig)
    for hour in range(10):
        if hour not in {4, 5}:
            sequences.send(fill_record(at=rig.clock.now()))
        _pass(rig, HOUR)
    coverage = quality_of(qualities, rig).coverage
    assert (coverage.due, coverage.observed) == (10, 8)
    assert quality_of(qualities, rig).state is DataQuality.FLAWED
    assert quality_of(qualities, rig, sensor_id(1)).coverage.observed == 0
    assert quality_of(qualities, rig, sensor_id(1)).state is DataQuality.UNKNOWN


def test_a_backlog_that_comes_late_fills_the_hours_it_was_observed_in(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    sequences = _Sequences(rig)
    sequences.send(fill_record())
    _pass(rig, 12 * HOUR)
    sequences.send(*(fill_record(at=START + n * HOUR) for n in range(1, 12)))
    quality = quality_of(qualities, rig)
    assert (quality.coverage.due, quality.coverage.observed) == (12, 12)
    assert quality.state is DataQuality.GOOD


def test_a_clock_that_is_behind_shows_after_some_hours_whatever_the_way_took(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    sequences = _Sequences(rig)
    for hour in range(6):
        now = rig.clock.now()
        waited = 3 * MINUTE if hour == 2 else timedelta(seconds=1)
        at = now - 6 * MINUTE - waited
        sequences.send(fill_record(at=at, gateway_at=now))
        _pass(rig, HOUR)
    quality = quality_of(qualities, rig)
    assert quality.clock_ahead == -(6 * MINUTE + timedelta(seconds=1))
    assert quality.skewed


def test_a_clock_so_far_ahead_that_all_is_refused_is_still_told(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    sequences = _Sequences(rig)
    for _ in range(4):
        now = rig.clock.now()
        sequences.send(fill_record(at=now + 2 * HOUR, gateway_at=now))
        _pass(rig, HOUR)
    assert quality_of(qualities, rig).clock_ahead == 2 * HOUR
    assert quality_of(qualities, rig).coverage.observed == 0


def test_after_a_day_a_refusal_is_forgotten_and_after_the_retention_it_is_gone(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    rig.receive(batch({1: fill_record(), 2: fill_record(at=START + HOUR)}))
    _pass(rig, timedelta(days=1, hours=1))
    assert quality_of(qualities, rig).refused == {}
    _pass(rig, timedelta(days=15))
    rig.journal.trim(before=rig.clock.now() - timedelta(days=14), through=99, most=99)
    connection = sqlite3.connect(rig.path)
    for table in ("quality_counts", "device_hours"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608  our own names
    connection.close()


def test_a_round_that_fails_counts_nothing(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    connection = rig.sqlite
    connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    bad_and_good = batch({1: fill_record(device_id="sensor-999"), 2: fill_record()})
    with pytest.raises(sqlite3.IntegrityError):
        rig.receive(bad_and_good)
    connection.execute("DROP TRIGGER full")
    rig.receive(bad_and_good)
    gateway = qualities.of_gateways(until=rig.clock.now())[GATEWAY]
    assert gateway.refused == {"unknown_device": 1}


def test_a_refused_picture_counts_against_its_camera(
    rig: IngestRig, qualities: SqliteDeviceQualities
) -> None:
    jpeg = b"\xff\xd8not looked into here\xff\xd9"
    message = PictureMessage(
        gateway_id=GATEWAY,
        device_id=CAMERA,
        observed_at=START + HOUR,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        jpeg=jpeg,
    )
    rig.rounds.run([], [Arrival(GATEWAY, encode_picture(message))])
    assert quality_of(qualities, rig, CAMERA).refused == {"observed_in_future": 1}
