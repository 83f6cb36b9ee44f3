"""Files of older versions, built from committed SQL, become files of today in one step."""

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain.records import FillReading, MeasurementQuality, RecordKind
from ingest import series_schema
from ingest.history import SqliteHistory
from ingest.journal_schema import OtherSchemaError
from ingest.rollup_feed import SqliteRollupFeed
from ingest.series import SqliteSeries
from tests.fakes.ingest_samples import CAMERA, fill_record, sensor_id
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.memory_record_feed import MemoryRecordFeed

OLD_FILES = Path(__file__).parents[2] / "golden"
EVER = {
    "since": datetime(2020, 1, 1, tzinfo=UTC),
    "until": datetime(2030, 1, 1, tzinfo=UTC),
}


def old_file(tmp_path: Path, version: int) -> Path:
    path = tmp_path / "series.db"
    connection = sqlite3.connect(path)
    connection.executescript((OLD_FILES / f"series_{version}.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


def test_a_file_of_schema_1_keeps_all_it_had_and_gets_its_rollups(tmp_path: Path) -> None:
    path = old_file(tmp_path, 1)
    series = SqliteSeries(path)
    assert series.cursor() == 9
    series.close()
    history = SqliteHistory(path)
    assert [reading for _, reading in history.fill(sensor_id(0), **EVER)][1] == FillReading(
        measurement_quality=MeasurementQuality.ACCEPTED,
        filling_level=0.75,
        distance_mm=612.5,
        temperature_c=21.5,
        battery_v=3.6,
        battery_ratio=0.9,
        cover_open=False,
        out_of_position=False,
        rssi_dbm=-97.0,
    )
    qualities = [reading.measurement_quality for _, reading in history.fill(sensor_id(1), **EVER)]
    assert qualities == [MeasurementQuality.SUSPICIOUS, MeasurementQuality.REJECTED]
    assert len(history.verdicts(CAMERA, **EVER)) == len(history.emptyings(sensor_id(0), **EVER))
    assert history.latest(RecordKind.FILL).keys() == {sensor_id(0), sensor_id(1)}
    history.close()
    feed = SqliteRollupFeed(path)
    days = {(r.device_id, r.day): r for r in feed.daily(after=0, limit=99)}
    first_day, second_day = date(2026, 3, 3), date(2026, 3, 4)
    assert days[sensor_id(0), first_day].levels.mean == 0.625
    assert days[sensor_id(0), second_day].emptyings == 1
    assert days[sensor_id(1), first_day].usable == 0
    assert days[CAMERA, first_day].usable == 1
    assert len(feed.hourly(after=0, limit=99)) == 5
    feed.close()


def test_an_upgraded_file_gives_room_back_in_steps(tmp_path: Path) -> None:
    path = old_file(tmp_path, 1)
    SqliteSeries(path).close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    connection.close()


def test_an_upgrade_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_file(tmp_path, 1)

    def fail(*_: object) -> None:
        msg = "killed here"
        raise OSError(msg)

    with monkeypatch.context() as broken:
        broken.setattr(series_schema, "fold_days", fail)
        with pytest.raises(OSError, match="killed here"):
            SqliteSeries(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert "hourly" not in tables
    connection.close()
    series = SqliteSeries(path)
    assert series.cursor() == 9
    series.close()


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "series.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(OtherSchemaError, match="99"):
        SqliteSeries(path)


def test_a_file_of_schema_2_keeps_its_sealed_days(tmp_path: Path) -> None:
    path = old_file(tmp_path, 3)
    connection = sqlite3.connect(path)
    connection.executescript((OLD_FILES / "series_2_from_3.sql").read_text(encoding="utf-8"))
    connection.close()
    check_what_schema_3_had(path)


@pytest.mark.parametrize("version", [3, 4])
def test_a_file_of_schema_3_or_4_keeps_rows_sealed_days_and_rollups(
    tmp_path: Path, version: int
) -> None:
    check_what_schema_3_had(old_file(tmp_path, version))


@pytest.mark.parametrize("version", [1, 3, 4])
def test_who_reads_an_old_file_waits_until_it_is_brought_up_to_date(
    tmp_path: Path, version: int
) -> None:
    path = old_file(tmp_path, version)
    history = SqliteHistory(path)
    assert (history.latest(RecordKind.FILL), history.fill(sensor_id(0), **EVER)) == ({}, [])
    SqliteSeries(path).close()
    assert history.latest(RecordKind.FILL).keys() == {sensor_id(0), sensor_id(1)}
    assert history.fill(sensor_id(0), **EVER)
    history.close()


@pytest.mark.parametrize("version", [1, 3, 4])
def test_an_old_file_takes_a_backlog_in_blocks(tmp_path: Path, version: int) -> None:
    path = old_file(tmp_path, version)
    series = SqliteSeries(path)
    feed = MemoryRecordFeed()
    start = datetime(2026, 3, 5, 16, tzinfo=UTC)
    backlog = [fill_record(n % 2, at=start + n * timedelta(minutes=1)) for n in range(1_000)]
    series.append(stretch_of([feed.append_record(record) for record in backlog]))
    assert series._file.connection.execute("SELECT sum(readings) FROM blocks").fetchone() == (
        1_000,
    )
    series.close()
    history = SqliteHistory(path)
    assert len(history.fill(sensor_id(0), since=start, until=EVER["until"])) == 500
    history.close()


def check_what_schema_3_had(path: Path) -> None:
    feed = SqliteRollupFeed(path)
    rollups = (feed.hourly(after=0, limit=99), feed.daily(after=0, limit=99))
    series = SqliteSeries(path)
    assert series.cursor() == 12
    assert series._file.connection.execute("SELECT sum(readings) FROM sealed").fetchone() == (8,)
    series.close()
    assert (feed.hourly(after=0, limit=99), feed.daily(after=0, limit=99)) == rollups
    assert len(rollups[0]) == 12
    feed.close()
    history = SqliteHistory(path)
    readings = [reading for _, reading in history.fill(sensor_id(0), **EVER)]
    assert [reading.filling_level for reading in readings] == [n / 8 for n in range(6)] + [0.1]
    assert readings[1] == FillReading(
        measurement_quality=MeasurementQuality.ACCEPTED,
        filling_level=0.125,
        distance_mm=1175.0,
        temperature_c=21.5,
        battery_v=3.6,
        battery_ratio=0.9,
        cover_open=False,
        out_of_position=True,
        rssi_dbm=-97.0,
    )
    assert readings[-1] == FillReading(
        measurement_quality=MeasurementQuality.ACCEPTED,
        filling_level=0.1,
        distance_mm=1172.5,
        cover_open=False,
    )
    others = [reading.measurement_quality for _, reading in history.fill(sensor_id(1), **EVER)]
    assert others == [MeasurementQuality(word) for word in ("suspicious", "rejected", "accepted")]
    latest = history.latest(RecordKind.FILL)[sensor_id(1)]
    assert latest.gateway_at - latest.observed_at == timedelta(seconds=1)
    assert latest.values == history.fill(sensor_id(1), **EVER)[-1][1]
    assert history.latest(RecordKind.EMPTIED).keys() == {sensor_id(0)}
    assert history.latest(RecordKind.VERDICTS).keys() == {CAMERA}
    history.close()
