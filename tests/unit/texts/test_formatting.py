"""Times, durations and shares as people read them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.places import Name
from texts.catalogue import Locale
from texts.formatting import (
    format_clock,
    format_count,
    format_date,
    format_day,
    format_duration,
    format_fine_share,
    format_share,
    format_time,
    name_in,
)

INSTANT = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)


def test_times_are_shown_in_the_district_not_in_utc() -> None:
    assert format_time(INSTANT, Locale.ZH_CN) == "3月3日 06:30"
    assert format_time(INSTANT, Locale.EN) == "3 Mar 06:30"
    assert format_clock(INSTANT, Locale.EN) == "06:30"


def test_a_date_names_its_day_of_the_week() -> None:
    assert format_date(INSTANT, Locale.ZH_CN) == "2026年3月3日 周二"
    assert format_date(INSTANT, Locale.EN) == "Tue 3 Mar 2026"


@pytest.mark.parametrize(
    ("interval", "zh", "en"),
    [
        (timedelta(seconds=10), "1分钟", "1 min"),
        (timedelta(minutes=59), "59分钟", "59 min"),
        (timedelta(minutes=60), "1小时", "1 hr"),
        (timedelta(hours=2, minutes=5), "2小时5分钟", "2 hr 5 min"),
        (timedelta(hours=-2, minutes=-5), "2小时5分钟", "2 hr 5 min"),
        (timedelta(days=1, hours=3, minutes=59), "1天3小时", "1 day 3 hr"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(interval: timedelta, zh: str, en: str) -> None:
    assert format_duration(interval, Locale.ZH_CN) == zh
    assert format_duration(interval, Locale.EN) == en


def test_a_share_may_be_above_one_hundred_percent() -> None:
    assert format_share(1.04, Locale.EN) == "104%"


def test_a_name_without_english_is_told_in_chinese() -> None:
    assert name_in(Name(zh="东门市场"), Locale.EN) == "东门市场"
    assert name_in(Name(zh="东门市场", en="East Gate Market"), Locale.EN) == "East Gate Market"


def test_a_day_a_count_and_a_fine_share_are_told_as_people_write_them() -> None:
    day = date(2026, 3, 3)
    assert format_day(day, Locale.ZH_CN) == "2026年3月3日"
    assert format_day(day, Locale.EN) == "3 Mar 2026"
    assert format_count(12345.4, Locale.ZH_CN) == "12,345"
    assert format_fine_share(0.0042, Locale.EN) == "0.4%"
