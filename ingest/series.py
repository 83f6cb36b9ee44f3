"""The embedded time series in SQLite: one wide row a record, ``latest``, and the rollups."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from domain.records import CameraHealth, Emptied, FillReading, JournalEntry, Record
from ingest.instants import to_us
from ingest.rollups import DeviceDay, Tallies, fold_days, put_hours, unfolded_days
from ingest.series_schema import QUALITIES, open_series_schema
from storage.sqlite import SqliteFile
from wire.records import encode_record

_JOURNAL = "journal"

_MOST_UNFOLDED = 20_000
_FOLD_BELOW = 1_000
"""A transaction smaller than this is not one of a backlog: its days are folded at once."""

_INSERT_FILL = "INSERT INTO fill VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_INSERT_EMPTIED = "INSERT INTO emptied VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_INSERT_VERDICTS = "INSERT INTO verdicts VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_PUT_LATEST = (
    "INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " observed_us = excluded.observed_us, quality = excluded.quality,"
    " filling_level = excluded.filling_level, record = excluded.record"
    " WHERE excluded.observed_us > latest.observed_us"
)
_PUT_CURSOR = (
    "INSERT INTO cursors VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position"
)

# The driver takes exact ints several times faster than bools and words of an enumeration.
_CODES = {quality: code for code, quality in enumerate(QUALITIES)}
_FLAGS = {None: None, False: 0, True: 1}
_ACCEPTED = 0

_Row = tuple[Any, ...]


class SqliteSeries:
    """Fulfils ``ingest.ports.time_series.TimeSeries``; the one writer of ``path``.

    Hourly rollups change in the transaction of their rows. Daily ones are folded from the hours in
    the same transaction too, but for a backlog: then at its end, or after 20,000 of them.

    Raises what :class:`storage.sqlite.SqliteFile` and
    :func:`ingest.series_schema.open_series_schema` raise.
    """

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)
        try:
            open_series_schema(self._file)
            self._unfolded: set[DeviceDay] = unfolded_days(self._file.connection)
        except BaseException:
            self._file.close()
            raise
        self._numbers: dict[str, int] = {}

    def close(self) -> None:
        """Close the file and give up its lock."""
        self._file.close()

    def cursor(self) -> int:
        """Return the position of the last journal entry that is in the series."""
        row = self._file.connection.execute(
            "SELECT position FROM cursors WHERE feed = ?", (_JOURNAL,)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Add entries and move the cursor, in one transaction; of an identity the first stays."""
        if not entries:
            return
        records = [entry.record for entry in entries]
        with self._file.transaction() as connection:
            numbers = self._device_numbers(connection, records)
            tallies = _add(connection, records, numbers)
            _put_latest(connection, records, numbers)
            put_hours(connection, tallies)
            unfolded = self._unfolded | tallies.days()
            if len(records) < _FOLD_BELOW or len(unfolded) >= _MOST_UNFOLDED:
                fold_days(connection, unfolded)
                unfolded = set()
            connection.execute(_PUT_CURSOR, (_JOURNAL, entries[-1].position))
        self._numbers, self._unfolded = numbers, unfolded

    def start_over(self) -> None:
        """Move the cursor before the first entry; what is there stays."""
        with self._file.transaction() as connection:
            connection.execute(_PUT_CURSOR, (_JOURNAL, 0))

    def _device_numbers(
        self, connection: sqlite3.Connection, records: Sequence[Record]
    ) -> dict[str, int]:
        """Return the numbers of all devices, giving new ones to new devices."""
        new = {record.device_id for record in records} - self._numbers.keys()
        if not new:
            return self._numbers
        connection.executemany(
            "INSERT INTO devices (device_id) VALUES (?) ON CONFLICT DO NOTHING",
            [(device_id,) for device_id in sorted(new)],
        )
        return dict(connection.execute("SELECT device_id, number FROM devices").fetchall())


def _add(
    connection: sqlite3.Connection, records: Sequence[Record], numbers: dict[str, int]
) -> Tallies:
    """Insert the records that are new; return what they add to the rollups."""
    fill: list[_Row] = []
    emptied: list[_Row] = []
    verdicts: list[_Row] = []
    in_order: dict[tuple[int, int], bool] = {}
    for record in records:
        observed_us, number = to_us(record.observed_at), numbers[record.device_id]
        values = record.values
        if isinstance(values, FillReading):
            fill.append((observed_us, number, *_fill_columns(values)))
        elif isinstance(values, Emptied):
            times = (observed_us, number, to_us(record.gateway_at))
            emptied.append((*times, values.level_before, values.level_after))
        else:
            verdicts.append((observed_us, number, encode_record(record)))
            # As in the table, the first of an identity stays.
            in_order.setdefault((observed_us, number), values.camera_health is CameraHealth.OK)
    tallies = Tallies()
    for row in _insert_new(connection, _INSERT_FILL, fill):
        tallies.reading(row[0], row[1], row[3] if row[2] == _ACCEPTED else None)
    for row in _insert_new(connection, _INSERT_EMPTIED, emptied):
        tallies.emptying(row[0], row[1])
    for row in _insert_new(connection, _INSERT_VERDICTS, verdicts):
        tallies.snapshot(row[0], row[1], usable=in_order[row[0], row[1]])
    return tallies


def _insert_new(
    connection: sqlite3.Connection, statement: str, rows: Sequence[_Row]
) -> Iterable[_Row]:
    """Insert the rows; return those that were not there yet.

    Repetitions are rare, so all are inserted at once, and one by one only where some were known.
    """
    if not rows:
        return ()
    connection.execute("SAVEPOINT at_once")
    if connection.executemany(statement, rows).rowcount == len(rows):
        connection.execute("RELEASE at_once")
        return rows
    connection.execute("ROLLBACK TO at_once")
    connection.execute("RELEASE at_once")
    return [row for row in rows if connection.execute(statement, row).rowcount]


def _fill_columns(reading: FillReading) -> _Row:
    return (
        _CODES[reading.measurement_quality],
        reading.filling_level,
        reading.distance_mm,
        reading.temperature_c,
        reading.battery_v,
        reading.battery_ratio,
        _FLAGS[reading.cover_open],
        _FLAGS[reading.out_of_position],
        reading.rssi_dbm,
    )


def _put_latest(
    connection: sqlite3.Connection, records: Sequence[Record], numbers: dict[str, int]
) -> None:
    newest: dict[tuple[str, str], Record] = {}
    for record in records:
        key = (record.kind, record.device_id)
        known = newest.get(key)
        if known is None or record.observed_at > known.observed_at:
            newest[key] = record
    connection.executemany(
        _PUT_LATEST,
        [
            (
                record.kind.value,
                numbers[record.device_id],
                to_us(record.observed_at),
                *_state_of(record),
                encode_record(record),
            )
            for record in newest.values()
        ],
    )


def _state_of(record: Record) -> tuple[int | None, float | None]:
    if isinstance(record.values, FillReading):
        return _CODES[record.values.measurement_quality], record.values.filling_level
    return None, None
