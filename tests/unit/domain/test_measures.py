from dataclasses import replace
from datetime import timedelta

import pytest

from domain.checks import InvalidValueError
from domain.measures import (
    Coverage,
    LatestLevel,
    LevelHours,
    coverage_by_unit,
    hours_by_place,
    latest_by_place,
    level_step,
    rank_areas,
)
from domain.places import AreaKind
from domain.records import MeasurementQuality
from domain.registry import RegistrySnapshot
from tests.fakes.ingest_samples import CAMERA, sample_registry, sensor_id
from tests.fakes.manual_clock import START


@pytest.fixture
def registry() -> RegistrySnapshot:
    """Three places: sensors 0, 1 and a camera at the first, 2 at the second, none at the third."""
    one = sample_registry(sensors=3)
    first = one.places["place-1"]
    second = replace(first, place_id="place-2", area_kind=AreaKind.MAIN_STREET)
    third = replace(first, place_id="place-3", area_kind=AreaKind.URBAN_VILLAGE)
    return replace(
        one,
        places={place.place_id: place for place in (first, second, third)},
        sensors={
            **one.sensors,
            sensor_id(2): replace(one.sensors[sensor_id(2)], place_id="place-2"),
        },
    )


def hours(above: float, measured: int) -> LevelHours:
    return LevelHours(above=above, measured=measured)


def test_the_bins_of_a_place_add_up(registry: RegistrySnapshot) -> None:
    found = hours_by_place(
        {sensor_id(0): hours(2.5, 24), sensor_id(1): hours(1, 20), "sensor-gone": hours(9, 9)},
        registry,
    )
    assert found == {"place-1": hours(3.5, 44), "place-2": hours(0, 0), "place-3": hours(0, 0)}
    assert found["place-2"].share is None


def test_areas_rank_by_share_and_the_unmeasured_come_last(registry: RegistrySnapshot) -> None:
    measured = {sensor_id(0): hours(6, 24), sensor_id(1): hours(0, 24), sensor_id(2): hours(6, 12)}
    ranked = rank_areas(measured, registry, lambda place: place.area_kind)
    assert [(area.area, area.places, area.hours.share) for area in ranked] == [
        (AreaKind.MAIN_STREET, 1, 0.5),
        (AreaKind.BACK_ALLEY, 1, 0.125),
        (AreaKind.URBAN_VILLAGE, 1, None),
    ]


def test_a_silent_device_lowers_the_coverage_of_its_unit(registry: RegistrySnapshot) -> None:
    found = coverage_by_unit({sensor_id(0): 24, CAMERA: 12}, registry, hours_due=24)
    assert found == {"unit-1": Coverage(due=96, observed=36)}
    assert found["unit-1"].ratio == 0.375
    assert coverage_by_unit({}, registry, hours_due=0)["unit-1"].ratio is None


def test_the_newest_reading_of_a_container_speaks_for_it(registry: RegistrySnapshot) -> None:
    def level(minutes: int, value: float) -> LatestLevel:
        return LatestLevel(
            observed_at=START + timedelta(minutes=minutes),
            measurement_quality=MeasurementQuality.ACCEPTED,
            filling_level=value,
        )

    latest = {sensor_id(0): level(1, 0.4), sensor_id(1): level(0, 0.9)}
    found = latest_by_place(latest, registry)
    assert found == {"place-1": {"bin-1": level(1, 0.4)}, "place-2": {}, "place-3": {}}


def test_levels_begin_a_step_or_are_refused() -> None:
    assert [level_step(percent) for percent in (0, 5, 80, 100)] == [0, 1, 16, 20]
    for percent in (-5, 3, 101, 105):
        with pytest.raises(InvalidValueError, match=str(percent)):
            level_step(percent)


def test_a_device_that_speaks_every_six_hours_covers_a_day_with_four(
    registry: RegistrySnapshot,
) -> None:
    seldom = replace(registry.sensors[sensor_id(0)], report_interval_s=6 * 3_600)
    alone = replace(registry, sensors={sensor_id(0): seldom}, cameras={})
    for heard, observed in ((4, 24), (2, 12), (5, 24)):
        found = coverage_by_unit({sensor_id(0): heard}, alone, hours_due=24)
        assert found["unit-1"] == Coverage(due=24, observed=observed)
