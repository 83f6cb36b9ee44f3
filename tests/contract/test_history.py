"""One suite over the histories, real and fake."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import ingest.reading_blocks
import ingest.series
from domain.ports.history import History
from domain.problems import ProblemClass
from domain.records import (
    CameraHealth,
    FillReading,
    MeasurementQuality,
    Record,
    RecordKind,
    SnapshotVerdicts,
    Verdict,
    VerdictState,
)
from ingest.history import SqliteHistory
from ingest.series import SqliteSeries
from tests.fakes.influx_rig import InfluxSeries
from tests.fakes.ingest_samples import (
    CAMERA,
    emptied_record,
    fill_record,
    sensor_id,
    verdicts_record,
)
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import START
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.sealed_series import seal_all_days

MINUTE = timedelta(minutes=1)
AGES = {"since": START - 60 * MINUTE, "until": START + 60 * MINUTE}

Kept = tuple[History, Callable[..., None]]


@pytest.fixture(params=["sqlite", "blocks", "sealed", "memory", "influxdb"])
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kept]:
    """Give a history and a way to add records to it."""
    if request.param == "memory":
        memory = MemoryHistory()

        def add(*records: Record) -> None:
            for record in records:
                memory.add(record)

        yield memory, add
        return
    if request.param == "influxdb":
        with InfluxSeries(request.getfixturevalue("influx"), tmp_path) as influx_series:
            yield influx_series.history, influx_series.add
        return
    if request.param == "blocks":
        monkeypatch.setattr(ingest.series, "_BACKLOG", 1)
        monkeypatch.setattr(ingest.reading_blocks, "_FEWEST", 1)
    series = SqliteSeries(tmp_path / "series.db")
    history = SqliteHistory(tmp_path / "series.db")
    feed = MemoryRecordFeed()

    def append(*records: Record) -> None:
        series.append(stretch_of([feed.append_record(record) for record in records]))
        if request.param == "sealed":
            seal_all_days(series)

    yield history, append
    history.close()
    series.close()


def test_latest_is_the_newest_of_each_device_by_kind(kept: Kept) -> None:
    history, add = kept
    newer = fill_record(0, at=START + MINUTE)
    add(fill_record(0), newer, fill_record(0, at=START - MINUTE), fill_record(1))
    add(emptied_record(1), verdicts_record())
    assert history.latest(RecordKind.FILL) == {sensor_id(0): newer, sensor_id(1): fill_record(1)}
    assert history.latest(RecordKind.EMPTIED) == {sensor_id(1): emptied_record(1)}
    assert history.latest(RecordKind.VERDICTS) == {CAMERA: verdicts_record()}


def test_readings_come_by_time_from_since_until_before_until(kept: Kept) -> None:
    history, add = kept
    add(*(fill_record(0, at=START + n * MINUTE, level=n / 10) for n in (3, 1, 2, 0)))
    add(fill_record(1, at=START + MINUTE))
    readings = history.fill(sensor_id(0), since=START + MINUTE, until=START + 3 * MINUTE)
    assert [at for at, _ in readings] == [START + MINUTE, START + 2 * MINUTE]
    assert [reading.filling_level for _, reading in readings] == [0.1, 0.2]


def test_a_reading_comes_back_as_it_was_and_absent_stays_absent(kept: Kept) -> None:
    history, add = kept
    full = FillReading(
        measurement_quality=MeasurementQuality.SUSPICIOUS,
        filling_level=1.2,
        distance_mm=30.0,
        temperature_c=-12.5,
        battery_v=3.6,
        battery_ratio=0.8,
        cover_open=True,
        out_of_position=False,
        rssi_dbm=-97.0,
    )
    bare = FillReading(measurement_quality=MeasurementQuality.REJECTED)
    for minutes, values in enumerate((full, bare)):
        at = START + minutes * MINUTE
        add(Record(device_id=sensor_id(0), observed_at=at, gateway_at=at, values=values))
    assert [reading for _, reading in history.fill(sensor_id(0), **AGES)] == [full, bare]


def test_emptyings_and_verdicts_are_whole_records_by_time(kept: Kept) -> None:
    history, add = kept
    later_verdicts = verdicts_record(at=START + MINUTE, picture_sha256="ab" * 32)
    add(emptied_record(at=START + MINUTE), emptied_record(), later_verdicts, verdicts_record())
    add(fill_record())
    assert list(history.emptyings(sensor_id(0), **AGES)) == [
        emptied_record(),
        emptied_record(at=START + MINUTE),
    ]
    assert list(history.verdicts(CAMERA, **AGES)) == [verdicts_record(), later_verdicts]


def test_verdicts_come_back_whole_and_in_their_order(kept: Kept) -> None:
    history, add = kept
    bare = Verdict(
        zone_id="ground",
        problem_class=ProblemClass.SCATTERED_LITTER,
        state=VerdictState.UNKNOWN,
        score=0.0,
    )
    full = Verdict(
        zone_id="ground",
        problem_class=ProblemClass.BAGGED_WASTE_ON_GROUND,
        state=VerdictState.PRESENT,
        score=0.85,
        reasons=("new_objects", "not_in_reference"),
        boxes=((0.1, 0.2, 0.3, 0.4), (0.0, 1.0, 0.25, 1 / 3)),
    )
    records = [
        Record(
            device_id=CAMERA,
            observed_at=START + minutes * MINUTE,
            gateway_at=START + minutes * MINUTE + timedelta(microseconds=1_234_567),
            values=SnapshotVerdicts(
                camera_health=CameraHealth.OK, verdicts=verdicts, picture_sha256=picture
            ),
        )
        for minutes, verdicts, picture in (
            (0, (full, bare), "cd" * 32),
            (1, (bare, full), None),
            (2, (bare,), "ef" * 32),
        )
    ]
    add(*records)
    assert list(history.verdicts(CAMERA, **AGES)) == records
    assert history.latest(RecordKind.VERDICTS) == {CAMERA: records[-1]}


def test_the_first_record_of_an_identity_stays(kept: Kept) -> None:
    history, add = kept
    add(fill_record(level=0.3))
    add(fill_record(level=0.7))
    assert [r.filling_level for _, r in history.fill(sensor_id(0), **AGES)] == [0.3]
    levels = [r.values for r in history.latest(RecordKind.FILL).values()]
    assert levels == [fill_record(level=0.3).values]


def test_an_unknown_device_has_no_history(kept: Kept) -> None:
    history, _ = kept
    assert list(history.fill(sensor_id(9), **AGES)) == []
    assert list(history.emptyings(sensor_id(9), **AGES)) == []
    assert list(history.verdicts(sensor_id(9), **AGES)) == []


def test_a_series_that_does_not_exist_yet_has_nothing_to_tell(tmp_path: Path) -> None:
    history = SqliteHistory(tmp_path / "series.db")
    assert history.latest(RecordKind.FILL) == {}
    assert history.fill(sensor_id(0), **AGES) == []
    history.close()
