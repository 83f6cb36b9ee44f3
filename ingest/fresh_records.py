"""Records on their way from the journal's writer to its followers in the same process.

Whoever keeps up with the journal need not read back and decode again what was decoded to judge it.
What does not fit is simply not here: the journal has it, and followers read it there.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from ingest.stretch import NOTHING, Stretch

MOST_FRESH_BYTES = 4 * 1024 * 1024
"""Encoded; in memory the records take about five times as much."""


@dataclass(frozen=True, slots=True)
class _Commit:
    """What one commit of ``size`` bytes put behind position ``behind``, without a hole."""

    behind: int
    stretch: Stretch
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

    def put(self, stretch: Stretch, *, behind: int, size: int) -> None:
        """Keep what a commit of ``size`` bytes put behind that position.

        What has a hole, because others write the journal too, is not kept.
        """
        if stretch.through - behind != len(stretch) or not stretch.records:
            return
        with self._lock:
            if self._commits and self._commits[-1].stretch.through != behind:
                self._forget(len(self._commits))
            self._commits.append(_Commit(behind, stretch, size))
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._forget(1)
            if self._bytes * 2 >= self._most_bytes:
                self._half_full.set()

    def take(self, *, after: int, most: int) -> Stretch:
        """Return what lies right behind position ``after``, and forget it; nothing: not here.

        Of the commits that are here, as many as hold ``most`` entries or fewer, but at least one.
        """
        taken: list[Stretch] = []
        with self._lock:
            while self._commits and self._commits[0].behind < after:
                self._forget(1)
            if self._commits and self._commits[0].behind == after:
                held = 0
                while self._commits and (not taken or held + len(self._commits[0].stretch) <= most):
                    taken.append(self._commits[0].stretch)
                    held += len(taken[-1])
                    self._forget(1)
        return _joined(taken)

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


def _joined(stretches: Sequence[Stretch]) -> Stretch:
    if len(stretches) < 2:  # noqa: PLR2004  there is nothing to join
        return stretches[0] if stretches else NOTHING
    return Stretch(
        through=stretches[-1].through,
        records=list(chain.from_iterable(stretch.records for stretch in stretches)),
        observed_us=list(chain.from_iterable(stretch.observed_us for stretch in stretches)),
    )
