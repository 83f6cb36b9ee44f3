"""One suite over the measures, real and fake."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain.checks import InvalidValueError
from domain.measures import (
    HourlyLevel,
    LatestLevel,
    LevelHours,
    coverage_by_unit,
    hours_by_place,
    latest_by_place,
    rank_areas,
)
from domain.places import AreaKind
from domain.ports.measures import Measures
from domain.records import (
    CameraHealth,
    FillReading,
    MeasurementQuality,
    Record,
    SnapshotVerdicts,
)
from domain.registry import RegistrySnapshot
from ingest.measures import SqliteMeasures
from ingest.series import SqliteSeries
from tests.fakes.influx_rig import InfluxSeries
from tests.fakes.ingest_samples import (
    CAMERA,
    emptied_record,
    fill_record,
    sample_registry,
    sensor_id,
    verdicts_record,
)
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import START
from tests.fakes.memory_measures import MemoryMeasures
from tests.fakes.memory_record_feed import MemoryRecordFeed

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FIRST_HOUR = START.replace(minute=0)
TUESDAY, WEDNESDAY, THURSDAY = date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5)
MIDNIGHT = datetime(2026, 3, 3, 16, tzinfo=UTC)
"""The end of Tuesday in Shanghai."""

Kept = tuple[Measures, Callable[..., None]]


@pytest.fixture(params=["sqlite", "memory", "influxdb"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """Give measures and a way to add records to them."""
    if request.param == "memory":
        memory = MemoryMeasures()
        yield memory, memory.add
        return
    if request.param == "influxdb":
        with InfluxSeries(request.getfixturevalue("influx"), tmp_path) as influx_series:
            yield influx_series.measures, influx_series.add
        return
    series = SqliteSeries(tmp_path / "series.db")
    measures = SqliteMeasures(tmp_path / "series.db")
    feed = MemoryRecordFeed()
    yield (
        measures,
        lambda *records: series.append(stretch_of([feed.append_record(r) for r in records])),
    )
    measures.close()
    series.close()


def reading(
    quality: MeasurementQuality, level: float | None, *, at: datetime, number: int = 0
) -> Record:
    values = FillReading(measurement_quality=quality, filling_level=level)
    return Record(device_id=sensor_id(number), observed_at=at, gateway_at=at, values=values)


def snapshot(health: CameraHealth, *, at: datetime) -> Record:
    values = SnapshotVerdicts(camera_health=health, verdicts=())
    return Record(device_id=CAMERA, observed_at=at, gateway_at=at, values=values)


def test_the_latest_level_is_that_of_the_newest_reading_whatever_its_quality(kept: Kept) -> None:
    measures, add = kept
    add(
        fill_record(0),
        fill_record(0, at=START + MINUTE, level=0.7),
        fill_record(0, at=START - MINUTE),
    )
    add(reading(MeasurementQuality.REJECTED, None, at=START, number=1), emptied_record(2))
    assert measures.latest_levels() == {
        sensor_id(0): LatestLevel(
            observed_at=START + MINUTE,
            measurement_quality=MeasurementQuality.ACCEPTED,
            filling_level=0.7,
        ),
        sensor_id(1): LatestLevel(
            observed_at=START,
            measurement_quality=MeasurementQuality.REJECTED,
            filling_level=None,
        ),
    }


def test_hours_take_the_devices_of_a_place_together(kept: Kept) -> None:
    measures, add = kept
    add(fill_record(0, level=0.2), fill_record(1, level=0.4), fill_record(2, level=0.9))
    add(fill_record(0, at=START + 29 * MINUTE, level=0.6), fill_record(1, at=START + 3 * HOUR))
    add(reading(MeasurementQuality.SUSPICIOUS, 0.99, at=START + MINUTE))
    hours = measures.hourly_levels(
        [sensor_id(0), sensor_id(1), "sensor-unknown"], since=FIRST_HOUR, until=START + 9 * HOUR
    )
    assert [(hour.hour, hour.accepted) for hour in hours] == [
        (FIRST_HOUR, 3),
        (FIRST_HOUR + 3 * HOUR, 1),
    ]
    assert hours[0].mean == pytest.approx(0.4, abs=1e-6)
    assert (hours[0].lowest, hours[0].highest) == (0.2, 0.6)
    assert isinstance(hours[0], HourlyLevel)


def test_hours_begin_from_since_until_before_until(kept: Kept) -> None:
    measures, add = kept
    add(*(fill_record(0, at=FIRST_HOUR + n * HOUR) for n in range(5)))

    def begins(since: datetime, until: datetime) -> list[datetime]:
        hours = measures.hourly_levels([sensor_id(0)], since=since, until=until)
        return [hour.hour for hour in hours]

    second, third = FIRST_HOUR + HOUR, FIRST_HOUR + 2 * HOUR
    assert begins(second, FIRST_HOUR + 3 * HOUR) == [second, third]
    assert begins(FIRST_HOUR + MINUTE, third + MINUTE) == [second, third]
    assert begins(third, second) == []
    assert list(measures.hourly_levels([], since=FIRST_HOUR, until=third)) == []


def test_hours_above_a_level_are_shares_of_the_hours_readings(kept: Kept) -> None:
    measures, add = kept
    add(
        *(fill_record(0, at=START + n * MINUTE, level=level) for n, level in enumerate((0.8, 0.79)))
    )
    add(fill_record(0, at=START + HOUR, level=1.4), fill_record(1, level=0.1))
    add(reading(MeasurementQuality.SUSPICIOUS, 0.95, at=START + 2 * HOUR), verdicts_record())

    def above(percent: int) -> dict[str, LevelHours]:
        return dict(measures.level_hours(percent, since=TUESDAY, until=WEDNESDAY))

    low = LevelHours(above=0.0, measured=1)
    assert above(80) == {sensor_id(0): LevelHours(above=1.5, measured=2), sensor_id(1): low}
    assert above(75)[sensor_id(0)].above == 2.0
    assert above(100)[sensor_id(0)].above == 1.0
    assert above(0)[sensor_id(1)].above == 1.0


def test_days_end_at_midnight_in_the_district(kept: Kept) -> None:
    measures, add = kept
    add(fill_record(0, at=MIDNIGHT - MINUTE, level=0.9), fill_record(0, at=MIDNIGHT, level=0.9))
    add(fill_record(0, at=MIDNIGHT + HOUR, level=0.2))
    tuesday = measures.level_hours(80, since=TUESDAY, until=WEDNESDAY)
    wednesday = measures.level_hours(80, since=WEDNESDAY, until=THURSDAY)
    both = measures.level_hours(80, since=TUESDAY, until=THURSDAY)
    assert tuesday == {sensor_id(0): LevelHours(above=1.0, measured=1)}
    assert wednesday == {sensor_id(0): LevelHours(above=1.0, measured=2)}
    assert both == {sensor_id(0): LevelHours(above=2.0, measured=3)}
    assert measures.level_hours(80, since=THURSDAY, until=THURSDAY) == {}


def test_hours_above_a_level_are_the_same_asked_from_below(kept: Kept) -> None:
    measures, add = kept
    levels = (0.2, 0.49, 0.5, 0.97, 0.7, 0.1, 0.7)
    add(*(fill_record(0, at=START + n * HOUR, level=level) for n, level in enumerate(levels)))
    add(*(fill_record(1, at=START + n * MINUTE, level=0.1 * n) for n in range(3)))
    told = {
        percent: measures.level_hours(percent, since=TUESDAY, until=THURSDAY)
        for percent in range(0, 101, 5)
    }
    assert {hours[sensor_id(0)].measured for hours in told.values()} == {7}
    above = {percent: hours[sensor_id(0)].above for percent, hours in told.items()}
    assert [above[percent] for percent in (0, 10, 20, 45, 50, 55, 95, 100)] == [
        7,
        7,
        6,
        5,
        4,
        3,
        1,
        0,
    ]
    thirds = [told[percent][sensor_id(1)].above for percent in (0, 10, 20, 25)]
    assert thirds == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert thirds[-1] == 0.0


def test_months_far_apart_are_added_up(kept: Kept) -> None:
    measures, add = kept
    days = [TUESDAY + timedelta(days=far) for far in (0, 91, 92, 184, 300, 365)]
    add(*(fill_record(0, at=START + (day - TUESDAY), level=0.9) for day in days))
    year = TUESDAY + timedelta(days=366)
    for percent in (30, 90):
        told = measures.level_hours(percent, since=TUESDAY, until=year)
        assert told == {sensor_id(0): LevelHours(above=6.0, measured=6)}
    assert measures.usable_hours(since=TUESDAY, until=year) == {sensor_id(0): 6}
    assert measures.usable_hours(since=TUESDAY, until=days[-1]) == {sensor_id(0): 5}


def test_days_without_an_accepted_reading_do_not_count_as_measured(kept: Kept) -> None:
    measures, add = kept
    was_a_camera = replace(snapshot(CameraHealth.OK, at=START), device_id=sensor_id(0))
    add(was_a_camera, replace(was_a_camera, observed_at=START + HOUR))
    add(fill_record(0, at=START + 24 * HOUR, level=0.9), fill_record(1, level=0.9))
    add(reading(MeasurementQuality.REJECTED, 0.9, at=START + 24 * HOUR, number=1))
    once = LevelHours(above=1.0, measured=1)
    for percent in (40, 85):
        told = measures.level_hours(percent, since=TUESDAY, until=THURSDAY)
        assert told == {sensor_id(0): once, sensor_id(1): once}
    usable = measures.usable_hours(since=TUESDAY, until=THURSDAY)
    assert usable == {sensor_id(0): 3, sensor_id(1): 1}


def test_a_level_between_two_steps_is_refused(kept: Kept) -> None:
    measures, _ = kept
    for percent in (82, -5, 105):
        with pytest.raises(InvalidValueError):
            measures.level_hours(percent, since=TUESDAY, until=WEDNESDAY)


def test_only_hours_that_say_something_are_observed(kept: Kept) -> None:
    measures, add = kept
    add(fill_record(0), fill_record(0, at=START + MINUTE), fill_record(0, at=START + HOUR))
    add(reading(MeasurementQuality.REJECTED, 0.4, at=START, number=1))
    add(snapshot(CameraHealth.DARK, at=START), snapshot(CameraHealth.OK, at=START + MINUTE))
    add(snapshot(CameraHealth.BLOCKED, at=START + HOUR), fill_record(2, at=START + 48 * HOUR))
    assert measures.usable_hours(since=TUESDAY, until=WEDNESDAY) == {
        sensor_id(0): 2,
        sensor_id(1): 0,
        CAMERA: 1,
    }


def test_late_readings_count_where_they_belong(kept: Kept) -> None:
    measures, add = kept
    add(fill_record(0, level=0.9), fill_record(0, at=START + 24 * HOUR, level=0.1))
    add(fill_record(0, at=START + 10 * MINUTE, level=0.1), fill_record(0, level=0.3))
    (hour,) = measures.hourly_levels([sensor_id(0)], since=FIRST_HOUR, until=START + HOUR)
    assert (hour.accepted, hour.lowest, hour.highest) == (2, 0.1, 0.9)
    assert measures.level_hours(80, since=TUESDAY, until=WEDNESDAY) == {
        sensor_id(0): LevelHours(above=0.5, measured=1)
    }


def test_nothing_measured_is_nothing_told(kept: Kept) -> None:
    measures, _ = kept
    assert measures.latest_levels() == {}
    assert list(measures.hourly_levels([sensor_id(0)], since=START, until=START + HOUR)) == []
    assert measures.level_hours(80, since=TUESDAY, until=WEDNESDAY) == {}
    assert measures.usable_hours(since=TUESDAY, until=WEDNESDAY) == {}


def district_of_three_places() -> RegistrySnapshot:
    """Return a registry in which the samples' sensors stand at three places of two units."""
    one = sample_registry(sensors=5)
    place, unit = one.places["place-1"], one.units["unit-1"]
    back = replace(place, place_id="place-2", area_kind=AreaKind.BACK_ALLEY, subdistrict_id="sub-2")
    silent = replace(place, place_id="place-3", unit_id="unit-2", subdistrict_id="sub-3")
    places = {each.place_id: each for each in (place, back, silent)}
    at = dict(
        zip(one.sensors, ("place-1", "place-1", "place-2", "place-2", "place-3"), strict=True)
    )
    return replace(
        one,
        places=places,
        units={"unit-1": unit, "unit-2": replace(unit, unit_id="unit-2")},
        subdistricts={
            f"sub-{n}": replace(one.subdistricts["sub-1"], subdistrict_id=f"sub-{n}")
            for n in (1, 2, 3)
        },
        containers={
            f"bin-{device_id}": replace(
                one.containers["bin-1"], container_id=f"bin-{device_id}", place_id=place_id
            )
            for device_id, place_id in at.items()
        },
        sensors={
            device_id: replace(sensor, place_id=at[device_id], container_id=f"bin-{device_id}")
            for device_id, sensor in one.sensors.items()
        },
    )


