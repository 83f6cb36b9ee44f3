"""The embedded time series in SQLite: one wide row a record, keyed by time first, and ``latest``.

Records come in order of time, so with the time in front new rows lie side by side; with the device
in front each would touch a page of its own (measured: 9 times slower).
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from domain.records import Emptied, FillReading, JournalEntry, Record, SnapshotVerdicts
from ingest.instants import to_us
from ingest.journal import open_schema
from storage.sqlite import SqliteFile
from wire.records import encode_record

_SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE devices (
  number INTEGER PRIMARY KEY,
  device_id TEXT NOT NULL UNIQUE
);
CREATE TABLE fill (
  observed_us INTEGER NOT NULL,
  device INTEGER NOT NULL,
  measurement_quality TEXT NOT NULL,
  filling_level REAL,
  distance_mm REAL,
  temperature_c REAL,
  battery_v REAL,
  battery_ratio REAL,
  cover_open INTEGER,
  out_of_position INTEGER,
  rssi_dbm REAL,
  PRIMARY KEY (observed_us, device)
) WITHOUT ROWID;
CREATE TABLE emptied (
  observed_us INTEGER NOT NULL,
  device INTEGER NOT NULL,
  gateway_us INTEGER NOT NULL,
  level_before REAL NOT NULL,
  level_after REAL NOT NULL,
  PRIMARY KEY (observed_us, device)
) WITHOUT ROWID;
CREATE TABLE verdicts (
  observed_us INTEGER NOT NULL,
  device INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (observed_us, device)
) WITHOUT ROWID;
CREATE TABLE latest (
  kind TEXT NOT NULL,
  device INTEGER NOT NULL,
  observed_us INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (kind, device)
) WITHOUT ROWID;
CREATE TABLE cursors (
  feed TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) WITHOUT ROWID;
"""

_JOURNAL = "journal"

_INSERT_FILL = "INSERT INTO fill VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_INSERT_EMPTIED = "INSERT INTO emptied VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_INSERT_VERDICTS = "INSERT INTO verdicts VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_PUT_LATEST = (
    "INSERT INTO latest VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " observed_us = excluded.observed_us, record = excluded.record"
    " WHERE excluded.observed_us > latest.observed_us"
)
_PUT_CURSOR = (
    "INSERT INTO cursors VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position"
)


class SqliteSeries:
    """Fulfils ``ingest.ports.time_series.TimeSeries``; the one writer of ``path``.

    Raises what :class:`storage.sqlite.SqliteFile` and :func:`ingest.journal.open_schema` raise.
    """

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)
        try:
            open_schema(self._file, _SCHEMA, _SCHEMA_VERSION)
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
            _insert(connection, records, numbers)
            _put_latest(connection, records, numbers)
            connection.execute(_PUT_CURSOR, (_JOURNAL, entries[-1].position))
        self._numbers = numbers

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


def _insert(
    connection: sqlite3.Connection, records: Sequence[Record], numbers: dict[str, int]
) -> None:
    fill: list[tuple[object, ...]] = []
    emptied: list[tuple[object, ...]] = []
    verdicts: list[tuple[object, ...]] = []
    for record in records:
        key = (to_us(record.observed_at), numbers[record.device_id])
        match record.values:
            case FillReading() as reading:
                fill.append((*key, *_fill_columns(reading)))
            case Emptied(level_before=before, level_after=after):
                emptied.append((*key, to_us(record.gateway_at), before, after))
            case SnapshotVerdicts():
                verdicts.append((*key, encode_record(record)))
    connection.executemany(_INSERT_FILL, fill)
    connection.executemany(_INSERT_EMPTIED, emptied)
    connection.executemany(_INSERT_VERDICTS, verdicts)


def _fill_columns(reading: FillReading) -> tuple[object, ...]:
    return (
        reading.measurement_quality,
        reading.filling_level,
        reading.distance_mm,
        reading.temperature_c,
        reading.battery_v,
        reading.battery_ratio,
        reading.cover_open,
        reading.out_of_position,
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
            (kind, numbers[device_id], to_us(record.observed_at), encode_record(record))
            for (kind, device_id), record in newest.items()
        ],
    )
