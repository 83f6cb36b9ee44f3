"""The bench at which a technician tries a camera's calibration on pictures of now.

Pictures on the bench are unmasked: they live in the memory of one limited process, are shown to
the one who asked, and are gone when the session ends. Nothing of them is ever written but a
reference that a technician has chosen, or one made anew because a person said that all is clean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.calibration import OverflowThreshold
from domain.devices import Camera, Lighting
from domain.records import SnapshotVerdicts


class BenchRefusal(StrEnum):
    """Why the bench gives nothing."""

    BUSY = "busy"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    NO_PICTURES = "no_pictures"
    TOO_FEW_CROPS = "too_few_crops"
    ENDED = "ended"
    NOT_RECORDED = "not_recorded"
    NO_REFERENCE = "no_reference"
    UNHEALTHY = "unhealthy"
    MOVED = "moved"
    LIGHT_UNLIKE = "light_unlike"
    WASTE_SEEN = "waste_seen"
    TOO_DIFFERENT = "too_different"
    SOMEBODY_THERE = "somebody_there"
    NOT_CLEAR = "not_clear"


class BenchError(Exception):
    """The bench cannot do that now. ``reason`` is for people to look up; after ``ENDED`` open
    another session.
    """

    def __init__(self, reason: BenchRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPicture:
    """A picture as it may be shown: ``number`` names it within its session, ``jpeg`` has at most
    1280 pixels a side and nothing hung on.
    """

    number: int
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What the judge says of the pictures on the bench, the oldest first, by picture number; and
    the newest as it would be stored, where it would be.
    """

    verdicts: Mapping[int, SnapshotVerdicts]
    stored_jpeg: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewedReference:
    """A clean reference made anew, for the light in which it was taken."""

    lighting: Lighting
    jpeg: bytes


class BenchSession(Protocol):
    """One technician at one camera. One caller at a time; every method may take seconds.

    All raise :class:`BenchError`.
    """

    def look(self) -> BenchPicture:
        """Fetch one more picture from the camera; the oldest gives way beyond the limit."""
        ...

    def try_out(self, camera: Camera, references: Mapping[Lighting, bytes]) -> Trial:
        """Judge the pictures on the bench as if the camera were set up so.

        ``references`` (JPEG) take the place of the camera's own for their light.
        """
        ...

    def clean_picture(self, numbers: Sequence[int]) -> bytes:
        """Return a JPEG for a reference: the median of these pictures, in which who walks by is
        gone; a single one as it is.
        """
        ...

    def threshold(self, camera: Camera, numbers: Sequence[int]) -> OverflowThreshold:
        """Return the overflow threshold that these pictures, all of normal bins, give."""
        ...

    def close(self) -> None:
        """End the session; its pictures are gone. Idempotent."""
        ...


class CameraBench(Protocol):
    """Opens sessions, and holds one by itself to make a clean picture anew."""

    def open(self, camera: Camera) -> BenchSession:
        """Begin a session; raise :class:`BenchError` when too many are open."""
        ...

    def renewed_reference(self, camera: Camera) -> RenewedReference:
        """Take pictures for some ten seconds, and return the reference that they give in place of
        one of the camera's; nobody is shown them.

        Only for a place that a person has just called clean. Raises :class:`BenchError`, also for
        what speaks against it: waste, somebody there, another framing.
        """
        ...
