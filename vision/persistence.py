"""What has stayed: a piece of waste looks the same in K snapshots, a passer-by does not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.ground_difference import DIFFERENCE, lab_distance
from vision.limited_cv2 import Mask, Picture

DEFAULT_SNAPSHOTS = 4
"""K: in so many snapshots in a row a thing must lie where it lies before it counts."""

_SAME = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class StayingPixels:
    """Per pixel at work size: how it looks that is not the clean ground, and since when.

    ``look``: (height, width, 3) uint8 Lab in the light of the reference; ``snapshots``: (height,
    width) uint8, 0 where the ground looks clean, at most K; ``hidden``: (height, width / 8) bits,
    where something else was before it. Who stands there for one snapshot does not make it new.
    """

    look: Picture
    snapshots: NDArray[np.uint8]
    hidden: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPixels:
    """What one snapshot says, (height, width) bool each: ``staying`` differs from the reference
    and has looked the same for K snapshots; ``passing`` differs, but not yet that long; ``nearly``
    is ``staying`` with what lacks a snapshot of it; ``lit`` is what only light explains.
    """

    staying: Mask
    passing: Mask
    nearly: Mask
    lit: Mask


def nothing_yet(height_px: int, width_px: int) -> StayingPixels:
    """Return the state of a camera that has seen nothing but clean ground."""
    return StayingPixels(
        look=np.zeros((height_px, width_px, 3), dtype=np.uint8),
        snapshots=np.zeros((height_px, width_px), dtype=np.uint8),
        hidden=np.zeros((height_px, -(-width_px // 8)), dtype=np.uint8),
    )


def look_again(
    state: StayingPixels,
    look: Picture,
    clean: Picture,
    watched: Mask,
    needed: int = DEFAULT_SNAPSHOTS,
) -> tuple[StayingPixels, SeenPixels]:
    """Return the state after one more snapshot, and what that snapshot says.

    ``look`` and ``clean``: (height, width, 3) uint8 Lab, smoothed, in the same light; ``watched``:
    (height, width) bool, where anything is compared at all.
    """
    differs = (lab_distance(look, clean) > DIFFERENCE) & watched
    as_before = (lab_distance(look, state.look) <= _SAME) & (state.snapshots > 0)
    stays = differs & as_before
    other = differs & ~as_before
    hidden = np.unpackbits(state.hidden, axis=1, count=look.shape[1]).view(np.bool_)
    covered = other & (state.snapshots >= needed) & ~hidden
    fresh = other & ~covered

    snapshots = state.snapshots.copy()
    snapshots[stays] = np.minimum(snapshots[stays] + 1, needed)
    snapshots[fresh] = 1
    snapshots[~differs] = 0
    newest = np.where((stays | fresh)[..., None], look, state.look)

    staying = stays & (snapshots >= needed)
    nearly = differs & (snapshots >= max(1, needed - 1)) & ~covered
    return (
        StayingPixels(look=newest, snapshots=snapshots, hidden=np.packbits(covered, axis=1)),
        SeenPixels(
            staying=staying,
            passing=differs & ~staying,
            nearly=nearly,
            lit=np.zeros_like(staying),
        ),
    )
