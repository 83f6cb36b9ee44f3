"""The embedded time series in SQLite: records in rows and blocks, ``latest``, and the rollups."""

import json
import sqlite3
from collections.abc import Callable
from itertools import compress
from pathlib import Path

from ingest.day_sealing import closed_day, reopen, seal
from ingest.many_rows import ManyRows
from ingest.newest_readings import NewestReadings
from ingest.reading_store import keep_readings
from ingest.rollups import (
    DeviceDay,
    Tallies,
    bounds_us,
    day_of_hour,
    fold_days,
    put_hours,
    unfolded_days,
)
from ingest.series_rows import SeriesRows, rows_of
from ingest.series_schema import open_series_schema
from ingest.series_shrinking import forget_readings, forget_rollups, give_room_back
from ingest.stretch import Stretch
from ingest.unrolled_hours import forget_unrolled, name_unrolled, roll_up_again
from storage.sqlite import SqliteFile

_JOURNAL, _KEPT_FROM = "journal", "kept_from"

_BACKLOG = 1_000
"""A transaction of so many records is one of a backlog: blocks, and rollups that wait."""

_MOST_UNROLLED = 200_000
_MOST_UNFOLDED = 20_000

_EMPTIED = ManyRows("emptied", columns=5, then="ON CONFLICT DO NOTHING")
_VERDICTS = ManyRows("verdicts", columns=3, then="ON CONFLICT DO NOTHING")
_LATEST = ManyRows(
    "latest",
    columns=6,
    then="ON CONFLICT DO UPDATE SET observed_us = excluded.observed_us,"
    " quality = excluded.quality, filling_level = excluded.filling_level, record = excluded.record"
    " WHERE excluded.observed_us > latest.observed_us",
)
_PUT_CURSOR = (
    "INSERT INTO cursors VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position"
)


