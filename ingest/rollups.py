"""Hourly and daily rollups: what new rows add to each hour, and days folded from hours.

Hours are added to, so they must only see rows that were really new. A backlog keeps what it adds
in memory for a while, and the hours of it in ``unrolled``: after a crash those are counted again
from the rows. Days are never added to: they are computed again from their 24 hours, so nothing can
drift. Levels are counted as whole millionths: the sum does not depend on the order.
"""

import sqlite3
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.measures import LEVEL_STEP_PERCENT, LEVEL_STEPS
from ingest.many_rows import ManyRows

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

_HEARD, _USABLE_SNAPSHOT, _EMPTYING = -1, -2, -3
"""What a row adds where it is no accepted level: those are whole millionths from 0."""

_HOUR_BITS = 32
_ROWS_AT_ONCE = 1_000
_COUNTED = np.int32
"""Hours since 1970, numbers of devices, whole millionths: a backlog keeps 200,000 of each."""
_LEVEL_MIN, _LEVEL_MAX = 6, 7

Column = npt.NDArray[Any]
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


def bounds_us(day: int) -> tuple[int, int]:
    """Return the first microsecond of a district's day, and that of the next day."""
    return first_hour_of(day) * HOUR_US, first_hour_of(day + 1) * HOUR_US


def days_of_us(observed_us: Column) -> Column:
    """Return :func:`day_of_us` of each."""
    days: Column = (observed_us // HOUR_US + _DISTRICT_OFFSET_HOURS) // _HOURS_A_DAY
    return days


def begins_of_runs(values: Column) -> Column:
    """Tell where a value differs from the one before; the first of all does."""
    begins = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=begins[1:])
    return begins


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
    """What new rows add to the hours, by device. Feed it new rows only."""

    def __init__(self) -> None:
        self._parts: list[Column] = []
        self._singly: list[tuple[int, int, int]] = []
        self.size = 0

    def readings(self, observed_us: Column, devices: Column, accepted_levels: Column) -> None:
        """Count fill readings; a level is NaN where it was not accepted or absent."""
        accepted = ~np.isnan(accepted_levels)
        added = np.full(len(devices), _HEARD, dtype=_COUNTED)
        added[accepted] = np.rint(accepted_levels[accepted] * MILLIONTHS)
        hours = (observed_us // HOUR_US).astype(_COUNTED)
        self._parts.append(np.stack((hours, devices.astype(_COUNTED), added)))
        self.size += len(devices)

    def snapshot(self, observed_us: int, device: int, *, usable: bool) -> None:
        """Count a camera's snapshot; ``usable``: the camera was in order."""
        self._add(observed_us, device, _USABLE_SNAPSHOT if usable else _HEARD)

    def emptying(self, observed_us: int, device: int) -> None:
        """Count an emptying."""
        self._add(observed_us, device, _EMPTYING)

    def take(self, other: "Tallies") -> None:
        """Count what another one has counted."""
        if other.size:
            self._parts += other.parts()
            self.size += other.size

    def hours(self) -> set[int]:
        """Return the hours that were touched."""
        return {int(hour) for hour in np.unique(self.columns()[0])}

    def rows(self) -> Iterator[list[list[Any]]]:
        """Yield what was counted as rows of ``hourly`` without their revisions, by key.

        A thousand at a time: as Python's numbers they take about 650 bytes a row.
        """
        hours, devices, added = self.columns()
        if not len(added):
            return
        keys = (hours.astype(np.int64) << _HOUR_BITS) + devices
        order = np.argsort(keys, kind="stable")
        keys, added = keys[order], added[order]
        starts = begins_of_runs(keys).nonzero()[0]
        begin = 0
        for end in (*starts[_ROWS_AT_ONCE::_ROWS_AT_ONCE].tolist(), len(keys)):
            yield _rows(keys[begin:end], added[begin:end])
            begin = end

    def _add(self, observed_us: int, device: int, what: int) -> None:
        self._singly.append((observed_us // HOUR_US, device, what))
        self.size += 1

    def parts(self) -> list[Column]:
        """Return what was counted: hours, devices, and what each row adds, part by part."""
        return [*self._parts, np.array(self._singly, dtype=_COUNTED).reshape(-1, 3).T]

    def columns(self) -> Column:
        """Return what was counted: hours, devices, and what each row adds."""
        return np.concatenate(self.parts(), axis=1)


def _rows(keys: Column, added: Column) -> list[list[Any]]:
    """Return the rows of these keys, in their order; equal ones lie side by side."""
    starts = begins_of_runs(keys).nonzero()[0]
    levels = added >= 0

    def total(counted: Column) -> Column:
        return np.add.reduceat(counted, starts, dtype=np.int64)

    accepted = total(levels)
    columns = (
        keys[starts] >> _HOUR_BITS,
        keys[starts] & (1 << _HOUR_BITS) - 1,
        total(added != _EMPTYING),
        total(levels | (added == _USABLE_SNAPSHOT)),
        accepted,
        total(np.where(levels, added, 0)),
        np.minimum.reduceat(np.where(levels, added, np.iinfo(_COUNTED).max), starts),
        np.maximum.reduceat(added, starts),
        total(added == _EMPTYING),
    )
    steps = _histogram(added, levels, starts)
    rows: list[list[Any]] = np.concatenate((np.array(columns).T, steps), axis=1).tolist()
    for place in (accepted == 0).nonzero()[0].tolist():
        rows[place][_LEVEL_MIN] = rows[place][_LEVEL_MAX] = None
    return rows


def _histogram(added: Column, levels: Column, starts: Column) -> Column:
    """Return for each group how many levels lie in each step."""
    groups = np.zeros(len(added), dtype=np.int64)
    groups[starts] = 1
    groups = np.cumsum(groups) - 1
    steps = np.minimum(added[levels] // _STEP_MILLIONTHS, _LAST_STEP)
    places = groups[levels] * LEVEL_STEPS + steps
    return np.bincount(places, minlength=len(starts) * LEVEL_STEPS).reshape(-1, LEVEL_STEPS)


_ADDED = ("records", "usable", "accepted", "level_sum", "emptyings", *LEVEL_COLUMNS)
_HOURS = ManyRows(
    "hourly",
    columns=10 + LEVEL_STEPS,
    then="ON CONFLICT DO UPDATE SET revision = excluded.revision,"
    " level_min = coalesce(min(level_min, excluded.level_min), level_min, excluded.level_min),"
    " level_max = coalesce(max(level_max, excluded.level_max), level_max, excluded.level_max), "
    + ", ".join(f"{column} = {column} + excluded.{column}" for column in _ADDED),
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


def put_hours(connection: sqlite3.Connection, tallies: Tallies) -> set[DeviceDay]:
    """Add the tallies to their hours, each with a new revision; return the days touched."""
    revision = newest_revision(connection)
    touched: set[DeviceDay] = set()
    for rows in tallies.rows():
        for place, row in enumerate(rows, start=revision + 1):
            row.insert(2, place)
        _HOURS.insert(connection, rows)
        revision += len(rows)
        touched.update((day_of_hour(hour), device) for hour, device, *_ in rows)
    connection.execute(_PUT_CURSOR, (_REVISION, revision))
    return touched


def fold_days(connection: sqlite3.Connection, days: Collection[DeviceDay]) -> None:
    """Compute these days again from their hours; after that no day is behind its hours.

    ``days`` must hold every one that :func:`unfolded_days` would name.
    """
    revision = newest_revision(connection)
    # One by one: with its hours a day takes a KB, and after a backlog there are many.
    rows = (
        (day, revision + place, *range(first_hour_of(day), first_hour_of(day + 1)), device)
        for place, (day, device) in enumerate(sorted(days), start=1)
    )
    connection.executemany(_FOLD_DAY, rows)
    newest = revision + len(days)
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
