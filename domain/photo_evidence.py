"""What a proof photo tells of itself, and what makes it doubtful: pure rules.

A photo without a capture time or a place is not doubtful: phones and chat apps drop both.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt

from domain.checks import InvalidValueError, check_sha256, check_utc
from domain.places import GeoPoint

FINGERPRINT_BITS = 128
ALIKE_BITS = 15
"""Two photos whose fingerprints differ in at most so many bits are taken for the same picture.

Measured in ``docs/vision.md``: what it still recognises, and how often it takes others for it."""

_EARTH_RADIUS_M = 6_371_000.0
_METRES_A_KILOMETRE = 1_000


class PhotoDoubt(StrEnum):
    """Why a proof photo may not be what it should be."""

    SAME_VIEW = "same_view"
    SENT_BEFORE = "sent_before"
    OF_ANOTHER_CASE = "of_another_case"
    TAKEN_BEFORE_CASE = "taken_before_case"
    TAKEN_LONG_BEFORE = "taken_long_before"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoEvidence:
    """What was read of a photo before its metadata went.

    ``fingerprint`` (128 bits) stays nearly the same when the picture is encoded anew, resized or
    cut a little. ``location`` is for the check alone: it is never stored, shown or logged.
    """

    fingerprint: int
    taken_at: datetime | None = None
    location: GeoPoint | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.fingerprint < 1 << FINGERPRINT_BITS:
            msg = f"fingerprint: {FINGERPRINT_BITS} bits"
            raise InvalidValueError(msg)
        if self.taken_at is not None:
            check_utc("taken_at", self.taken_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulPhoto:
    """One reason to doubt one photo. ``like_*``: the picture that it resembles and its case;
    ``distance_m``: roughly how far from the place; ``early_min``: minutes before the case was
    filed, or before it was sent.
    """

    sha256: str
    doubt: PhotoDoubt
    like_case_id: str | None = None
    like_sha256: str | None = None
    distance_m: int | None = None
    early_min: int | None = None

    def __post_init__(self) -> None:
        check_sha256("sha256", self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoLimits:
    """How old and from how far a proof photo may be. ``clock_tolerance``: how far phones err."""

    oldest: timedelta = timedelta(hours=1)
    farthest_m: float = 200.0
    clock_tolerance: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofCircumstances:
    """When the case was filed, when its proof was sent, and where its place is."""

    filed_at: datetime
    sent_at: datetime
    place: GeoPoint | None


def alike(fingerprint: int, other: int) -> bool:
    """Whether two fingerprints are taken for those of the same picture."""
    return (fingerprint ^ other).bit_count() <= ALIKE_BITS


def doubts_by_metadata(
    sha256: str, evidence: PhotoEvidence, given: ProofCircumstances, limits: PhotoLimits
) -> list[DoubtfulPhoto]:
    """Return what the time and the place of a photo say against it."""
    doubts = []
    if evidence.taken_at is not None:
        before_case = given.filed_at - evidence.taken_at
        before_sent = given.sent_at - evidence.taken_at
        if before_case > limits.clock_tolerance:
            doubts.append(_early(sha256, PhotoDoubt.TAKEN_BEFORE_CASE, before_case))
        elif before_sent > limits.oldest:
            doubts.append(_early(sha256, PhotoDoubt.TAKEN_LONG_BEFORE, before_sent))
    if evidence.location is not None and given.place is not None:
        away_m = distance_m(evidence.location, given.place)
        if away_m > limits.farthest_m:
            doubts.append(
                DoubtfulPhoto(
                    sha256=sha256, doubt=PhotoDoubt.ELSEWHERE, distance_m=_roughly(away_m)
                )
            )
    return doubts


def distance_m(one: GeoPoint, other: GeoPoint) -> float:
    """Return metres along the great circle."""
    lat_1, lat_2 = radians(one.latitude_deg), radians(other.latitude_deg)
    half_lon = radians(one.longitude_deg - other.longitude_deg) / 2
    chord = sin((lat_1 - lat_2) / 2) ** 2 + cos(lat_1) * cos(lat_2) * sin(half_lon) ** 2
    return 2 * _EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def _early(sha256: str, doubt: PhotoDoubt, by: timedelta) -> DoubtfulPhoto:
    return DoubtfulPhoto(sha256=sha256, doubt=doubt, early_min=round(by.total_seconds() / 60))


def _roughly(away_m: float) -> int:
    """Round so that nobody finds the spot again: to 100 m, from a kilometre on to whole ones."""
    step = 100 if away_m < _METRES_A_KILOMETRE else _METRES_A_KILOMETRE
    return max(step, round(away_m / step) * step)
