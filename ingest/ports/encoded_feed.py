"""The journal as its readers see it, records still as they were committed."""

from collections.abc import Sequence
from typing import Protocol


class EncodedRecordFeed(Protocol):
    """Reads the journal by position, records still encoded (``wire.records``)."""

    def read_encoded(self, *, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Return up to ``limit`` positions and records behind ``after``, oldest first."""
        ...

    def newest_position(self) -> int:
        """Return the position of the newest entry, 0 when there is none."""
        ...
