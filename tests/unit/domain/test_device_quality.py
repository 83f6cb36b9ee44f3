from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.device_quality import (
    DataQuality,
    DeviceQuality,
    clock_ahead,
    covered_hours,
)
from domain.devices import FillSensor, SensorModel
from domain.measures import Coverage

SECONDS = st.floats(-3_600, 3_600).map(lambda seconds: timedelta(seconds=round(seconds, 3)))
FULL = Coverage(due=24, observed=24)


def sensor(report_interval_s: int) -> FillSensor:
    return FillSensor(
        device_id="sensor-000",
        place_id="place-1",
        container_id="bin-1",
        gateway_id="gateway-1",
        model=SensorModel.HUANWEI_JSON,
        report_interval_s=report_interval_s,
        dead_zone_mm=30,
    )


@given(skew=SECONDS, delays=st.lists(st.floats(0, 2), min_size=3, max_size=24))
def test_the_clock_is_told_to_within_the_shortest_ways(
    skew: timedelta, delays: list[float]
) -> None:
    ahead = clock_ahead(timedelta(seconds=delay) - skew for delay in delays)
    assert ahead is not None
    assert skew - timedelta(seconds=2.001) <= ahead <= skew + timedelta(milliseconds=1)


@given(
    skew=SECONDS,
    sound=st.integers(2, 13),
    wild=st.lists(SECONDS.map(lambda offset: 1_000 * offset), max_size=12),
)
def test_fewer_wild_hours_than_sound_ones_do_not_move_it(
    skew: timedelta, sound: int, wild: list[timedelta]
) -> None:
    wild = wild[: sound - 1]
    ahead = clock_ahead([-skew] * (sound + 1) + wild)
    assert ahead is not None
    assert abs(ahead - skew) < timedelta(milliseconds=1)


def test_two_hours_are_too_few_for_a_clock() -> None:
    assert clock_ahead([timedelta(hours=1)] * 2) is None


@given(
    hours=st.sets(st.integers(-5, 30)),
    interval_s=st.integers(10, 86_400),
    until=st.integers(0, 24),
)
def test_never_more_is_observed_than_was_due(hours: set[int], interval_s: int, until: int) -> None:
    coverage = covered_hours(sensor(interval_s), hours, since=0, until=until)
    assert 0 <= coverage.observed <= coverage.due == until
    assert coverage.observed >= len({hour for hour in hours if 0 <= hour < until})


def test_a_sensor_that_reports_every_four_hours_covers_the_hours_between() -> None:
    sparse = sensor(4 * 3_600)
    assert covered_hours(sparse, range(0, 24, 4), since=0, until=24) == FULL
    assert covered_hours(sparse, [0], since=0, until=24).observed == 6
    assert covered_hours(sensor(300), range(0, 24, 4), since=0, until=24).observed == 6


@pytest.mark.parametrize(
    ("quality", "state"),
    [
        (DeviceQuality(coverage=FULL), DataQuality.GOOD),
        (DeviceQuality(coverage=FULL, late=500), DataQuality.GOOD),
        (DeviceQuality(coverage=Coverage(due=24, observed=22)), DataQuality.GOOD),
        (DeviceQuality(coverage=Coverage(due=24, observed=21)), DataQuality.FLAWED),
        (DeviceQuality(coverage=Coverage(due=24, observed=0)), DataQuality.UNKNOWN),
        (DeviceQuality(coverage=Coverage(due=0, observed=0)), DataQuality.UNKNOWN),
        (DeviceQuality(coverage=FULL, refused={"conflict": 1}), DataQuality.FLAWED),
        (DeviceQuality(coverage=FULL, suspicious={"level_spike": 1}), DataQuality.FLAWED),
        (
            DeviceQuality(coverage=FULL, clock_ahead=timedelta(minutes=4)),
            DataQuality.GOOD,
        ),
        (
            DeviceQuality(coverage=FULL, clock_ahead=timedelta(minutes=-5)),
            DataQuality.FLAWED,
        ),
    ],
)
def test_only_what_is_covered_and_without_a_flaw_is_good(
    quality: DeviceQuality, state: DataQuality
) -> None:
    assert quality.state is state
