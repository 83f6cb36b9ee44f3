"""What a writer carries: entries of a feed, told as lines of one bucket."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.influx.refusals import RefusedPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines in the order of their feed, and what could not be told as one."""

    lines: Sequence[bytes]
    refused: Sequence[RefusedPoint] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The lines of ``entries`` entries; ``through`` is the position of the last of them."""

    entries: int
    through: int
    told: Lines


class LineSource(Protocol):
    """Reads a feed by position and tells it in line protocol; the same entry, the same lines."""

    def read(self, *, after: int, limit: int) -> Page | None:
        """Return up to ``limit`` entries behind ``after``; None when there are none."""
        ...

    def newest_position(self) -> int:
        """Return the position of the newest entry, 0 when there is none."""
        ...
