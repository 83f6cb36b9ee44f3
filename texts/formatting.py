"""Times, durations and shares as people read them, always in the district's own time zone."""

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import babel
from babel.dates import format_date as format_babel_date
from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from domain.places import Name
from texts.catalogue import Locale

DISTRICT_ZONE = ZoneInfo("Asia/Shanghai")

_TIME = {Locale.ZH_CN: "M月d日 HH:mm", Locale.EN: "d MMM HH:mm"}
_DATE = {Locale.ZH_CN: "y年M月d日 EEE", Locale.EN: "EEE d MMM y"}
_DAY = {Locale.ZH_CN: "y年M月d日", Locale.EN: "d MMM y"}
_MINUTES_AN_HOUR, _HOURS_A_DAY = 60, 24


def format_time(instant: datetime, locale: Locale) -> str:
    """Return day and minute, such as ``3月3日 06:30`` or ``3 Mar 06:30``."""
    return _format(instant, _TIME[locale], locale)


def format_clock(instant: datetime, locale: Locale) -> str:
    """Return the minute of the day, such as ``06:30``."""
    return _format(instant, "HH:mm", locale)


def format_date(instant: datetime, locale: Locale) -> str:
    """Return the date with its day of the week."""
    return _format(instant, _DATE[locale], locale)


def format_day(day: date, locale: Locale) -> str:
    """Return a day of the district, such as ``2026年3月3日`` or ``3 Mar 2026``."""
    return format_babel_date(day, _DAY[locale], locale=_babel(locale))


def format_duration(interval: timedelta, locale: Locale) -> str:
    """Return the length of ``interval`` in its two largest units, without its sign.

    Such as ``2小时5分钟`` or ``2 hr 5 min``; under a minute counts as one minute.
    """
    minutes = max(1, round(abs(interval.total_seconds()) / 60))
    hours, minutes = divmod(minutes, _MINUTES_AN_HOUR)
    days, hours = divmod(hours, _HOURS_A_DAY)
    if days:
        parts = ((days, "duration-day"), (hours, "duration-hour"))
    else:
        parts = ((hours, "duration-hour"), (minutes, "duration-minute"))
    joint = "" if locale is Locale.ZH_CN else " "
    return joint.join(
        format_unit(number, unit, length="short", locale=_babel(locale))
        for number, unit in parts
        if number
    )


def format_share(ratio: float, locale: Locale) -> str:
    """Return a ratio as whole percent, such as ``85%``."""
    return format_percent(ratio, locale=_babel(locale))


def format_fine_share(ratio: float, locale: Locale) -> str:
    """Return a ratio in percent with one decimal, such as ``0.4%``, where small ones differ."""
    return format_percent(ratio, "#,##0.0%", locale=_babel(locale))


def format_count(number: float, locale: Locale) -> str:
    """Return a whole number with its thousands parted, such as ``12,345``."""
    return format_decimal(round(number), "#,##0", locale=_babel(locale))


def name_in(name: Name, locale: Locale) -> str:
    """Return a name in that language, in Chinese where nobody has given an English one."""
    return name.en if locale is Locale.EN and name.en else name.zh


def _format(instant: datetime, pattern: str, locale: Locale) -> str:
    return format_datetime(instant, pattern, tzinfo=DISTRICT_ZONE, locale=_babel(locale))


@cache
def _babel(locale: Locale) -> babel.Locale:
    # Given a name, Babel looks through its files for it at every call.
    return babel.Locale.parse(locale.value)
