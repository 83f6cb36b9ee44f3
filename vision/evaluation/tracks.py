"""Pieces of one snapshot after another joined into tracks, and tracks compared with the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

from vision.evaluation.clips import LeftObject

Frame = tuple[float, float, float, float]
"""x, y, width, height in native pixels."""

_SAME_SPOT = 0.3
_ON_OBJECT = 0.3
_GONE_AFTER = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Where a track was seen: the number of the snapshot, its frame index, the box."""

    snapshot: int
    frame: int
    box: Frame


@dataclass(slots=True, kw_only=True)
class Track:
    """One piece over time."""

    sightings: list[Sighting]


def overlap(one: Frame, other: Frame) -> float:
    """Return the shared area as a share of the smaller box: 0 to 1."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    along = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    smaller = min(one[2] * one[3], other[2] * other[3])
    return max(0.0, across) * max(0.0, along) / smaller if smaller > 0 else 0.0


def join_tracks(sightings: Sequence[Sighting]) -> list[Track]:
    """Join sightings, in their order, that lie at one spot and are at most five snapshots apart."""
    tracks: list[Track] = []
    for sighting in sightings:
        best = max(
            (t for t in tracks if sighting.snapshot - t.sightings[-1].snapshot <= _GONE_AFTER),
            key=lambda track: overlap(track.sightings[-1].box, sighting.box),
            default=None,
        )
        if best is None or overlap(best.sightings[-1].box, sighting.box) < _SAME_SPOT:
            tracks.append(Track(sightings=[sighting]))
        else:
            best.sightings.append(sighting)
    return tracks


def is_of(sighting: Sighting, truth: LeftObject, slack_frames: float = 0.0) -> bool:
    """Whether a sighting is of that object while it lies there, or just after: the two share 30 %
    of the smaller box, and neither is ten times the other.
    """
    if not truth.start <= sighting.frame <= truth.end + slack_frames:
        return False
    area, true_area = sighting.box[2] * sighting.box[3], truth.box[2] * truth.box[3]
    alike = 0.1 <= area / max(1e-9, true_area) <= 10.0  # noqa: PLR2004  as said above
    return alike and overlap(sighting.box, truth.box) >= _ON_OBJECT


def is_false(track: Track, objects: Sequence[LeftObject], slack_frames: float) -> bool:
    """Whether a track is of no object at any time."""
    return not any(
        is_of(sighting, truth, slack_frames) for sighting in track.sightings for truth in objects
    )
