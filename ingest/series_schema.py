"""The tables of the embedded time series, and how a file of an older version becomes one of today.

Rows are keyed by time first: records come in order of time, so new rows lie side by side; with the
device in front each would touch a page of its own (measured: 9 times slower).
"""

import sqlite3

from domain.records import MeasurementQuality
from ingest.journal import OtherSchemaError
from ingest.rollups import LEVEL_COLUMNS, Tallies, fold_days, put_hours
from storage.sqlite import SqliteFile

SCHEMA_VERSION = 3

QUALITIES = tuple(MeasurementQuality)
"""A quality is kept as its place in here: the order must never change."""

_FILL = """
CREATE TABLE fill (
  observed_us INTEGER NOT NULL,
  device INTEGER NOT NULL,
  quality INTEGER NOT NULL,
  filling_level REAL,
  distance_mm REAL,
  temperature_c REAL,
  battery_v REAL,
  battery_ratio REAL,
  cover_open INTEGER,
  out_of_position INTEGER,
  rssi_dbm REAL,
  PRIMARY KEY (observed_us, device)
) WITHOUT ROWID"""

_LATEST = """
CREATE TABLE latest (
  kind TEXT NOT NULL,
  device INTEGER NOT NULL,
  observed_us INTEGER NOT NULL,
  quality INTEGER,
  filling_level REAL,
  record BLOB NOT NULL,
  PRIMARY KEY (kind, device)
) WITHOUT ROWID"""

_UNCHANGED = """
CREATE TABLE devices (
  number INTEGER PRIMARY KEY,
  device_id TEXT NOT NULL UNIQUE
);
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
CREATE TABLE cursors (
  feed TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) WITHOUT ROWID"""

# Levels are in whole millionths (level_sum and so on), hours counted from 1970 UTC, days those of
# the district. In hourly the last columns count readings by step of 5 %, in daily they are hours.
_ROLLUPS = f"""
CREATE TABLE hourly (
  hour INTEGER NOT NULL,
  device INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  records INTEGER NOT NULL,
  usable INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  level_sum INTEGER NOT NULL,
  level_min INTEGER,
  level_max INTEGER,
  emptyings INTEGER NOT NULL,
  {", ".join(f"{column} INTEGER NOT NULL" for column in LEVEL_COLUMNS)},
  PRIMARY KEY (hour, device)
) WITHOUT ROWID;
CREATE UNIQUE INDEX hourly_revision ON hourly (revision);
CREATE TABLE daily (
  day INTEGER NOT NULL,
  device INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  records INTEGER NOT NULL,
  usable INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  level_sum INTEGER NOT NULL,
  level_min INTEGER,
  level_max INTEGER,
  emptyings INTEGER NOT NULL,
  heard_hours INTEGER NOT NULL,
  usable_hours INTEGER NOT NULL,
  {", ".join(f"{column} REAL NOT NULL" for column in LEVEL_COLUMNS)},
  PRIMARY KEY (day, device)
) WITHOUT ROWID;
CREATE UNIQUE INDEX daily_revision ON daily (revision)"""

# The place is the day's number times 2^32 plus the device's: a table by number keeps a blob of this
# size whole in its page, where one by a key of two columns would give each a page of its own.
_SEALED = """
CREATE TABLE sealed (
  place INTEGER PRIMARY KEY,
  readings INTEGER NOT NULL,
  chunk BLOB NOT NULL
)"""

_QUALITY_CODE = (
    "CASE measurement_quality "
    + " ".join(f"WHEN '{quality}' THEN {code}" for code, quality in enumerate(QUALITIES))
    + " END"
)


def open_series_schema(file: SqliteFile) -> None:
    """Make the tables in a new file, or bring an old file up to date in one transaction.

    Raises :class:`OtherSchemaError` for a file of a later version. A process that dies on the way
    leaves the file as it was.
    """
    (found,) = file.connection.execute("PRAGMA user_version").fetchone()
    if not 0 <= found <= SCHEMA_VERSION:
        msg = f"{file.path} has schema {found}, this program writes {SCHEMA_VERSION}"
        raise OtherSchemaError(msg)
    if found == 0:
        # Only a file without tables takes this setting at once; others need the VACUUM below.
        file.connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    if found != SCHEMA_VERSION:
        with file.transaction() as connection:
            if found == 0:
                _run(connection, _UNCHANGED, _FILL, _LATEST, _ROLLUPS, _SEALED)
            elif found == 1:
                _upgrade_from_1(connection)
            else:
                _upgrade_from_2(connection)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    _make_vacuum_incremental(file.connection)


def _make_vacuum_incremental(connection: sqlite3.Connection) -> None:
    """Let the file give room back in small steps; an old file must be rewritten once for that."""
    (mode,) = connection.execute("PRAGMA auto_vacuum").fetchone()
    if mode != 2:  # noqa: PLR2004  SQLite's number for INCREMENTAL
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")


def _run(connection: sqlite3.Connection, *schemas: str) -> None:
    for schema in schemas:
        for statement in schema.split(";\n"):
            connection.execute(statement)


def _upgrade_from_1(connection: sqlite3.Connection) -> None:
    """Version 1 kept qualities as words, had no rollups, and sealed nothing."""
    connection.execute("ALTER TABLE fill RENAME TO fill_1")
    connection.execute("ALTER TABLE latest RENAME TO latest_1")
    _run(connection, _FILL, _LATEST, _ROLLUPS, _SEALED)
    connection.execute(
        f"INSERT INTO fill SELECT observed_us, device, {_QUALITY_CODE}, filling_level,"  # noqa: S608  constants only
        " distance_mm, temperature_c, battery_v, battery_ratio, cover_open, out_of_position,"
        " rssi_dbm FROM fill_1"
    )
    connection.execute(
        f"INSERT INTO latest SELECT kind, l.device, l.observed_us, {_QUALITY_CODE}, filling_level,"  # noqa: S608  as above
        " record FROM latest_1 l LEFT JOIN fill_1 f ON kind = 'fill'"
        " AND f.observed_us = l.observed_us AND f.device = l.device"
    )
    connection.execute("DROP TABLE fill_1")
    connection.execute("DROP TABLE latest_1")
    _roll_up_all(connection)


def _upgrade_from_2(connection: sqlite3.Connection) -> None:
    """Version 2 kept sealed days by a key of two columns."""
    connection.execute("ALTER TABLE sealed RENAME TO sealed_2")
    _run(connection, _SEALED)
    connection.execute(
        "INSERT INTO sealed SELECT (day << 32) + device, readings, chunk FROM sealed_2"
    )
    connection.execute("DROP TABLE sealed_2")


def _roll_up_all(connection: sqlite3.Connection) -> None:
    tallies = Tallies()
    rows = connection.execute("SELECT observed_us, device, quality, filling_level FROM fill")
    for observed_us, device, quality, level in rows:
        tallies.reading(observed_us, device, level if quality == 0 else None)
    for observed_us, device in connection.execute("SELECT observed_us, device FROM emptied"):
        tallies.emptying(observed_us, device)
    rows = connection.execute(
        "SELECT observed_us, device,"
        " json_extract(CAST(record AS TEXT), '$.values.camera_health') = 'ok' FROM verdicts"
    )
    for observed_us, device, in_order in rows:
        tallies.snapshot(observed_us, device, usable=bool(in_order))
    put_hours(connection, tallies)
    fold_days(connection, tallies.days())
