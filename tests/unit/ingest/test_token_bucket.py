from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.devices import FillSensor, SensorModel
from ingest.device_watch import DEFAULT_RATE_LIMITS, DeviceWatch, RateLimits
from ingest.instants import to_us
from ingest.token_bucket import TokenBucket
from tests.fakes.manual_clock import START

COSTS = st.integers(1, 10_000)
STEPS = st.lists(st.integers(0, 5_000), min_size=1, max_size=200)
MINUTE_US = 60_000_000
NOW_US = to_us(START)


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


def watch_of(report_interval_s: int, limits: RateLimits = DEFAULT_RATE_LIMITS) -> DeviceWatch:
    watch = DeviceWatch(limits)
    watch.heed(sensor(report_interval_s))
    return watch


@given(steps=STEPS, cost=COSTS, burst=st.integers(1, 20))
def test_never_more_passes_than_was_saved_and_has_come_since(
    steps: list[int], cost: int, burst: int
) -> None:
    bucket, at, passed = TokenBucket(cost, burst * cost), 0, 0
    for step in steps:
        at += step
        passed += bucket.take(at)
    assert passed * cost <= burst * cost + at


@given(steps=STEPS, cost=COSTS)
def test_whoever_keeps_the_rate_always_passes(steps: list[int], cost: int) -> None:
    bucket, at = TokenBucket(cost, cost), 0
    for step in steps:
        at += cost + step
        assert bucket.take(at)


@given(cost=COSTS, burst=st.integers(1, 50), count=st.integers(1, 200))
def test_at_one_moment_exactly_the_burst_passes(cost: int, burst: int, count: int) -> None:
    bucket = TokenBucket(cost, burst * cost)
    assert sum(bucket.take(7) for _ in range(count)) == min(burst, count)


@given(
    interval_s=st.sampled_from([10, 60, 300, 3_600, 86_400]),
    days=st.integers(1, 60),
    seed=st.integers(0, 1_000),
)
def test_a_stored_backlog_passes_at_once_in_whatever_order_it_comes(
    interval_s: int, days: int, seed: int
) -> None:
    count = min(days * 86_400 // interval_s, 2_000)
    observed = [NOW_US - (n + 1) * interval_s * 1_000_000 for n in range(count)]
    Random(seed).shuffle(observed)
    watch = watch_of(interval_s)
    assert all(watch.admits(at_us, NOW_US, late=True) for at_us in observed)


def test_the_longest_backlog_at_the_registered_rate_passes_to_its_last_record() -> None:
    watch = watch_of(300)
    count = timedelta(days=90) // timedelta(minutes=5)
    first_us = NOW_US - count * 5 * MINUTE_US
    assert all(watch.admits(first_us + n * 5 * MINUTE_US, NOW_US, late=True) for n in range(count))


def test_a_device_that_sends_twelve_times_its_rate_passes_for_ever_and_one_beyond_does_not() -> (
    None
):
    def passed(seconds_apart: float, count: int) -> int:
        watch = watch_of(300)
        times = [NOW_US + int(n * seconds_apart * 1_000_000) for n in range(count)]
        return sum(watch.admits(at_us, at_us, late=False) for at_us in times)

    assert passed(25, 3_000) == 3_000
    assert passed(1, 3_000) < 500


def test_a_device_with_a_clock_behind_cannot_flood_under_the_name_of_a_backlog() -> None:
    watch = watch_of(300)
    behind_us = 20 * MINUTE_US
    passed = 0
    for second in range(3_000):
        at_us = NOW_US + second * 1_000_000
        passed += watch.admits(at_us - behind_us, at_us, late=True)
    assert passed < 500


def test_jumping_through_the_past_does_not_help_beyond_the_longest_backlog() -> None:
    limits = RateLimits(burst=10, longest_backlog=timedelta(days=1))
    watch = watch_of(300, limits)
    past = [NOW_US - (n % 2 + 1) * 10_000 * MINUTE_US - n for n in range(2_000)]
    assert sum(watch.admits(at_us, NOW_US, late=True) for at_us in past) == 288 + 10


def test_a_shorter_interval_in_the_registry_counts_from_the_next_record() -> None:
    limits = RateLimits(times_registered_rate=1, burst=0)
    watch = DeviceWatch(limits)
    # In twenty minutes' credit there is no room for two hours, but for many seconds there is.
    watch.heed(sensor(7_200))
    assert not watch.admits(NOW_US, NOW_US, late=False)
    watch.heed(sensor(10))
    assert watch.admits(NOW_US, NOW_US, late=False)
