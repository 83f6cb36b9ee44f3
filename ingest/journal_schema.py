"""The tables of ``journal.db``, and how a file of an older version becomes one of today."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import structlog

from ingest.journal_runs import MOST_RECORDS, RUNS_SCHEMA, Columns, insert_runs
from ingest.ports.journal import LATE, SETS_STATE, Run
from ingest.quality_tables import QUALITY_SCHEMA
from storage.sqlite import SqliteFile

JOURNAL_SCHEMA_VERSION = 3
"""2 has the bookkeeping of quality; 3 keeps records in runs, where 1 and 2 had a row for each."""

_TABLES = """
CREATE TABLE uplinks (
  number INTEGER PRIMARY KEY,
  gateway_id TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  through INTEGER NOT NULL,
  missing TEXT NOT NULL,
  heard_us INTEGER NOT NULL,
  UNIQUE (gateway_id, boot_id)
);
CREATE TABLE newest (
  device_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  observed_us INTEGER NOT NULL,
  PRIMARY KEY (device_id, kind)
) WITHOUT ROWID;
CREATE TABLE pictures (
  sha256 TEXT NOT NULL,
  device_id TEXT NOT NULL,
  observed_us INTEGER NOT NULL,
  received_us INTEGER NOT NULL,
  PRIMARY KEY (observed_us, device_id, sha256)
) WITHOUT ROWID;
CREATE TABLE dead_letters (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  first_at_us INTEGER NOT NULL,
  last_at_us INTEGER NOT NULL,
  times INTEGER NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  gateway_id TEXT NOT NULL,
  boot_id TEXT,
  sequence INTEGER,
  size INTEGER NOT NULL,
  digest TEXT NOT NULL,
  payload BLOB NOT NULL,
  UNIQUE (gateway_id, reason, digest)
);
"""

_OLD_ROWS = (
    "SELECT position, uplink, sequence, observed_us, received_us, late, sets_state, record"
    " FROM journal ORDER BY position"
)
_OLD_NEWEST = (
    "SELECT coalesce((SELECT max(position) FROM journal),"
    " (SELECT seq FROM sqlite_sequence WHERE name = 'journal'), 0)"
)
_NEWEST = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'runs'"
_OLD_VERSIONS = frozenset({1, 2})

_log = structlog.get_logger(__name__)


class OtherSchemaError(Exception):
    """The file was written by another version of this program. Use that one, or another folder."""


def open_journal_schema(file: SqliteFile) -> None:
    """Make the tables of a new file, or those of an old one the tables of today.

    That is one transaction, so a kill leaves the old file. Raises :class:`OtherSchemaError` for a
    file of a later version.
    """
    found = schema_version(file.connection)
    if found in _OLD_VERSIONS:
        newest = newest_position(file.connection)
        _log.info("journal_upgrade_begins", file=str(file.path), schema=found, newest=newest)
        with file.transaction() as connection:
            _upgrade(connection, found)
        _log.info("journal_upgraded", file=str(file.path), schema=JOURNAL_SCHEMA_VERSION)
    open_schema(file, _TABLES + RUNS_SCHEMA + QUALITY_SCHEMA, JOURNAL_SCHEMA_VERSION)


def open_schema(file: SqliteFile, schema: str, version: int) -> None:
    """Create the tables in a new file; raise :class:`OtherSchemaError` for a foreign one."""
    found = schema_version(file.connection)
    if found == 0:
        with file.transaction() as connection:
            _create(connection, schema)
            connection.execute(f"PRAGMA user_version = {version}")
    elif found != version:
        msg = f"{file.path} has schema {found}, this program writes {version}"
        raise OtherSchemaError(msg)


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the schema version of a file, 0 for a new one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def newest_position(connection: sqlite3.Connection) -> int:
    """Return the newest entry's position, also when that has been trimmed; of any version.

    In a file of an older version duplicates may have used up positions behind it: none of those
    was ever told to anybody.
    """
    is_old = schema_version(connection) in _OLD_VERSIONS
    (position,) = connection.execute(_OLD_NEWEST if is_old else _NEWEST).fetchone()
    return int(position)


def _create(connection: sqlite3.Connection, schema: str) -> None:
    for statement in schema.split(";\n"):
        connection.execute(statement)


class _OldRow(NamedTuple):
    """A record of schema 1 and 2."""

    position: int
    uplink: int
    sequence: int
    observed_us: int
    received_us: int
    late: int
    sets_state: int
    record: bytes


def _upgrade(connection: sqlite3.Connection, found: int) -> None:
    if found == 1:
        _create(connection, QUALITY_SCHEMA)
    _create(connection, RUNS_SCHEMA)
    newest = newest_position(connection)
    connection.execute("INSERT INTO sqlite_sequence VALUES ('runs', ?)", (newest,))
    for rows in _that_came_together(map(_OldRow._make, connection.execute(_OLD_ROWS))):
        first = rows[0]
        columns = Columns(
            encoded=[row.record for row in rows],
            observed_us=[row.observed_us for row in rows],
            marks=bytes(LATE * row.late | SETS_STATE * row.sets_state for row in rows),
        )
        insert_runs(
            connection,
            [Run(first.uplink, first.sequence, len(rows))],
            columns,
            received_us=first.received_us,
            behind=first.position - 1,
        )
    # Some builds of SQLite write zeros over what is freed, which would double the upgrade's log.
    (zeroes,) = connection.execute("PRAGMA secure_delete").fetchone()
    connection.execute("PRAGMA secure_delete = 0")
    connection.execute("DROP TABLE journal")
    connection.execute(f"PRAGMA secure_delete = {zeroes}")
    connection.execute(f"PRAGMA user_version = {JOURNAL_SCHEMA_VERSION}")


def _that_came_together(rows: Iterable[_OldRow]) -> Iterator[Sequence[_OldRow]]:
    """Return the rows in groups that may be a run: nothing missing among ids and positions."""
    group: list[_OldRow] = []
    for row in rows:
        if group:
            last = group[-1]
            follows = (
                row.position == last.position + 1
                and row.uplink == last.uplink
                and row.sequence == last.sequence + 1
                and row.received_us == last.received_us
            )
            if not follows or len(group) == MOST_RECORDS:
                yield group
                group = []
        group.append(row)
    if group:
        yield group
