"""The journal in SQLite: one transaction a round, uniqueness by its indexes."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path

from domain.records import RecordKind
from ingest.dead_letters import DeadLetter, letter_values
from ingest.instants import from_us, to_us
from ingest.journal_rows import (
    MOST_DEAD_LETTERS,
    conflict_letter,
    newest_states,
    rows_left_out,
    says_other,
)
from ingest.judge import NewestTimes, StoredTime
from ingest.many_rows import ManyRows
from ingest.ports.journal import Committed, JournalRow, Known, Round, Uplink
from ingest.quality_tables import QUALITY_SCHEMA, counts_of, put_quality, trim_quality
from ingest.uplink_progress import UplinkProgress
from storage.sqlite import SqliteFile

_SCHEMA_VERSION = 2

# Positions are AUTOINCREMENT, so that they never start again when all entries have been trimmed.
# The identity index begins with the time: records come in order of time, so its new entries lie
# side by side instead of touching a page for each device.
_SCHEMA_1 = """
CREATE TABLE uplinks (
  number INTEGER PRIMARY KEY,
  gateway_id TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  through INTEGER NOT NULL,
  missing TEXT NOT NULL,
  heard_us INTEGER NOT NULL,
  UNIQUE (gateway_id, boot_id)
);
CREATE TABLE journal (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  uplink INTEGER NOT NULL REFERENCES uplinks (number),
  sequence INTEGER NOT NULL,
  device_id TEXT NOT NULL,
  observed_us INTEGER NOT NULL,
  kind TEXT NOT NULL,
  received_us INTEGER NOT NULL,
  late INTEGER NOT NULL,
  sets_state INTEGER NOT NULL,
  record BLOB NOT NULL
);
CREATE UNIQUE INDEX journal_uplink ON journal (uplink, sequence);
CREATE UNIQUE INDEX journal_identity ON journal (observed_us, device_id, kind);
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

_ROWS = ManyRows(
    "journal (uplink, sequence, device_id, observed_us, kind, received_us, late, sets_state,"
    " record)",
    columns=9,
    then="ON CONFLICT DO NOTHING",
)
_BOUND_AT_ONCE = 250
"""So many rows stay in the processor's cache until they are inserted."""

_PUT_UPLINK = (
    "INSERT INTO uplinks VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET"
    " through = excluded.through, missing = excluded.missing, heard_us = excluded.heard_us"
)
_NEWEST = ManyRows(
    "newest",
    columns=3,
    then="ON CONFLICT DO UPDATE SET observed_us = max(observed_us, excluded.observed_us)",
)
_PUT_LETTER = (
    "INSERT INTO dead_letters (first_at_us, last_at_us, times, reason, detail, gateway_id,"
    " boot_id, sequence, size, digest, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (gateway_id, reason, digest) DO UPDATE SET"
    " times = times + 1, last_at_us = excluded.last_at_us"
)

_LATE = attrgetter("late")


class OtherSchemaError(Exception):
    """The file was written by another version of this program. Use that one, or another folder."""


