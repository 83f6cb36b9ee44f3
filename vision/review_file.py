"""Reviews in a SQLite file of their own."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from domain.cases import Actor
from domain.checks import InvalidValueError
from domain.reviews import DetectionKey, Review
from storage.sqlite import SqliteFile, open_reader

_log = structlog.get_logger()

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS reviews (
        device_id TEXT NOT NULL, observed_at TEXT NOT NULL, zone_id TEXT NOT NULL,
        problem_class TEXT NOT NULL, answered_at TEXT NOT NULL, review BLOB NOT NULL,
        PRIMARY KEY (device_id, observed_at, zone_id, problem_class)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS reviews_by_time ON reviews (answered_at)",
    """CREATE TABLE IF NOT EXISTS review_log (
        position INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, what TEXT NOT NULL,
        device_id TEXT NOT NULL, observed_at TEXT NOT NULL, zone_id TEXT NOT NULL,
        problem_class TEXT NOT NULL
    )""",
)
_FORGET = """DELETE FROM reviews WHERE device_id = ? AND observed_at = ? AND zone_id = ?
    AND problem_class = ?"""
_KEEP = "INSERT INTO reviews VALUES (?, ?, ?, ?, ?, ?)"
_LOG = """INSERT INTO review_log (at, actor, what, device_id, observed_at, zone_id, problem_class)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_READ = """SELECT review FROM reviews WHERE answered_at >= ? AND (? IS NULL OR device_id = ?)
    ORDER BY answered_at, device_id, zone_id, problem_class"""


class ReviewFile:
    """Fulfils ``domain.ports.review_book.ReviewBook``; this process alone writes the file.

    ``review_log`` keeps every answer and every one taken back. Thread-safe; raises what
    :class:`storage.sqlite.SqliteFile` raises.
    """

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)
        with self._file.transaction() as connection:
            for statement in _SCHEMA:
                connection.execute(statement)

    def answer(self, review: Review) -> None:
        """Keep an answer; another one to the same detection takes its place."""
        key, at = _key(review.detection.key), _text(review.answered_at)
        with self._file.transaction() as connection:
            connection.execute(_FORGET, key)
            connection.execute(_KEEP, (*key, at, msgspec.json.encode(review)))
            connection.execute(_LOG, (at, str(review.answered_by), str(review.answer), *key))

    def take_back(self, key: DetectionKey, *, by: Actor, at: datetime) -> bool:
        """Forget the answer to a detection; return whether there was one."""
        columns = _key(key)
        with self._file.transaction() as connection:
            was_there = connection.execute(_FORGET, columns).rowcount > 0
            if was_there:
                connection.execute(_LOG, (_text(at), str(by), "taken_back", *columns))
        return was_there

    def answers(
        self, *, since: datetime | None = None, device_id: str | None = None
    ) -> Sequence[Review]:
        """Return the answers given from ``since`` on, the oldest first, of all or one camera."""
        wanted = ("" if since is None else _text(since), device_id, device_id)
        with self._file.transaction() as connection:
            rows = connection.execute(_READ, wanted).fetchall()
        return reviews_of(rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_reviews(path: Path) -> Sequence[Review]:
    """Return the answers of a file that another process may be writing, the oldest first.

    Raises ``OSError`` where there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    connection = open_reader(path)
    try:
        return reviews_of(connection.execute(_READ, ("", None, None)).fetchall())
    except sqlite3.DatabaseError as error:
        msg = f"{path}: {error}"
        raise OSError(msg) from error
    finally:
        connection.close()


def reviews_of(rows: Sequence[tuple[bytes]]) -> list[Review]:
    """Return the reviews of rows; one that cannot be read is logged and left out."""
    found = []
    for (packed,) in rows:
        try:
            found.append(msgspec.json.decode(packed, type=Review))
        except (msgspec.DecodeError, InvalidValueError) as error:
            _log.error("review_unreadable", error=str(error))
    return found


def _key(key: DetectionKey) -> tuple[str, str, str, str]:
    return key.device_id, _text(key.observed_at), key.zone_id, str(key.problem_class)


def _text(instant: datetime) -> str:
    """A text that sorts as the instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
