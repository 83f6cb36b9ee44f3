"""Records on their way from the journal's writer to its followers in the same process.

Whoever keeps up with the journal need not read back and decode again what was decoded to judge it.
What does not fit is simply not here: the journal has it, and followers read it there.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from domain.records import Record
from wire.checked_records import CheckedRecord

MOST_FRESH_BYTES = 3 * 1024 * 1024
"""Encoded; in memory the records take about five times as much."""


class FreshEntry(NamedTuple):
    """A record and where the journal has it. Fulfils ``ingest.ports.time_series.SeriesEntry``."""

    position: int
    record: Record | CheckedRecord


@dataclass(frozen=True, slots=True)
class _Commit:
    """What one commit put behind position ``behind`` and up to ``through``, without a hole."""

    behind: int
    through: int
    records: Sequence[Record | CheckedRecord]
    size: int


class FreshRecords:
    """The newest commits, bounded by the bytes of their records: the oldest make room.

    One thread puts, another takes and rests between. Each follower has its own; those who take the
    same commits share the records themselves.
    """

    def __init__(self, *, most_bytes: int = MOST_FRESH_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._commits: deque[_Commit] = deque()
        self._bytes = 0
        self._half_full = threading.Event()
        self._awake_for_good = False

    def put(
        self,
        *,
        span: tuple[int, int] | None,
        records: Sequence[Record | CheckedRecord],
        size: int,
    ) -> None:
        """Keep what a commit of ``size`` bytes put at ``span``, if that is known."""
        if span is None or span[1] - span[0] != len(records) or not records:
            return
        with self._lock:
            if self._commits and self._commits[-1].through != span[0]:
                self._forget(len(self._commits))
            self._commits.append(_Commit(*span, records, size))
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._forget(1)
            if self._bytes * 2 >= self._most_bytes:
                self._half_full.set()

    def take(self, *, after: int, most: int) -> list[FreshEntry]:
        """Return what lies right behind position ``after``, and forget it; nothing: not here.

        Of the commits that are here, as many as hold ``most`` entries or fewer, but at least one.
        """
        taken: list[_Commit] = []
        with self._lock:
            while self._commits and self._commits[0].behind < after:
                self._forget(1)
            if self._commits and self._commits[0].behind == after:
                held = 0
                while self._commits and (not taken or held + len(self._commits[0].records) <= most):
                    taken.append(self._commits[0])
                    held += len(self._commits[0].records)
                    self._forget(1)
        if not taken:
            return []
        records = chain.from_iterable(commit.records for commit in taken)
        return list(map(FreshEntry, range(after + 1, taken[-1].through + 1), records))

    def rest(self, seconds: float) -> None:
        """Wait so long, but no longer than until half of the room is taken, or :meth:`wake`.

        Who sleeps while the rest of the room is taken too has to read the journal.
        """
        self._half_full.wait(seconds)

    def wake(self) -> None:
        """End the rest of the follower, which is to stop, and any rest after that."""
        with self._lock:
            self._awake_for_good = True
            self._half_full.set()

    def missing(self, *, after: int, most: int) -> int:
        """Return how many entries behind ``after``, up to ``most``, to read of the journal.

        So that the follower meets what is here at its beginning.
        """
        begins_behind = self.begins_behind()
        if begins_behind is None or begins_behind <= after:
            return most
        return min(most, begins_behind - after)

    def begins_behind(self) -> int | None:
        """Return the position behind which the oldest of these lies, None when there are none."""
        with self._lock:
            return self._commits[0].behind if self._commits else None

    def _forget(self, commits: int) -> None:
        for _ in range(commits):
            self._bytes -= self._commits.popleft().size
        if self._bytes * 2 < self._most_bytes and not self._awake_for_good:
            self._half_full.clear()