class SqliteJournal:
    """Fulfils ``ingest.ports.journal.Journal``; the one writer of ``path``.

    Raises what :class:`storage.sqlite.SqliteFile` raises, and :class:`OtherSchemaError`. Used by
    one thread at a time.
    """

    def __init__(self, path: Path, *, most_dead_letters: int = MOST_DEAD_LETTERS) -> None:
        self._most_letters = most_dead_letters
        self._file = SqliteFile(path)
        try:
            _upgrade(self._file)
            open_schema(self._file, _SCHEMA_1 + QUALITY_SCHEMA, _SCHEMA_VERSION)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file and give up its lock."""
        self._file.close()

    def load(self) -> Known:
        """Return what is committed; also ends what a failed round has left open."""
        connection = self._file.connection
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        uplinks = [
            Uplink(
                number=number,
                gateway_id=gateway_id,
                boot_id=boot_id,
                progress=UplinkProgress(through, [(a, b) for a, b in json.loads(missing)]),
            )
            for number, gateway_id, boot_id, through, missing in connection.execute(
                "SELECT number, gateway_id, boot_id, through, missing FROM uplinks"
            )
        ]
        return Known(uplinks, NewestTimes(self._newest_times))

    def _newest_times(self, device_ids: Collection[str]) -> list[StoredTime]:
        rows = self._file.connection.execute(
            "SELECT device_id, kind, observed_us FROM newest"
            " WHERE device_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(device_ids)),),
        )
        return [(device_id, RecordKind(kind), from_us(us)) for device_id, kind, us in rows]

    def find(self, uplink: int, sequence: int) -> bytes | None:
        """Return the encoded record committed under that uplink id, or None."""
        return _one_record(
            self._file.connection.execute(
                "SELECT record FROM journal WHERE uplink = ? AND sequence = ?", (uplink, sequence)
            )
        )

    def newest_position(self) -> int:
        """Return the position of the newest entry ever committed, 0 when there is none."""
        return newest_position(self._file.connection)

    def commit(self, round_: Round) -> Committed:
        """Commit the round durably, or raise ``sqlite3.Error`` and leave everything as it was."""
        received_us = to_us(round_.received_at)
        with self._file.transaction() as connection:
            _put_uplinks(connection, round_.uplinks.values(), received_us)
            before = newest_position(connection)
            rows = round_.rows()
            collided = _insert(connection, rows, before)
            newest = newest_position(connection)
            conflicting = [row for row in collided if _is_conflict(connection, row)]
            conflicts = [conflict_letter(row, round_) for row in conflicting]
            states = newest_states(round_)
            _NEWEST.insert(connection, [(*key, us) for key, us in states.items()])
            connection.executemany(
                "INSERT INTO pictures VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(p.sha256, p.device_id, p.observed_us, p.received_us) for p in round_.pictures],
            )
            trimmed = _put_letters(connection, [*round_.letters, *conflicts], self._most_letters)
            put_quality(
                connection,
                counts=counts_of(round_, rows, collided=collided, conflicting=conflicting),
                hours=round_.hours,
                received_us=received_us,
            )
        late = sum(map(_LATE, rows)) - sum(map(_LATE, collided))
        return Committed(
            accepted=len(rows) - len(collided),
            late=late,
            duplicates=len(collided) - len(conflicts),
            conflicts=len(conflicts),
            letters_trimmed=trimmed,
            span=None if collided else (before, newest),
        )

    def trim(self, *, before: datetime, through: int, most: int) -> int:
        """Remove up to ``most`` entries received before that time, none behind ``through``.

        Uplinks, picture rows and bookkeeping as old go with them.
        """
        before_us = to_us(before)
        oldest = self._file.connection.execute(
            "SELECT received_us FROM journal ORDER BY position LIMIT 1"
        ).fetchone()
        if oldest is None or oldest[0] >= before_us:
            return 0
        with self._file.transaction() as connection:
            removed = connection.execute(
                "DELETE FROM journal WHERE received_us < ? AND position IN"
                " (SELECT position FROM journal WHERE position <= ? ORDER BY position LIMIT ?)",
                (before_us, through, most),
            ).rowcount
            connection.execute(
                "DELETE FROM uplinks WHERE heard_us < ? AND NOT EXISTS"
                " (SELECT 1 FROM journal WHERE journal.uplink = uplinks.number)",
                (before_us,),
            )
            connection.execute("DELETE FROM pictures WHERE observed_us < ?", (before_us,))
            trim_quality(connection, before_us=before_us)
        return removed


def _upgrade(file: SqliteFile) -> None:
    """Bring a file of schema 1 to that of today, in one transaction; leave any other as it is."""
    (found,) = file.connection.execute("PRAGMA user_version").fetchone()
    if found == 1:
        with file.transaction() as connection:
            for statement in QUALITY_SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


def open_schema(file: SqliteFile, schema: str, version: int) -> None:
    """Create the tables in a new file; raise :class:`OtherSchemaError` for a foreign one."""
    (found,) = file.connection.execute("PRAGMA user_version").fetchone()
    if found == 0:
        with file.transaction() as connection:
            for statement in schema.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")
    elif found != version:
        msg = f"{file.path} has schema {found}, this program writes {version}"
        raise OtherSchemaError(msg)


def newest_position(connection: sqlite3.Connection) -> int:
    """Return the newest entry's position, the last one given when all entries are trimmed.

    Positions may have holes: a row that collides in the insert has used one up.
    """
    (position,) = connection.execute(
        "SELECT coalesce((SELECT max(position) FROM journal),"
        " (SELECT seq FROM sqlite_sequence WHERE name = 'journal'), 0)"
    ).fetchone()
    return int(position)


def _insert(
    connection: sqlite3.Connection, rows: Sequence[JournalRow], before: int
) -> list[JournalRow]:
    """Insert the rows behind ``before``; return those whose uplink id or identity was there."""
    if not rows:
        return []
    inserted = 0
    for start in range(0, len(rows), _BOUND_AT_ONCE):
        # The driver asks for an adapter of everything but exact int, float, str and bytearray: with
        # bools and bytes the insert takes half as long again.
        bound = [
            (uplink, sequence, device, observed_us, kind, at_us, +late, +state, bytearray(record))
            for uplink, sequence, device, observed_us, kind, at_us, late, state, record in rows[
                start : start + _BOUND_AT_ONCE
            ]
        ]
        inserted += _ROWS.insert(connection, bound)
    if inserted == len(rows):
        return []
    stored = connection.execute(
        "SELECT uplink, sequence FROM journal WHERE position > ?", (before,)
    )
    return rows_left_out(rows, stored)


def _is_conflict(connection: sqlite3.Connection, row: JournalRow) -> bool:
    by_uplink = connection.execute(
        "SELECT record FROM journal WHERE uplink = ? AND sequence = ?", (row.uplink, row.sequence)
    )
    by_identity = connection.execute(
        "SELECT record FROM journal WHERE observed_us = ? AND device_id = ? AND kind = ?",
        (row.observed_us, row.device_id, row.kind),
    )
    return says_other(row, [record for (record,) in (*by_uplink, *by_identity)])


def _put_uplinks(connection: sqlite3.Connection, uplinks: Iterable[Uplink], heard_us: int) -> None:
    connection.executemany(
        _PUT_UPLINK,
        [
            (
                uplink.number,
                uplink.gateway_id,
                uplink.boot_id,
                uplink.progress.through,
                json.dumps(uplink.progress.missing),
                heard_us,
            )
            for uplink in uplinks
        ],
    )


def _put_letters(
    connection: sqlite3.Connection, letters: Sequence[DeadLetter], most_letters: int
) -> int:
    """Add the letters; return how many old ones had to go."""
    if not letters:
        return 0
    connection.executemany(_PUT_LETTER, [letter_values(letter) for letter in letters])
    return connection.execute(
        # By their count: every repeat uses a number up too, and must push no other letter out.
        "DELETE FROM dead_letters WHERE number <="
        " (SELECT number FROM dead_letters ORDER BY number DESC LIMIT 1 OFFSET ?)",
        (most_letters,),
    ).rowcount


def _one_record(cursor: sqlite3.Cursor) -> bytes | None:
    row = cursor.fetchone()
    return None if row is None else row[0]
