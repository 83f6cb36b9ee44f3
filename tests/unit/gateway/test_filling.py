from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records import FillReading, MeasurementQuality
from gateway.filling import FillingLimits, to_reading
from gateway.measurements import Measurement
from tests.fakes.manual_clock import START
from tests.gateway_material import registry_of_site

REGISTRY = registry_of_site("gw-1")
ACCEPTED, SUSPICIOUS, REJECTED = (
    MeasurementQuality.ACCEPTED,
    MeasurementQuality.SUSPICIOUS,
    MeasurementQuality.REJECTED,
)


def reading(
    *distances_mm: float, device_id: str = "sensor-1", told: dict[str, Any] | None = None
) -> FillReading:
    sensor = REGISTRY.sensors[device_id]
    return to_reading(
        Measurement(
            device_id=device_id, observed_at=START, distances_mm=distances_mm, **(told or {})
        ),
        sensor=sensor,
        container=REGISTRY.containers[sensor.container_id],
        limits=FillingLimits(),
    )


@pytest.mark.parametrize(
    ("distance_mm", "level"), [(1_100, 0.0), (600, 0.5), (100, 1.0), (50, 1.05), (1_150, 0.0)]
)
def test_a_distance_becomes_a_level(distance_mm: float, level: float) -> None:
    got = reading(distance_mm)
    assert got.filling_level == pytest.approx(level)
    assert got.measurement_quality is ACCEPTED


def test_the_median_of_the_samples_counts() -> None:
    got = reading(600, 605, 595, 40, 1_050)
    assert (got.distance_mm, got.filling_level) == (600, 0.5)
    assert got.measurement_quality is ACCEPTED


def test_samples_that_disagree_make_a_level_suspicious() -> None:
    got = reading(200, 400, 600, 800, 1_000)
    assert got.measurement_quality is SUSPICIOUS
    assert got.filling_level == 0.5


@pytest.mark.parametrize("distance_mm", [1, 29, 30])
def test_too_close_is_suspicious_and_no_level(distance_mm: float) -> None:
    got = reading(distance_mm)
    assert got.measurement_quality is SUSPICIOUS
    assert (got.filling_level, got.distance_mm) == (None, distance_mm)


@pytest.mark.parametrize("device_id", ["sensor-1", "lora-1"])
@pytest.mark.parametrize("sentinel", [0, 65_535])
def test_a_number_that_says_no_echo_is_no_distance(device_id: str, sentinel: float) -> None:
    got = reading(sentinel, device_id=device_id)
    assert (got.distance_mm, got.filling_level) == (None, None)
    assert got.measurement_quality is SUSPICIOUS


def test_the_samples_with_an_echo_count_among_those_without() -> None:
    assert reading(0, 600, 65_535).filling_level == 0.5


@pytest.mark.parametrize("distance_mm", [1_211, 5_000, 65_534])
def test_an_echo_from_far_below_the_floor_is_rejected(distance_mm: float) -> None:
    got = reading(distance_mm)
    assert (got.measurement_quality, got.filling_level) == (REJECTED, None)


def test_a_frame_without_a_distance_has_no_level_and_is_not_accepted() -> None:
    got = reading(told={"temperature_c": 20})
    assert (got.filling_level, got.temperature_c) == (None, 20)
    assert got.measurement_quality is SUSPICIOUS


@pytest.mark.parametrize("flag", ["cover_open", "out_of_position"])
def test_a_sensor_that_looks_away_is_suspicious(flag: str) -> None:
    assert reading(600, told={flag: True}).measurement_quality is SUSPICIOUS
    assert reading(600, told={flag: False}).measurement_quality is ACCEPTED


@pytest.mark.parametrize(
    "values", [{"temperature_c": -300.0}, {"battery_v": 1e9}, {"rssi_dbm": 99.0}]
)
def test_a_value_out_of_all_physics_is_dropped_and_makes_the_rest_suspicious(
    values: dict[str, float],
) -> None:
    got = reading(600, told=values)
    assert got.measurement_quality is SUSPICIOUS
    assert got.filling_level == 0.5
    assert [getattr(got, field) for field in values] == [None]


numbers = st.none() | st.floats(allow_nan=False)


@given(
    st.lists(st.integers(0, 65_535), max_size=9),
    st.fixed_dictionaries(
        {}, optional={"temperature_c": numbers, "battery_v": numbers, "rssi_dbm": numbers}
    ),
)
def test_every_measurement_becomes_a_reading_and_accepted_means_a_level(
    distances_mm: list[int], values: dict[str, float]
) -> None:
    got = reading(*distances_mm, told=values)
    if got.measurement_quality is ACCEPTED:
        assert got.filling_level is not None
