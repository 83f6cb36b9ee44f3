from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.limits import AlertRules
from alerts.rules.silence import (
    BatteryBand,
    DeviceWatch,
    FeedFlow,
    is_silent,
    silence_limit,
    watch_battery,
)
from alerts.rules.threshold import FillBand, FillWatch, watch_level
from alerts.rules.verdicts import VerdictWatch, watch_verdict
from alerts.working_calendar import NoWorkingTimeError, WorkingCalendar
from domain.records import VerdictState

RULES = AlertRules()
START = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
LEVELS = st.lists(st.floats(0, 1.5), max_size=60)


def _watched(levels: list[float]) -> list[FillWatch]:
    watch, seen = FillWatch(), []
    for number, level in enumerate(levels):
        watch = watch_level(watch, level, START + number * timedelta(minutes=5), RULES)
        seen.append(watch)
    return seen


@given(LEVELS)
def test_critical_begins_and_ends_only_with_two_readings_in_a_row(levels: list[float]) -> None:
    seen = _watched(levels)
    for number in range(1, len(levels)):
        before, after = seen[number - 1].band, seen[number].band
        pair = levels[number - 1 : number + 1]
        if after is FillBand.CRITICAL and before is not FillBand.CRITICAL:
            assert min(pair) >= RULES.critical_level
        if before is FillBand.CRITICAL and after is not FillBand.CRITICAL:
            assert max(pair) < RULES.critical_clears_below
        if min(pair) >= RULES.critical_level:
            assert after is FillBand.CRITICAL
        if max(pair) < RULES.warning_clears_below:
            assert after is FillBand.NORMAL
        if min(pair) >= RULES.warning_level:
            assert after >= FillBand.WARNING


@given(LEVELS)
def test_what_is_remembered_of_a_level_survives_being_written_and_read(
    levels: list[float],
) -> None:
    for watch in _watched(levels):
        assert msgspec.json.decode(msgspec.json.encode(watch), type=FillWatch) == watch


@given(LEVELS, st.integers(1, 5))
def test_readings_told_again_or_out_of_order_change_nothing(levels: list[float], back: int) -> None:
    seen = _watched(levels)
    if seen:
        last = seen[-1]
        assert last.observed_at is not None
        old = last.observed_at - (back - 1) * timedelta(minutes=5)
        assert watch_level(last, 1.4, old, RULES) == last


SIGHTINGS = st.lists(
    st.tuples(st.sampled_from(list(VerdictState)), st.integers(1, 400)), max_size=60
)


@given(SIGHTINGS)
def test_a_problem_comes_and_goes_only_by_enough_known_verdicts(
    sightings: list[tuple[VerdictState, int]],
) -> None:
    watch, at = VerdictWatch(), START
    known: list[tuple[datetime, bool]] = []
    for state, seconds in sightings:
        at += timedelta(seconds=seconds)
        before, watch = watch, watch_verdict(watch, state, at, RULES)
        if state is VerdictState.UNKNOWN:
            assert watch == before
            continue
        known.append((at, state is VerdictState.PRESENT))
        if watch.present and not before.present:
            since = at - RULES.verdict_window
            assert sum(there for when, there in known if when >= since) >= 2
        if before.present and not watch.present:
            assert [there for _, there in known[-2:]] == [False, False]


def test_a_device_is_silent_after_three_intervals_but_never_under_an_hour() -> None:
    assert silence_limit(300, RULES) == timedelta(hours=1)
    assert silence_limit(3600, RULES) == timedelta(hours=3)
    now = START + timedelta(minutes=61)
    flow = FeedFlow(newest_at=now, flowing_since=START - timedelta(days=1))
    assert is_silent(DeviceWatch(heard_at=START), flow, 300, now, RULES)
    assert not is_silent(DeviceWatch(heard_at=START + timedelta(minutes=2)), flow, 300, now, RULES)
    just_back = FeedFlow(newest_at=now, flowing_since=now)
    assert not is_silent(DeviceWatch(heard_at=START), just_back, 300, now, RULES)


def test_a_battery_at_the_edge_does_not_flap() -> None:
    watch = DeviceWatch(heard_at=START)
    bands = []
    for ratio in (0.5, 0.3, 0.31, 0.35, 0.15, 0.2, 0.41):
        watch = watch_battery(watch, ratio, RULES)
        bands.append(watch.battery)
    good, low, critical = BatteryBand.GOOD, BatteryBand.LOW, BatteryBand.CRITICAL
    assert bands == [good, low, low, low, critical, critical, good]


def _shanghai(hour: int, minute: int = 0, day: int = 3) -> datetime:
    zone = WorkingCalendar().zone
    return datetime(2026, 3, day, hour, minute, tzinfo=zone).astimezone(UTC)


def test_a_limit_that_begins_in_the_evening_ends_in_the_morning() -> None:
    calendar = WorkingCalendar()
    assert calendar.after(_shanghai(19, 30), timedelta(hours=2)) == _shanghai(7, 30, day=4)
    assert calendar.after(_shanghai(2), timedelta(hours=2)) == _shanghai(8)
    assert calendar.after(_shanghai(18), timedelta(hours=2)) == _shanghai(20)


def test_free_days_do_not_count_and_a_calendar_without_work_is_refused() -> None:
    calendar = WorkingCalendar(free_days=frozenset({date(2026, 3, 4)}))
    assert calendar.after(_shanghai(19), timedelta(hours=2)) == _shanghai(7, day=5)
    with pytest.raises(NoWorkingTimeError):
        WorkingCalendar(free_weekdays=frozenset(range(7))).after(START, timedelta(hours=1))
    with pytest.raises(ValueError, match="before they begin"):
        WorkingCalendar(opens=time(20), closes=time(6))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)), st.integers(1, 6000))  # noqa: DTZ001  hypothesis wants naive bounds
def test_the_working_time_until_a_limit_is_the_limit(start: datetime, minutes: int) -> None:
    calendar, begin = WorkingCalendar(), start.replace(tzinfo=UTC)
    limit = timedelta(minutes=minutes)
    assert calendar.between(begin, calendar.after(begin, limit)) == limit
