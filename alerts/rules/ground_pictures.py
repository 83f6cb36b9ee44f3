"""A camera's last kept pictures, so that a check can show what was there before an emptying."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_SLOT = timedelta(minutes=5)
_MOST_SLOTS = 13
"""An emptying is known one reading after it was: trails reach back an hour and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundPicture:
    """A kept picture: which camera took it, and when."""

    device_id: str
    sha256: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureTrail:
    """The last kept picture of each five minutes of one camera, the oldest first."""

    pictures: tuple[GroundPicture, ...] = ()


def keep(trail: PictureTrail, picture: GroundPicture) -> PictureTrail:
    """Take a picture; one that is not newer than the newest changes nothing."""
    kept = trail.pictures
    if kept and picture.taken_at <= kept[-1].taken_at:
        return trail
    if kept and _slot(kept[-1]) == _slot(picture):
        kept = kept[:-1]
    return PictureTrail(pictures=(*kept, picture)[-_MOST_SLOTS:])


def last_before(trail: PictureTrail, at: datetime) -> GroundPicture | None:
    """Return the newest picture kept that was taken at ``at`` or before."""
    for picture in reversed(trail.pictures):
        if picture.taken_at <= at:
            return picture
    return None


def _slot(picture: GroundPicture) -> int:
    return int(picture.taken_at.timestamp() // _SLOT.total_seconds())
