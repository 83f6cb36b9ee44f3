"""Hourly and daily rollups: what a transaction adds to each hour, and days folded from hours.

Hours are added to, in the transaction that adds the rows, so they must only see rows that were
really new. Days are never added to: they are computed again from their 24 hours, so nothing can
drift. Levels are counted as whole millionths: the sum does not depend on the order.
"""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.measures import LEVEL_STEP_PERCENT, LEVEL_STEPS

HOUR_US = 3_600_000_000
MILLIONTHS = 1_000_000
LEVEL_COLUMNS = tuple(f"from_{step * LEVEL_STEP_PERCENT:03d}" for step in range(LEVEL_STEPS))

_HOURS_A_DAY = 24
_DISTRICT_OFFSET_HOURS = 8
"""Asia/Shanghai is UTC+8 all year, so its days are whole hours of UTC."""

_STEP_MILLIONTHS = MILLIONTHS * LEVEL_STEP_PERCENT // 100
_LAST_STEP = LEVEL_STEPS - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1)

_RECORDS, _USABLE, _ACCEPTED, _SUM, _MIN, _MAX, _EMPTYINGS, _FIRST_LEVEL = range(8)
_BLANK = [0, 0, 0, 0, None, None, 0, *([0] * LEVEL_STEPS)]

Tally = list[Any]
"""The columns of an hour: ints, but lowest and highest are None before the first level."""

DeviceDay = tuple[int, int]


def day_of_hour(hour: int) -> int:
    """Return the district's day (from 1 January 1970) that an hour since 1970 UTC belongs to."""
    return (hour + _DISTRICT_OFFSET_HOURS) // _HOURS_A_DAY


def day_of_us(observed_us: int) -> int:
    """Return the district's day that a time in microseconds since 1970 UTC belongs to."""
    return day_of_hour(observed_us // HOUR_US)


def first_hour_of(day: int) -> int:
    """Return the first of the 24 hours of a district's day."""
    return day * _HOURS_A_DAY - _DISTRICT_OFFSET_HOURS


def day_number(day: date) -> int:
    """Return the number that the tables keep a calendar day by."""
    return (day - _FIRST_DAY).days


def calendar_day(number: int) -> date:
    """Return the calendar day of a day number."""
    return _FIRST_DAY + timedelta(days=number)


def hour_begins(hour: int) -> datetime:
    """Return the beginning of an hour number."""
    return _EPOCH + timedelta(hours=hour)


class Tallies:
    """What a transaction adds, by hour and device. Feed it new rows only."""

    def __init__(self) -> None:
        self.by_hour: dict[tuple[int, int], Tally] = {}

    def reading(self, observed_us: int, device: int, accepted_level: float | None) -> None:
        """Count a fill reading; the level is None where it was not accepted or absent."""
        tally = self._tally(observed_us, device)
        tally[_RECORDS] += 1
        if accepted_level is not None:
            _add_level(tally, round(accepted_level * MILLIONTHS))

    def snapshot(self, observed_us: int, device: int, *, usable: bool) -> None:
        """Count a camera's snapshot; ``usable``: the camera was in order."""
        tally = self._tally(observed_us, device)
        tally[_RECORDS] += 1
        tally[_USABLE] += usable

    def emptying(self, observed_us: int, device: int) -> None:
        """Count an emptying."""
        self._tally(observed_us, device)[_EMPTYINGS] += 1

    def days(self) -> set[DeviceDay]:
        """Return the days and devices that were touched."""
        return {(day_of_hour(hour), device) for hour, device in self.by_hour}

    def _tally(self, observed_us: int, device: int) -> Tally:
        key = (observed_us // HOUR_US, device)
        tally = self.by_hour.get(key)
        if tally is None:
            tally = self.by_hour[key] = _BLANK.copy()
        return tally


def _add_level(tally: Tally, level: int) -> None:
    tally[_USABLE] += 1
    tally[_ACCEPTED] += 1
    tally[_SUM] += level
    if tally[_MIN] is None:
        tally[_MIN] = tally[_MAX] = level
    elif level < tally[_MIN]:
        tally[_MIN] = level
    elif level > tally[_MAX]:
        tally[_MAX] = level
    tally[_FIRST_LEVEL + min(level // _STEP_MILLIONTHS, _LAST_STEP)] += 1


_ADDED = ("records", "usable", "accepted", "level_sum", "emptyings", *LEVEL_COLUMNS)
_PUT_HOUR = (
    f"INSERT INTO hourly VALUES ({', '.join('?' * (10 + LEVEL_STEPS))})"  # noqa: S608  constants only
    " ON CONFLICT DO UPDATE SET revision = excluded.revision,"
    " level_min = coalesce(min(level_min, excluded.level_min), level_min, excluded.level_min),"
    " level_max = coalesce(max(level_max, excluded.level_max), level_max, excluded.level_max), "
    + ", ".join(f"{column} = {column} + excluded.{column}" for column in _ADDED)
)
_FOLD_DAY = (
    "INSERT OR REPLACE INTO daily SELECT ?, device, ?, sum(records), sum(usable), sum(accepted),"  # noqa: S608  constants only
    " sum(level_sum), min(level_min), max(level_max), sum(emptyings), sum(records > 0),"
    " sum(usable > 0), "
    + ", ".join(f"total(1.0 * {column} / accepted)" for column in LEVEL_COLUMNS)
    + f" FROM hourly WHERE hour IN ({', '.join('?' * _HOURS_A_DAY)}) AND device = ? GROUP BY device"
)
_REVISION, _FOLDED = "revision", "folded"
_PUT_CURSOR = (
    "INSERT INTO cursors VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position"
)


def put_hours(connection: sqlite3.Connection, tallies: Tallies) -> None:
    """Add the tallies to their hours; every hour touched gets a new revision."""
    revision = newest_revision(connection)
    rows = [
        (*key, revision + place, *tally)
        for place, (key, tally) in enumerate(sorted(tallies.by_hour.items()), start=1)
    ]
    connection.executemany(_PUT_HOUR, rows)
    connection.execute(_PUT_CURSOR, (_REVISION, revision + len(rows)))


def fold_days(connection: sqlite3.Connection, days: Iterable[DeviceDay]) -> None:
    """Compute these days again from their hours; after that no day is behind its hours.

    ``days`` must hold every one that :func:`unfolded_days` would name.
    """
    revision = newest_revision(connection)
    rows = [
        (day, revision + place, *range(first_hour_of(day), first_hour_of(day + 1)), device)
        for place, (day, device) in enumerate(sorted(days), start=1)
    ]
    connection.executemany(_FOLD_DAY, rows)
    newest = revision + len(rows)
    connection.executemany(_PUT_CURSOR, [(_REVISION, newest), (_FOLDED, newest)])


def unfolded_days(connection: sqlite3.Connection) -> set[DeviceDay]:
    """Return the days that hours have changed of since the last folding."""
    rows = connection.execute(
        "SELECT hour, device FROM hourly WHERE revision > ?", (_position(connection, _FOLDED),)
    )
    return {(day_of_hour(hour), device) for hour, device in rows}


def newest_revision(connection: sqlite3.Connection) -> int:
    """Return the newest revision given to any rollup, 0 when there is none."""
    return _position(connection, _REVISION)


def _position(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT position FROM cursors WHERE feed = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])
