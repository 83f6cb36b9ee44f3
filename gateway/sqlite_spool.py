"""The spool of records in the gateway's SQLite file."""

import threading
from collections.abc import Iterator, Mapping, Sequence

from gateway.errors import SpoolFullError
from gateway.spool import SpooledRecord, SpoolExtent, SpoolLimits
from gateway.spool_file import SpoolFile


class SqliteSpool:
    """Fulfils :class:`gateway.spool.Spool`: one transaction per append, ``synchronous=FULL``."""

    def __init__(self, file: SpoolFile, limits: SpoolLimits | None = None) -> None:
        self._file = file
        self._limits = limits or SpoolLimits()
        self._lock = threading.Lock()
        with file.transaction() as connection:
            (self._next,) = connection.execute(
                "SELECT next FROM counter WHERE name = 'sequence'"
            ).fetchone()
            self._records, self._bytes = connection.execute(
                "SELECT count(*), coalesce(sum(length(body)), 0) FROM record"
            ).fetchone()
            self._oldest = self._find_oldest(connection.execute(_OLDEST).fetchone())

    @property
    def boot_id(self) -> str:
        """16 hex digits, made when the file was created."""
        return self._file.boot_id

    def append(self, records: Sequence[bytes], *, notes: Mapping[str, bytes]) -> range:
        """Keep records and notes in one transaction; return the sequences given."""
        with self._lock:
            size = sum(map(len, records))
            self._check_room(len(records), size)
            given = range(self._next, self._next + len(records))
            with self._file.transaction() as connection:
                connection.executemany(
                    "INSERT INTO record VALUES (?, ?)", zip(given, records, strict=True)
                )
                connection.executemany("INSERT OR REPLACE INTO note VALUES (?, ?)", notes.items())
                connection.execute(
                    "UPDATE counter SET next = ? WHERE name = 'sequence'", (given.stop,)
                )
            if not self._records:
                self._oldest = given.start
            self._next = given.stop
            self._records += len(records)
            self._bytes += size
            return given

    def peek(
        self, *, first: int, last: int, most_records: int, most_bytes: int
    ) -> Sequence[SpooledRecord]:
        """Return held records of a range, oldest first, within both limits."""
        found: list[SpooledRecord] = []
        with self._file.transaction() as connection:
            rows = connection.execute(
                "SELECT sequence, body FROM record WHERE sequence BETWEEN ? AND ?"
                " ORDER BY sequence LIMIT ?",
                (first, last, most_records),
            )
            for sequence, body in rows:
                most_bytes -= len(body)
                if found and most_bytes < 0:
                    break
                found.append(SpooledRecord(sequence, body))
            rows.close()
        return found

    def confirm(self, *, through: int, missing: Sequence[tuple[int, int]]) -> int:
        """Delete what is confirmed; return how many records that were."""
        with self._lock:
            gone, size = 0, 0
            with self._file.transaction() as connection:
                for first, last in _confirmed_ranges(self._oldest, through, missing):
                    for (length,) in connection.execute(_DELETE_RANGE, (first, last)).fetchall():
                        gone += 1
                        size += length
                oldest = connection.execute(_OLDEST).fetchone()
            self._records -= gone
            self._bytes -= size
            self._oldest = self._find_oldest(oldest)
            return gone

    def extent(self) -> SpoolExtent:
        """Return what is held."""
        with self._lock:
            return SpoolExtent(
                oldest=self._oldest,
                newest=self._next - 1,
                records=self._records,
                body_bytes=self._bytes,
            )

    def notes(self) -> Mapping[str, bytes]:
        """Return the newest note of every key."""
        with self._file.transaction() as connection:
            return dict(connection.execute("SELECT key, body FROM note").fetchall())

    def _check_room(self, records: int, size: int) -> None:
        if self._records + records > self._limits.records:
            msg = f"{self._records} records wait, at most {self._limits.records}"
            raise SpoolFullError(msg)
        if self._bytes + size > self._limits.record_bytes:
            msg = f"{self._bytes} bytes wait, at most {self._limits.record_bytes}"
            raise SpoolFullError(msg)

    def _find_oldest(self, row: tuple[int | None]) -> int:
        return self._next if row[0] is None else row[0]


_OLDEST = "SELECT min(sequence) FROM record"
_DELETE_RANGE = "DELETE FROM record WHERE sequence BETWEEN ? AND ? RETURNING length(body)"


def _confirmed_ranges(
    oldest: int, through: int, missing: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    start = oldest
    for first, last in missing:
        if start < first:
            yield start, min(first - 1, through)
        start = max(start, last + 1)
    if start <= through:
        yield start, through
