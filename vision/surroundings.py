"""Whether a piece that differs from the clean reference is a thing, by the ground around it.

A thing stands out from what is around it. Where the ground around has changed its light, and the
piece by as much, there is only light; and where the piece looks like the ground around and only
its spot on the reference stands out, the reference shows what is gone: a streak of rain, a leaf.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Mask, Picture, cv2

_GAP_PX, _REACH_PX = 1, 4
"""The ground around a piece: not the pixels at its very edge, which are blurred, but the next."""

MARGIN_PX = _REACH_PX
_FEWEST_PX = 12
_BLACK = 41.0
_OTHER_LIGHT, _ONLY_LIGHT = 0.08, 24.0
_STANDS_OUT, _LESS_THAN_BEFORE = 20.0, 0.5

Colour = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A picture beside its clean reference, (height, width, 3) uint8 each: ``picture`` in BGR, in
    the light of the reference on the whole; ``look`` the same, and ``clean`` the reference, in Lab,
    smoothed. ``in_colour``: whether colours can be told in that light.
    """

    picture: Picture
    look: Picture
    clean: Picture
    in_colour: bool


def is_ground(piece: Mask, ground: Mask, left: int, top: int, compared: Compared) -> bool:
    """Return whether a piece is ground in the light of the ground around it, or ground where the
    reference shows something else. ``piece`` and ``ground``: (height, width) bool, cut out at
    ``left`` and ``top`` with :data:`MARGIN_PX` around the piece; ``ground`` surely hides nothing.
    """
    near = (slice(top, top + piece.shape[0]), slice(left, left + piece.shape[1]))
    look, clean = compared.look[near], compared.clean[near]
    around = _grown(piece, _REACH_PX) & ~_grown(piece, _GAP_PX) & ground
    if np.count_nonzero(around) < _FEWEST_PX:
        return False
    now, before = look[piece].astype(np.float64), clean[piece].astype(np.float64)
    now_around, before_around = look[around].astype(np.float64), clean[around].astype(np.float64)
    factor = float(np.median((now_around[:, 0] + _BLACK) / (before_around[:, 0] + _BLACK)))
    if abs(factor - 1.0) > _OTHER_LIGHT:
        still_apart = float(np.median(_apart(_in_light(now, factor), before)))
        if still_apart < _ONLY_LIGHT:
            return True
    if not compared.in_colour:
        # Too much is as bright as what is around it.
        return False
    # Of all but a quarter of its pixels: what is crumpled is as bright as the ground on average.
    stands_out = float(np.percentile(_apart(now, np.median(now_around, axis=0)), 75))
    stood_out = float(_apart(np.median(before, axis=0), np.median(before_around, axis=0)))
    return stands_out < min(_STANDS_OUT, _LESS_THAN_BEFORE * stood_out)


def _in_light(colours: Colour, factor: float) -> Colour:
    """Return Lab colours under light that is so many times weaker."""
    lit = (colours - (0.0, 128.0, 128.0) + (_BLACK, 0.0, 0.0)) / factor
    return np.asarray(lit - (_BLACK, -128.0, -128.0))


def _apart(one: Colour, other: Colour) -> Colour:
    """Return the largest of lightness and twice each colour difference."""
    return np.asarray((np.abs(one - other) * (1.0, 2.0, 2.0)).max(axis=-1))


def _grown(mask: Mask, by_px: int) -> Mask:
    kernel = np.ones((2 * by_px + 1, 2 * by_px + 1), dtype=np.uint8)
    return np.asarray(cv2.dilate(mask.view(np.uint8), kernel), dtype=np.bool_)
