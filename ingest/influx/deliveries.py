"""How far each feed has come into InfluxDB, and what it refused: a small file of its own."""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.influx.refusals import PointRefusal, RefusedPoint
from ingest.instants import from_us, to_us
from ingest.journal_schema import open_schema
from ingest.reading import open_when_written
from storage.sqlite import SqliteFile

MOST_DEAD_LETTERS = 20_000
"""Beyond this the oldest go: garbage must not fill the disk that good records need."""

MOST_CONTENT_BYTES = 16 * 1024
_MOST_DETAIL = 500

_SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE cursors (
  feed TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE dead_letters (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  first_at_us INTEGER NOT NULL,
  last_at_us INTEGER NOT NULL,
  times INTEGER NOT NULL,
  feed TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  digest TEXT NOT NULL,
  content BLOB NOT NULL,
  UNIQUE (feed, reason, digest)
);
"""

_PUT_CURSOR = (
    "INSERT INTO cursors VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position"
)
_PUT_LETTER = (
    "INSERT INTO dead_letters"
    " (first_at_us, last_at_us, times, feed, reason, detail, digest, content)"
    " VALUES (?, ?, 1, ?, ?, ?, ?, ?) ON CONFLICT (feed, reason, digest) DO UPDATE SET"
    " times = times + 1, last_at_us = excluded.last_at_us"
)
_TRIM = (
    "DELETE FROM dead_letters WHERE number <="
    " (SELECT number FROM dead_letters ORDER BY number DESC LIMIT 1 OFFSET ?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLetter:
    """A point that InfluxDB or we refused; the same again only counts in ``times``."""

    feed: str
    reason: PointRefusal
    detail: str
    first_at: datetime
    last_at: datetime
    times: int
    content: bytes


class SqliteDeliveries:
    """The one writer of ``path``. Any thread may call; they take turns.

    Raises what :class:`storage.sqlite.SqliteFile` and
    :func:`ingest.journal_schema.open_schema` raise.
    """

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)
        try:
            open_schema(self._file, _SCHEMA, _SCHEMA_VERSION)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file and give up its lock."""
        self._file.close()

    def cursor(self, feed: str) -> int:
        """Return the position up to which ``feed`` is in InfluxDB or in dead letters."""
        # A transaction, because another feed's may be open on the same connection.
        with self._file.transaction() as connection:
            row = connection.execute(
                "SELECT position FROM cursors WHERE feed = ?", (feed,)
            ).fetchone()
        return 0 if row is None else int(row[0])

    def advance(
        self, feed: str, position: int, refused: Sequence[RefusedPoint] = (), *, at: datetime
    ) -> int:
        """Move the cursor of ``feed`` and keep what was refused, in one transaction.

        Return how many of the oldest dead letters went for room.
        """
        at_us = to_us(at)
        with self._file.transaction() as connection:
            connection.execute(_PUT_CURSOR, (feed, position))
            if not refused:
                return 0
            connection.executemany(
                _PUT_LETTER,
                [
                    (
                        at_us,
                        at_us,
                        feed,
                        point.reason,
                        point.detail[:_MOST_DETAIL],
                        hashlib.sha256(point.content).hexdigest(),
                        point.content[:MOST_CONTENT_BYTES],
                    )
                    for point in refused
                ],
            )
            return connection.execute(_TRIM, (MOST_DEAD_LETTERS,)).rowcount


def read_refused(path: Path, *, limit: int) -> list[RefusedLetter]:
    """Return the letters that came last, newest first; a file that is not there yet has none."""
    connection = open_when_written(path)
    if connection is None:
        return []
    with closing(connection):
        rows = connection.execute(
            "SELECT feed, reason, detail, first_at_us, last_at_us, times, content"
            " FROM dead_letters ORDER BY last_at_us DESC, number DESC LIMIT ?",
            (limit,),
        ).fetchall()
    return [
        RefusedLetter(
            feed=feed,
            reason=PointRefusal(reason),
            detail=detail,
            first_at=from_us(first_us),
            last_at=from_us(last_us),
            times=times,
            content=content,
        )
        for feed, reason, detail, first_us, last_us, times, content in rows
    ]
