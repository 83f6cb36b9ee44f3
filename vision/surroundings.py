"""Whether a piece that differs from the clean reference is a thing, by the ground around it.

Where the ground around has changed its light, and the piece by as much, there is only light.
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

Colour = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A picture beside its clean reference, (height, width, 3) uint8 each: ``picture`` in BGR, in
    the light of the reference on the whole; ``look`` the same, and ``clean`` the reference, in Lab,
    smoothed.
    """

    picture: Picture
    look: Picture
    clean: Picture


def is_ground(piece: Mask, ground: Mask, left: int, top: int, compared: Compared) -> bool:
    """Return whether a piece is ground in the light of the ground around it.

    ``piece`` and ``ground``: (height, width) bool, cut out at ``left`` and ``top`` with
    :data:`MARGIN_PX` around the piece; ``ground`` surely hides nothing.
    """
    near = (slice(top, top + piece.shape[0]), slice(left, left + piece.shape[1]))
    look, clean = compared.look[near], compared.clean[near]
    around = _grown(piece, _REACH_PX) & ~_grown(piece, _GAP_PX) & ground
    if np.count_nonzero(around) < _FEWEST_PX:
        return False
    now, before = look[piece].astype(np.float64), clean[piece].astype(np.float64)
    light_now, light_before = look[around][:, 0] + _BLACK, clean[around][:, 0] + _BLACK
    factor = float(np.median(light_now / light_before))
    if abs(factor - 1.0) <= _OTHER_LIGHT:
        return False
    return float(np.median(_apart(_in_light(now, factor), before))) < _ONLY_LIGHT


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
