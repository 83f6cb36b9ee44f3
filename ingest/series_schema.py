"""The tables of the embedded time series, and how a file of an older version becomes one of today.

Rows are keyed by time first: records come in order of time, so new rows lie side by side; with the
device in front each would touch a page of its own (measured: 9 times slower).
"""

import sqlite3

from ingest.journal_schema import OtherSchemaError
from ingest.kept_readings import QUALITIES, KeptReading, pack_kept
from ingest.rollups import LEVEL_COLUMNS, fold_days, put_hours
from ingest.series_rows import latest_row
from ingest.unrolled_hours import tallies_between
from storage.sqlite import SqliteFile
from wire.records import decode_record

SCHEMA_VERSION = 5

# What a reading told is packed (``ingest.kept_readings``).
_FILL = """
CREATE TABLE fill (
  observed_us INTEGER NOT NULL,
  device INTEGER NOT NULL,
  reading BLOB NOT NULL,
  PRIMARY KEY (observed_us, device)
) WITHOUT ROWID"""

# Of a reading the record is the gateway's time and the packed reading, of other kinds it is JSON.
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

# Readings of a backlog (``ingest.reading_blocks``): of each its place, 8 bytes, and what it told.
_BLOCKS = """
CREATE TABLE blocks (
  number INTEGER PRIMARY KEY,
  day INTEGER NOT NULL,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  readings INTEGER NOT NULL,
  places BLOB NOT NULL,
  chunk BLOB NOT NULL
);
CREATE INDEX blocks_by_day ON blocks (day, first_us, last_us)"""

# Hours that have records which are not in their rollups yet (``ingest.unrolled_hours``).
_UNROLLED = "CREATE TABLE unrolled (hour INTEGER PRIMARY KEY)"

_TODAY = (_UNCHANGED, _FILL, _LATEST, _ROLLUPS, _SEALED, _UNROLLED, _BLOCKS)

_QUALITY_CODE = (
    "CASE measurement_quality "
    + " ".join(f"WHEN '{quality}' THEN {code}" for code, quality in enumerate(QUALITIES))
    + " END"
)


_END_OF_TIME_US = 1 << 62


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
                _run(connection, *_TODAY)
            else:
                _upgrade(connection, found)
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


def _upgrade(connection: sqlite3.Connection, found: int) -> None:
    _run(connection, _BLOCKS)
    if found == 4:  # noqa: PLR2004  a version, not a magnitude
        return
    _run(connection, _UNROLLED)
    if found == 1:
        _renew_rows(connection, quality=_QUALITY_CODE)
        _run(connection, _ROLLUPS, _SEALED)
        _roll_up_all(connection)
        return
    _renew_rows(connection, quality="quality")
    if found == 2:  # noqa: PLR2004  a version, not a magnitude
        _renew_sealed(connection)


def _renew_rows(connection: sqlite3.Connection, *, quality: str) -> None:
    """Versions 1 to 3 had a column for each value; version 1 kept qualities as words."""
    connection.execute("ALTER TABLE fill RENAME TO fill_old")
    connection.execute("ALTER TABLE latest RENAME TO latest_old")
    _run(connection, _FILL, _LATEST)
    rows = connection.execute(
        f"SELECT device, observed_us, {quality}, filling_level, distance_mm, temperature_c,"  # noqa: S608  constants only
        " battery_v, battery_ratio, cover_open, out_of_position, rssi_dbm FROM fill_old"
    )
    connection.executemany(
        "INSERT INTO fill VALUES (?, ?, ?)",
        ((row[1], row[0], pack_kept(KeptReading(*row[1:]))) for row in rows),
    )
    for device, record in connection.execute("SELECT device, record FROM latest_old"):
        row = latest_row(device, decode_record(record))
        connection.execute("INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.execute("DROP TABLE fill_old")
    connection.execute("DROP TABLE latest_old")


def _renew_sealed(connection: sqlite3.Connection) -> None:
    """Version 2 kept sealed days by a key of two columns."""
    connection.execute("ALTER TABLE sealed RENAME TO sealed_2")
    _run(connection, _SEALED)
    connection.execute(
        "INSERT INTO sealed SELECT (day << 32) + device, readings, chunk FROM sealed_2"
    )
    connection.execute("DROP TABLE sealed_2")


def _roll_up_all(connection: sqlite3.Connection) -> None:
    tallies = tallies_between(connection, 0, _END_OF_TIME_US)
    fold_days(connection, put_hours(connection, tallies))
