"""The journal as other processes read it: read-only, by position."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from domain.records import JournalEntry, UplinkId
from ingest.instants import from_us
from ingest.journal_runs import records_of
from ingest.journal_schema import JOURNAL_SCHEMA_VERSION, newest_position, schema_version
from ingest.ports.journal import LATE, SETS_STATE
from ingest.reading import open_when_written
from wire.records import decode_record

_READ = (
    "SELECT position, count, records, gateway_id, boot_id, first, received_us, marks"
    " FROM runs JOIN uplinks ON uplinks.number = runs.uplink"
    " WHERE position > ? ORDER BY position"
)
_READ_ENCODED = "SELECT position, count, records FROM runs WHERE position > ? ORDER BY position"


class _Part(NamedTuple):
    """What was asked for of a run: its records at ``places``, behind position ``behind``."""

    run: Sequence[Any]
    behind: int
    places: range

    def records(self) -> list[bytes]:
        """Return the records that were asked for."""
        _, count, records, *_ = self.run
        return records_of(count, records)[self.places.start : self.places.stop]


class SqliteRecordFeed:
    """Fulfils ``domain.ports.record_feed.RecordFeed`` over ingest's file.

    It can only read. While the journal does not exist yet, or is of an older version that ingest
    has not upgraded yet, it gives no entries. Any thread may call; they take turns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def read(self, *, after: int, limit: int) -> Sequence[JournalEntry]:
        """Return up to ``limit`` entries behind position ``after``, oldest first."""
        return [entry for part in self._parts(_READ, after, limit) for entry in _entries(part)]

    def read_encoded(self, *, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Return positions and records as they were committed, for who needs no more of them."""
        rows: list[tuple[int, bytes]] = []
        for part in self._parts(_READ_ENCODED, after, limit):
            rows += enumerate(part.records(), part.behind + part.places.start + 1)
        return rows

    def _parts(self, query: str, after: int, limit: int) -> Sequence[_Part]:
        """Return the runs behind ``after`` that hold ``limit`` entries, and which of theirs."""
        parts: list[_Part] = []
        left = limit
        with self._lock:
            connection = self._open()
            if connection is None or schema_version(connection) < JOURNAL_SCHEMA_VERSION:
                return parts
            with closing(connection.execute(query, (after,))) as runs:
                while left > 0 and (run := runs.fetchone()) is not None:
                    position, count, *_ = run
                    behind = position - count
                    skipped = max(0, after - behind)
                    places = range(skipped, min(count, skipped + left))
                    parts.append(_Part(run, behind, places))
                    left -= len(places)
        return parts

    def newest_position(self) -> int:
        """Return the position of the newest entry, 0 when there is none."""
        with self._lock:
            connection = self._open()
            return 0 if connection is None else newest_position(connection)

    def close(self) -> None:
        """Close the file; reading opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None:
            self._connection = open_when_written(self._path)
        return self._connection


def _entries(part: _Part) -> Iterator[JournalEntry]:
    _, _, _, gateway_id, boot_id, first, received_us, marks = part.run
    received_at = from_us(received_us)
    for place, record in zip(part.places, part.records(), strict=True):
        yield JournalEntry(
            position=part.behind + place + 1,
            uplink_id=UplinkId(gateway_id=gateway_id, boot_id=boot_id, sequence=first + place),
            received_at=received_at,
            late=bool(marks[place] & LATE),
            sets_state=bool(marks[place] & SETS_STATE),
            record=decode_record(record),
        )
