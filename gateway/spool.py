"""The spool: what the gateway has accepted and ingest has not yet confirmed.

Two classes with two rules for when there is no room: readings are refused (nothing is accepted,
and an alarm is raised), pictures push out the oldest picture (counted).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from wire.pictures import PictureMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolLimits:
    """How much may wait. Whichever limit is reached first counts."""

    records: int = 2_000_000
    record_bytes: int = 1024 * 1024 * 1024
    pictures: int = 5_000
    picture_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SpooledRecord:
    """A record in the spool, still encoded (:mod:`wire.records`)."""

    sequence: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolExtent:
    """What a spool holds. ``newest`` is the last sequence ever given, 0 at first; ``oldest`` the
    lowest one held, ``newest + 1`` when nothing is.
    """

    oldest: int
    newest: int
    records: int
    body_bytes: int


class Spool(Protocol):
    """Keeps records until they are confirmed. Any thread may call it.

    Sequences rise by one from 1 and are never given twice. All methods raise
    ``SpoolFailedError`` when the file can no longer be trusted.
    """

    @property
    def boot_id(self) -> str:
        """16 hex digits, made when the spool was created."""
        ...

    def append(self, records: Sequence[bytes], *, notes: Mapping[str, bytes]) -> range:
        """Keep records and notes together, durably or not at all, and return their sequences.

        Raises ``SpoolFullError`` when there is no room: then nothing was kept.
        """
        ...

    def peek(
        self, *, first: int, last: int, most_records: int, most_bytes: int
    ) -> Sequence[SpooledRecord]:
        """Return held records from ``first`` to ``last``, oldest first, within both limits.

        The first one is returned however large it is.
        """
        ...

    def confirm(self, *, through: int, missing: Sequence[tuple[int, int]]) -> int:
        """Let go of everything up to ``through`` but the ``missing`` ranges; return how many."""
        ...

    def extent(self) -> SpoolExtent:
        """Return what is held."""
        ...

    def notes(self) -> Mapping[str, bytes]:
        """Return the newest note of every key."""
        ...


@dataclass(frozen=True, slots=True)
class SpooledPicture:
    """A picture in the spool; ``number`` rises with every picture put."""

    number: int
    message: PictureMessage


class PictureSpool(Protocol):
    """Keeps pictures until they are confirmed or pushed out. Any thread may call it."""

    def put(self, message: PictureMessage) -> int:
        """Keep a picture durably; return how many older ones had to go. Held already: no change."""
        ...

    def peek(self, *, after: int, limit: int) -> Sequence[SpooledPicture]:
        """Return held pictures behind number ``after``, oldest first."""
        ...

    def confirm(self, hashes: Sequence[str]) -> int:
        """Let go of the pictures with these SHA-256; return how many."""
        ...

    def held(self) -> int:
        """Return how many pictures wait."""
        ...