class SqliteSeries:
    """Fulfils ``ingest.ports.time_series.TimeSeries``; the one writer of ``path``.

    Rollups change in the transaction of their rows, but for a backlog: then at its end, or hourly
    ones after 200,000 records and daily ones after 20,000 of them.

    ``on_too_old`` is told how many records were left out because their day is no longer kept: of
    them nobody could say whether they are repetitions.

    Raises what :class:`storage.sqlite.SqliteFile` and
    :func:`ingest.series_schema.open_series_schema` raise.
    """

    def __init__(
        self, path: Path, *, on_too_old: Callable[[int], None] = lambda _count: None
    ) -> None:
        self._on_too_old = on_too_old
        self._file = SqliteFile(path)
        try:
            open_series_schema(self._file)
            with self._file.transaction() as connection:
                roll_up_again(connection)
            self._unfolded: set[DeviceDay] = unfolded_days(connection)
            self._sealed_through = _newest_sealed(connection)
            self._kept_from = _position(connection, _KEPT_FROM)
            self._newest = NewestReadings(connection)
        except BaseException:
            self._file.close()
            raise
        self._numbers: dict[str, int] = {}
        self._unrolled = Tallies()
        self._restless: set[int] = set()
        self._restless_before: set[int] = set()

    def close(self) -> None:
        """Close the file and give up its lock."""
        self._file.close()

    def cursor(self) -> int:
        """Return the position of the last journal entry that is in the series."""
        return _position(self._file.connection, _JOURNAL)

    def append(self, stretch: Stretch) -> None:
        """Add records and move the cursor, in one transaction; of an identity the first stays.

        Without records the backlog is at its end: what waited for that is done.
        """
        if not stretch.records:
            self._roll_up_rest()
            return
        young = self._young_enough(stretch)
        backlog = len(young) >= _BACKLOG
        with self._file.transaction() as connection:
            numbers = self._device_numbers(connection, young)
            rows = rows_of(young, numbers)
            reopen(connection, rows.sensor_days(through=self._sealed_through))
            added = self._add(connection, rows, in_blocks=backlog)
            hours = added.hours()
            added.take(self._unrolled)
            unfolded = self._unfolded
            if not backlog or added.size >= _MOST_UNROLLED:
                unfolded = _roll_up(connection, added, unfolded, all_days=not backlog)
                added = Tallies()
            else:
                name_unrolled(connection, hours)
            connection.execute(_PUT_CURSOR, (_JOURNAL, stretch.through))
        self._numbers, self._unrolled, self._unfolded = numbers, added, unfolded
        self._restless |= {day_of_hour(hour) for hour in hours}
        if len(young) < len(stretch):
            self._on_too_old(len(stretch) - len(young))

    def start_over(self) -> None:
        """Move the cursor before the first entry; what is there stays."""
        with self._file.transaction() as connection:
            connection.execute(_PUT_CURSOR, (_JOURNAL, 0))

    def seal_next(self) -> int | None:
        """Seal the oldest closed day where nothing has come lately; return its number of readings.

        None: there is no such day. See :meth:`settle` for what lately means.
        """
        self._roll_up_rest()
        restless = self._restless | self._restless_before
        day = closed_day(self._file.connection, restless=restless)
        if day is None:
            return None
        with self._file.transaction() as connection:
            readings = seal(connection, day)
        self._sealed_through = max(self._sealed_through, day)
        return readings

    def settle(self) -> None:
        """Let days where nothing has come since the last call be sealed from now on."""
        self._restless_before, self._restless = self._restless, set()

    def forget(self, *, readings_before: int, rollups_before: int) -> bool:
        """Remove the oldest day of readings and of rollups before those days; False: none left."""
        self._roll_up_rest()
        with self._file.transaction() as connection:
            forgotten = forget_readings(connection, readings_before)
            if forgotten:
                kept_from = max(readings_before, self._kept_from)
                connection.execute(_PUT_CURSOR, (_KEPT_FROM, kept_from))
            forgotten |= forget_rollups(connection, rollups_before)
        self._kept_from = _position(self._file.connection, _KEPT_FROM)
        return forgotten

    def give_room_back(self) -> bool:
        """Return some free pages to the file system where there are many; False: not enough."""
        with self._file.transaction() as connection:
            return give_room_back(connection)

    def _roll_up_rest(self) -> None:
        if self._unrolled.size or self._unfolded:
            with self._file.transaction() as connection:
                _roll_up(connection, self._unrolled, self._unfolded, all_days=True)
            self._unrolled, self._unfolded = Tallies(), set()

    def _young_enough(self, stretch: Stretch) -> Stretch:
        since_us = bounds_us(self._kept_from)[0]
        if not self._kept_from or min(stretch.observed_us) >= since_us:
            return stretch
        young = [observed_us >= since_us for observed_us in stretch.observed_us]
        return Stretch(
            through=stretch.through,
            records=list(compress(stretch.records, young)),
            observed_us=list(compress(stretch.observed_us, young)),
        )

    def _add(self, connection: sqlite3.Connection, rows: SeriesRows, *, in_blocks: bool) -> Tallies:
        """Keep what is new, and the newest of each device; return what that adds to the rollups."""
        tallies, latest = Tallies(), rows.latest
        if len(rows.readings):
            heard = self._newest.hear(rows.readings)
            for new in keep_readings(connection, rows.readings, heard, in_blocks=in_blocks):
                new.count_in(tallies)
            latest = latest + rows.latest_readings(heard.newest)
        for row in _EMPTIED.insert_new(connection, rows.emptied):
            tallies.emptying(row[0], row[1])
        for row in _VERDICTS.insert_new(connection, rows.verdicts):
            tallies.snapshot(row[0], row[1], usable=rows.in_order[row[0], row[1]])
        _LATEST.insert(connection, latest)
        return tallies

    def _device_numbers(self, connection: sqlite3.Connection, stretch: Stretch) -> dict[str, int]:
        """Return the numbers of all devices heard, giving new ones to new devices."""
        new = {record.device_id for record in stretch.records} - self._numbers.keys()
        if not new:
            return self._numbers
        connection.executemany(
            "INSERT INTO devices (device_id) VALUES (?) ON CONFLICT DO NOTHING",
            [(device_id,) for device_id in sorted(new)],
        )
        found = connection.execute(
            "SELECT device_id, number FROM devices"
            " WHERE device_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(new)),),
        )
        return {**self._numbers, **dict(found)}


def _roll_up(
    connection: sqlite3.Connection, added: Tallies, unfolded: set[DeviceDay], *, all_days: bool
) -> set[DeviceDay]:
    """Put what was added into its hours, and fold days; return those that are still unfolded."""
    unfolded = unfolded | put_hours(connection, added)
    forget_unrolled(connection)
    if all_days or len(unfolded) >= _MOST_UNFOLDED:
        fold_days(connection, unfolded)
        return set()
    return unfolded


def _newest_sealed(connection: sqlite3.Connection) -> int:
    (day,) = connection.execute("SELECT max(place) >> 32 FROM sealed").fetchone()
    return -1 if day is None else int(day)


def _position(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT position FROM cursors WHERE feed = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])