def some_days_of(dice: random.Random) -> list[Record]:
    """Return records of four sensors and the camera over three days, some of them late."""
    qualities = [*([MeasurementQuality.ACCEPTED] * 5), *MeasurementQuality]
    records = []
    for _ in range(400):
        at = START + dice.randrange(72 * 60) * MINUTE
        if dice.random() < 0.1:
            records.append(snapshot(dice.choice(list(CameraHealth)), at=at))
            continue
        quality = dice.choice(qualities)
        level = None if dice.random() < 0.05 else round(dice.random() * 1.1, 3)
        if quality is MeasurementQuality.ACCEPTED and level is None:
            quality = MeasurementQuality.REJECTED
        records.append(reading(quality, level, at=at, number=dice.randrange(4)))
    return records


def test_what_people_ask_of_a_district_is_answered_alike_by_all(kept: Kept) -> None:
    measures, add = kept
    registry, records = district_of_three_places(), some_days_of(random.Random(11))
    add(*records)
    plain = MemoryMeasures(*records)
    since, until = date(2026, 3, 2), date(2026, 3, 7)

    def added_up(asked: Measures) -> tuple[object, object, list[tuple[str, int, int]]]:
        hours = asked.level_hours(80, since=since, until=until)
        ranked = rank_areas(hours, registry, lambda place: place.subdistrict_id)
        usable = asked.usable_hours(since=since, until=until)
        return (
            latest_by_place(asked.latest_levels(), registry),
            coverage_by_unit(usable, registry, hours_due=5 * 24),
            [(area.area, area.places, area.hours.measured) for area in ranked],
        )

    told = added_up(measures)
    assert told == added_up(plain)
    assert told[2][-1] == ("sub-3", 1, 0)
    for percent in (0, 50, 80, 100):
        mine = measures.level_hours(percent, since=since, until=until)
        theirs = plain.level_hours(percent, since=since, until=until)
        by_place, expected = hours_by_place(mine, registry), hours_by_place(theirs, registry)
        for place_id, hours in expected.items():
            assert by_place[place_id].above == pytest.approx(hours.above)
            assert by_place[place_id].measured == hours.measured
    for place_id in registry.places:
        sensors = [sensor.device_id for sensor in registry.sensors_at[place_id]]
        mean = measures.hourly_levels(sensors, since=START - HOUR, until=START + 80 * HOUR)
        expected_mean = plain.hourly_levels(sensors, since=START - HOUR, until=START + 80 * HOUR)
        assert [(hour.hour, hour.accepted) for hour in mean] == [
            (hour.hour, hour.accepted) for hour in expected_mean
        ]
        assert [hour.mean for hour in mean] == pytest.approx(
            [hour.mean for hour in expected_mean], abs=1e-6
        )


def test_a_series_that_does_not_exist_yet_has_no_measures(tmp_path: Path) -> None:
    measures = SqliteMeasures(tmp_path / "series.db")
    assert measures.latest_levels() == {}
    assert measures.usable_hours(since=TUESDAY, until=WEDNESDAY) == {}
    measures.close()
