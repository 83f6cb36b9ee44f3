"""The journal as its readers see it: committed entries in order of commit."""

from collections.abc import Sequence
from typing import Protocol

from domain.records import JournalEntry


class RecordFeed(Protocol):
    """Reads the journal; each reader keeps its own cursor, a position."""

    def read(self, *, after: int, limit: int) -> Sequence[JournalEntry]:
        """Return up to ``limit`` entries behind position ``after``, oldest first."""
        ...

    def newest_position(self) -> int:
        """Return the position of the newest entry, 0 when there is none."""
        ...
