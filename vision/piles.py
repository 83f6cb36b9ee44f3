"""Telling a pile of bags from a heap by how it grew: bags come one after another, each in the size
of a bag, a load that is dumped is there at once.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vision.ground_difference import SMALLEST_HEAP_M2, Blob
from vision.limited_cv2 import Mask
from vision.persistence import SeenPixels
from vision.zones import GroundZone

_THIN = 4
_MOSTLY = 0.7


def no_bags_yet(height_px: int, width_px: int) -> Mask:
    """Return the memory of ground on which no bag was put: every fourth row and column."""
    return np.zeros((-(-height_px // _THIN), -(-width_px // _THIN)), dtype=np.bool_)


def bags_put_down(before: Mask, seen: SeenPixels, grounds: Sequence[GroundZone]) -> Mask:
    """Return where what lies was put down piece by piece, each smaller than a heap, thinned.

    Where nothing differs any more the memory ends. While somebody stands there it waits, since of
    a heap too a part may be settled before the rest.
    """
    differs = (seen.staying | seen.passing)[::_THIN, ::_THIN]
    bags = before & differs
    lies = seen.staying[::_THIN, ::_THIN]
    new = differs & ~seen.lit[::_THIN, ::_THIN] & ~bags
    for ground in grounds:
        here = ground.mask[::_THIN, ::_THIN]
        new_m2 = float(ground.m2_at[::_THIN, ::_THIN][new & here].sum()) * _THIN * _THIN
        if new_m2 < SMALLEST_HEAP_M2:
            bags = bags | (lies & here)
    return np.asarray(bags, dtype=np.bool_)


def piles_marked(blobs: Sequence[Blob], staying: Mask, bags: Mask) -> tuple[Blob, ...]:
    """Return the pieces with ``is_pile`` set where most of a piece was put down bag by bag."""
    return tuple(replace(blob, is_pile=_is_pile(blob, staying, bags)) for blob in blobs)


def _is_pile(blob: Blob, staying: Mask, bags: Mask) -> bool:
    left, top, width, height = blob.box
    rows = slice(-(-top // _THIN), -(-(top + height) // _THIN))
    columns = slice(-(-left // _THIN), -(-(left + width) // _THIN))
    lies = staying[::_THIN, ::_THIN][rows, columns]
    of_bags = np.count_nonzero(lies & bags[rows, columns])
    return bool(lies.any() and of_bags >= _MOSTLY * np.count_nonzero(lies))
