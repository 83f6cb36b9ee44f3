"""What has stayed: a piece of waste looks the same in K snapshots, a passer-by does not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.ground_difference import DIFFERENCE, lab_distance
from vision.limited_cv2 import Mask, Picture

DEFAULT_SNAPSHOTS = 4
"""K: in so many snapshots in a row a thing must lie where it lies before it counts."""

_SAME = 24
_NEVER = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class StayingPixels:
    """Per pixel at work size: how it looks that is not the clean ground, and since when.

    ``look``: (height, width, 3) uint8 Lab in the light of the reference; ``snapshots``: (height,
    width) uint8, 0 where the ground looks clean, at most K; ``hidden``: (height, width / 8) bits,
    where something else was before it. Who stands there for one snapshot does not make it new.
    ``unseen``: (height, width) uint8, snapshots since the ground there was last seen clean.
    """

    look: Picture
    snapshots: NDArray[np.uint8]
    hidden: NDArray[np.uint8]
    unseen: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPixels:
    """What one snapshot says, (height, width) bool each: ``staying`` differs from the reference
    and has looked the same for K snapshots; ``passing`` differs, but not yet that long; ``nearly``
    is ``staying`` with what lacks a snapshot of it; ``lit`` is what only light explains;
    ``doubtful`` differs, and nobody only walks by there: it looks as in the snapshot before, or the
    ground was not seen clean in any of the last K.
    """

    staying: Mask
    passing: Mask
    nearly: Mask
    lit: Mask
    doubtful: Mask


def nothing_yet(height_px: int, width_px: int) -> StayingPixels:
    """Return the state of a camera that has seen nothing but clean ground."""
    return StayingPixels(
        look=np.zeros((height_px, width_px, 3), dtype=np.uint8),
        snapshots=np.zeros((height_px, width_px), dtype=np.uint8),
        hidden=np.zeros((height_px, -(-width_px // 8)), dtype=np.uint8),
        unseen=np.full((height_px, width_px), _NEVER, dtype=np.uint8),
    )


_BARE_PX = 25


def is_bare(state: StayingPixels) -> bool:
    """Whether hardly a pixel differed from the clean ground in the last snapshot."""
    return bool(np.count_nonzero(state.snapshots) < _BARE_PX)


def look_again(
    state: StayingPixels,
    look: Picture,
    clean: Picture,
    watched: Mask,
    needed: int = DEFAULT_SNAPSHOTS,
    uncertain: Mask | None = None,
) -> tuple[StayingPixels, SeenPixels]:
    """Return the state after one more snapshot, and what that snapshot says.

    ``look`` and ``clean``: (height, width, 3) uint8 Lab, smoothed, in the same light; ``watched``:
    (height, width) bool, where anything is compared at all; under ``uncertain``, the edge of a
    shadow, what looked otherwise before is neither new nor gone.
    """
    differs = (lab_distance(look, clean) > DIFFERENCE) & watched
    as_before = (lab_distance(look, state.look) <= _SAME) & (state.snapshots > 0)
    stays = differs & as_before
    other = differs & ~as_before
    hidden = np.unpackbits(state.hidden, axis=1, count=look.shape[1]).view(np.bool_)
    covered = other & (state.snapshots >= needed) & ~hidden
    kept = (
        np.zeros_like(differs) if uncertain is None else uncertain & ~stays & (state.snapshots > 0)
    )
    fresh = other & ~covered & ~kept

    snapshots = state.snapshots.copy()
    snapshots[stays] = np.minimum(snapshots[stays] + 1, needed)
    snapshots[fresh] = 1
    snapshots[~differs & ~kept] = 0
    newest = np.where((stays | fresh)[..., None], look, state.look)

    unseen = np.minimum(state.unseen, _NEVER - 1) + np.uint8(1)
    unseen[~differs & ~kept] = 0

    staying = stays & (snapshots >= needed)
    nearly = differs & (snapshots >= max(1, needed - 1)) & ~covered
    return (
        StayingPixels(
            look=newest,
            snapshots=snapshots,
            hidden=np.packbits(covered, axis=1),
            unseen=unseen,
        ),
        SeenPixels(
            staying=staying,
            passing=differs & ~staying,
            nearly=nearly,
            lit=np.zeros_like(staying),
            doubtful=differs & ((snapshots > 1) | (unseen >= needed)),
        ),
    )
