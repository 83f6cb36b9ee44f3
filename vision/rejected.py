"""What people rejected at a spot raises what is needed there, and at last counts no more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.reviews import SAME_SPOT, Frame, RejectedSpot, shared_share
from vision.ground_difference import Blob

DROPPED_FROM = 2
"""From so many rejections on a thing at that spot is a fixture: it makes no verdict, and the ground
under it is unknown. Before that, twice as much of it is needed."""

_MORE_FOR_A_BIN = 0.15
_MOST_FOR_A_BIN = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPieces:
    """``counted`` are the pieces that make verdicts; ``dropped`` says whether there were others."""

    counted: tuple[Blob, ...]
    dropped: bool


def without_rejected(
    blobs: Sequence[Blob],
    spots: Sequence[RejectedSpot],
    *,
    zone_id: str,
    width_px: int,
    height_px: int,
) -> CountedPieces:
    """Return the pieces of one ground zone as they count after what people have said."""
    counted: list[Blob] = []
    dropped = False
    for blob in blobs:
        x, y, width, height = blob.box
        frame = (x / width_px, y / height_px, width / width_px, height / height_px)
        times = _rejections(frame, spots, zone_id)
        if times >= DROPPED_FROM:
            dropped = True
        elif times:
            counted.append(replace(blob, area_m2=blob.area_m2 / 2))
        else:
            counted.append(blob)
    return CountedPieces(counted=tuple(counted), dropped=dropped)


def needed_for_a_bin(usual: float, spots: Sequence[RejectedSpot], zone_id: str) -> float:
    """Return the score from which that bin is overfull."""
    times = sum(spot.times for spot in spots if spot.zone_id == zone_id and spot.frame is None)
    return min(_MOST_FOR_A_BIN, usual + _MORE_FOR_A_BIN * times)


def _rejections(frame: Frame, spots: Sequence[RejectedSpot], zone_id: str) -> int:
    return max(
        (
            spot.times
            for spot in spots
            if spot.zone_id == zone_id
            and spot.frame is not None
            and shared_share(frame, spot.frame) >= SAME_SPOT
        ),
        default=0,
    )
