"""The changes of alerts and cases as their readers see them."""

from collections.abc import Sequence
from typing import Protocol

from domain.changes import Change


class ChangeFeed(Protocol):
    """Reads the changes; each reader keeps its own cursor, a position."""

    def read(self, *, after: int, limit: int) -> Sequence[Change]:
        """Return up to ``limit`` changes behind position ``after``, oldest first."""
        ...

    def newest_position(self) -> int:
        """Return the position of the newest change, 0 when there is none."""
        ...
