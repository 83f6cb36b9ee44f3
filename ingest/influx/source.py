"""What a writer carries: entries of a feed, told as lines of one bucket."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from ingest.influx.refusals import RefusedPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Points in the order of their feed, a line each, and what could not be told as one.

    ``text`` is all ``count`` lines with newlines between them, as they are sent.
    """

    text: bytes = b""
    count: int = 0
    refused: Sequence[RefusedPoint] = ()

    @classmethod
    def of(cls, lines: Sequence[bytes], refused: Sequence[RefusedPoint] = ()) -> Self:
        """Return lines that were made one by one."""
        return cls(text=b"\n".join(lines), count=len(lines), refused=refused)

    @property
    def lines(self) -> list[bytes]:
        """Each line alone."""
        return self.text.split(b"\n") if self.count else []

    def bodies(self, most: int) -> list[bytes]:
        """Return the text in bodies of at most so many lines."""
        if self.count <= most:
            return [self.text] if self.count else []
        lines = self.lines
        return [b"\n".join(lines[first : first + most]) for first in range(0, self.count, most)]


def joined(parts: Sequence[Lines]) -> Lines:
    """Return the lines of all parts, one part after the other."""
    return Lines(
        text=b"\n".join([part.text for part in parts if part.count]),
        count=sum(part.count for part in parts),
        refused=[point for part in parts for point in part.refused],
    )


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
