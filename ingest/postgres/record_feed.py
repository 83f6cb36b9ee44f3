"""The journal on PostgreSQL as its readers see it: read-only, by position."""

import threading
from collections.abc import Sequence
from typing import Any

from sqlalchemy import URL, Connection, Row, Select, select

from domain.records import JournalEntry, UplinkId
from ingest.instants import from_us
from ingest.postgres.schema import SCHEMA, entries, tail, uplinks
from storage.postgres import reading_engine
from wire.records import decode_record
from wire.shards import ALL_SHARDS

_TAIL = select(tail.c.position)


class PostgresRecordFeed:
    """Fulfils ``domain.ports.record_feed.RecordFeed``; with ``shards``, of their gateways only.

    Raises ``DatabaseUnavailableError`` during an outage. Any thread may call; they take turns.
    """

    def __init__(self, url: URL | str, *, shards: Sequence[int] = ALL_SHARDS) -> None:
        self._engine = reading_engine(url, schema=SCHEMA, application="huanwei-feed")
        self._shards = None if tuple(shards) == ALL_SHARDS else list(shards)
        self._lock = threading.Lock()
        self._nothing_in = (0, 0)

    def read(self, *, after: int, limit: int) -> Sequence[JournalEntry]:
        """Return up to ``limit`` entries behind position ``after``, oldest first."""
        query = select(
            entries.c.position,
            uplinks.c.gateway_id,
            uplinks.c.boot_id,
            entries.c.sequence,
            entries.c.received_us,
            entries.c.late,
            entries.c.sets_state,
            entries.c.record,
        ).join_from(entries, uplinks, entries.c.uplink == uplinks.c.number)
        return [
            JournalEntry(
                position=row.position,
                uplink_id=UplinkId(
                    gateway_id=row.gateway_id, boot_id=row.boot_id, sequence=row.sequence
                ),
                received_at=from_us(row.received_us),
                late=row.late,
                sets_state=row.sets_state,
                record=decode_record(row.record),
            )
            for row in self._rows(query, after=after, limit=limit)
        ]

    def read_encoded(self, *, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Return positions and records as they were committed, for who needs no more of them."""
        query = select(entries.c.position, entries.c.record)
        if self._shards is not None:
            query = query.join_from(entries, uplinks, entries.c.uplink == uplinks.c.number)
        return [(row.position, row.record) for row in self._rows(query, after=after, limit=limit)]

    def newest_position(self) -> int:
        """Return the position of the newest entry, 0 when there is none."""
        with self._engine.connect() as connection:
            return _tail(connection)

    def close(self) -> None:
        """Close the connections; reading opens one again."""
        self._engine.dispose()

    def _rows(self, query: Select[Any], *, after: int, limit: int) -> Sequence[Row[Any]]:
        if self._shards is not None:
            query = query.where(uplinks.c.shard.in_(self._shards))
        with self._lock, self._engine.connect() as connection:
            # First the end, then the entries: what lies between them is of no concern then.
            end = _tail(connection)
            behind = self._behind(after, end)
            found = connection.execute(
                query.where(entries.c.position > behind).order_by(entries.c.position).limit(limit)
            ).fetchall()
            if len(found) < limit:
                last = found[-1].position if found else after
                self._nothing_in = (last, max(last, end))
        return found

    def _behind(self, after: int, end: int) -> int:
        """Return ``after``, or where the entries of others end that were seen to follow it.

        Without this a worker whose own gateways are silent would read those of all others again
        and again.
        """
        first, last = self._nothing_in
        return last if first <= after <= last <= end else after


def _tail(connection: Connection) -> int:
    position: int = connection.execute(_TAIL).scalar_one()
    return position
