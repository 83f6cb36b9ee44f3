"""The journal as other processes read it: read-only, by position."""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from domain.records import JournalEntry, UplinkId
from ingest.instants import from_us
from ingest.journal import newest_position
from ingest.reading import open_when_written
from wire.records import decode_record

_READ = (
    "SELECT position, gateway_id, boot_id, sequence, received_us, late, sets_state, record"
    " FROM journal JOIN uplinks ON uplinks.number = journal.uplink"
    " WHERE position > ? ORDER BY position LIMIT ?"
)
_READ_ENCODED = "SELECT position, record FROM journal WHERE position > ? ORDER BY position LIMIT ?"


class SqliteRecordFeed:
    """Fulfils ``domain.ports.record_feed.RecordFeed`` over ingest's file.

    It can only read. While the journal does not exist yet there is nothing in it. Any thread may
    call; they take turns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def read(self, *, after: int, limit: int) -> Sequence[JournalEntry]:
        """Return up to ``limit`` entries behind position ``after``, oldest first."""
        with self._lock:
            connection = self._open()
            if connection is None:
                return []
            rows = connection.execute(_READ, (after, limit)).fetchall()
        return [
            JournalEntry(
                position=position,
                uplink_id=UplinkId(gateway_id=gateway_id, boot_id=boot_id, sequence=sequence),
                received_at=from_us(received_us),
                late=bool(late),
                sets_state=bool(sets_state),
                record=decode_record(record),
            )
            for (
                position,
                gateway_id,
                boot_id,
                sequence,
                received_us,
                late,
                sets_state,
                record,
            ) in rows
        ]

    def read_encoded(self, *, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Return positions and records as they were committed, for who needs no more of them."""
        with self._lock:
            connection = self._open()
            if connection is None:
                return []
            return connection.execute(_READ_ENCODED, (after, limit)).fetchall()

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
