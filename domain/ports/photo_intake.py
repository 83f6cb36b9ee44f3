"""The door for photos that people send: what comes out is safe to keep."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.checks import check_sha256
from domain.photo_evidence import PhotoEvidence


class PhotoRefusal(StrEnum):
    """Why a photo was not admitted."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_A_PICTURE = "not_a_picture"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SLOW = "too_slow"
    UNAVAILABLE = "unavailable"


class RefusedPhotoError(Exception):
    """The photo was not admitted; nothing of it was kept. ``reason`` is for people to look up."""

    def __init__(self, reason: PhotoRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedPhoto:
    """A photo after intake: decoded and encoded anew, without metadata, people made unknowable.

    ``sha256`` is that of ``jpeg``. ``evidence``: what the photo told of itself before that, for
    the check of the proof only.
    """

    sha256: str
    jpeg: bytes
    evidence: PhotoEvidence | None = None

    def __post_init__(self) -> None:
        check_sha256("sha256", self.sha256)


class PhotoIntake(Protocol):
    """Admits photos from phones."""

    def admit(self, raw: bytes) -> AdmittedPhoto:
        """Return what may be kept of a photo; raise :class:`RefusedPhotoError`. It may take
        seconds of the technical clock.
        """
        ...
