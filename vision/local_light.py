"""Bringing each part of a picture to the light of the clean reference: in a shadow, under a lamp.

In Lab a change of light multiplies all three axes, counted from black, by one factor; so one factor
a pixel is enough, and what remains different is a thing, in the shadow as in the sun.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.ground_difference import DIFFERENCE, join_pieces, lab_distance
from vision.light_changes import light_only, other_light
from vision.limited_cv2 import Mask, Picture, cv2

_BLACK = 41.0
"""Lab's lightness is 116 times a cube root less 16, stretched by 2.55 in bytes."""

_WINDOWS_PX = (15, 61)
"""The factor is the mean of the lit ground around; within a large thing that of farther ground."""

_PENUMBRA_PX = 9
_REACH_PX = 30
_FEWEST_SHARE = 0.02
_TELLS_LIGHT = 70
_EDGE = 0.1
_AT_END = 250
"""A picture brought to its reference's light on the whole is cut off at 255. Where the light is
brighter still, as where the sun shines while most lies in shadow, what was cut off is too dark."""

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLight:
    """A look in the light of the reference. ``look``: (height, width, 3) uint8 Lab; the rest is
    (height, width) bool: ``differed`` before that; ``lit`` is what of it only light explains;
    ``shade`` is where the light is another; and under ``uncertain``, the edge of a shadow or what
    looks sunlit within one, nothing can be told.
    """

    look: Picture
    differed: Mask
    lit: Mask
    shade: Mask
    uncertain: Mask


def in_local_light(look: Picture, clean: Picture, watched: Mask, picture: Picture) -> LocalLight:
    """Bring every part of ``look`` to the light of the reference.

    ``look`` and ``clean``: (height, width, 3) uint8 Lab, smoothed, in the same light on the whole;
    ``picture``: (height, width, 3) uint8 BGR, the look before that.
    """
    differed = (lab_distance(look, clean) > DIFFERENCE) & watched
    joined = join_pieces(differed)
    light = light_only(look, clean, joined)
    if joined.any():
        near = _frame_of(joined, _REACH_PX)
        light[near] |= other_light(look[near], clean[near]) & watched[near]
    uncertain = np.zeros_like(light)
    if not light.any():
        return LocalLight(look=look, differed=differed, lit=light, shade=light, uncertain=uncertain)
    cut = _frame_of(light, _WINDOWS_PX[-1])
    brought = look.copy()
    brought[cut], uncertain[cut] = _relit(
        look[cut], clean[cut], light[cut], differed[cut] | light[cut]
    )
    cut_off = _cut_off(picture[cut])
    level = brought[cut][..., 0]
    untold = cut_off & (level < look[cut][..., 0]) & (level < clean[cut][..., 0])
    brought[cut][untold] = clean[cut][untold]
    uncertain[cut] |= untold
    still = (lab_distance(brought, clean) > DIFFERENCE) & differed
    lit = differed & ~(still & ~light) & ~join_pieces(still & light)
    return LocalLight(look=brought, differed=differed, lit=lit, shade=light, uncertain=uncertain)


def _relit(look: Picture, clean: Picture, lit: Mask, differs: Mask) -> tuple[Picture, Mask]:
    """Return the look with what differs brought to the light around it, and where that is not sure.

    At the edge of a shadow the factor between both sides that fits best is taken.
    """
    exact = (clean[..., 0].astype(np.float32) + _BLACK) / (look[..., 0].astype(np.float32) + _BLACK)
    # What is nearly black looks the same in any light.
    factor = _factor_around(exact, lit, ~differs & (clean[..., 0] > _TELLS_LIGHT))
    size = np.ones((_PENUMBRA_PX, _PENUMBRA_PX), dtype=np.uint8)
    lowest, highest = cv2.erode(factor, size), cv2.dilate(factor, size)
    factor = np.clip(exact, lowest, highest)
    values = look.astype(np.float32)
    values[..., 0] = (values[..., 0] + _BLACK) * factor - _BLACK
    values[..., 1:] = (values[..., 1:] - 128.0) * factor[..., None] + 128.0
    brought = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    edge = highest - lowest > _EDGE
    in_other_light = np.abs(highest + lowest - 2.0) > _EDGE
    return (
        np.where(differs[..., None], brought, look),
        np.asarray(edge | (in_other_light & ~differs), dtype=np.bool_),
    )


def _cut_off(picture: Picture) -> Mask:
    """Return where a channel is at its end, with the pixels around it."""
    blue, green, red = cv2.split(picture)
    at_end = cv2.inRange(cv2.max(cv2.max(blue, green), red), _AT_END, 255)
    return np.asarray(cv2.dilate(at_end, np.ones((3, 3), dtype=np.uint8)), dtype=np.bool_)


def _factor_around(exact: Values, lit: Mask, as_before: Mask) -> Values:
    """Return the factor of the lit ground where more of it is around than of unchanged ground, 1
    elsewhere: what neither is, a thing, gets that of its surroundings.
    """
    factor = np.ones_like(exact)
    open_yet = np.ones(lit.shape, dtype=np.bool_)
    one, other = lit.astype(np.float32), as_before.astype(np.float32)
    for window in _WINDOWS_PX:
        share = cv2.blur(one, (window, window))
        unchanged = cv2.blur(other, (window, window))
        mean = cv2.blur(exact * one, (window, window)) / np.maximum(share, 1e-6)
        known = open_yet & (share + unchanged > _FEWEST_SHARE)
        inside = known & ((share > unchanged) | lit) & ~as_before
        factor[inside] = mean[inside]
        open_yet &= ~known
    return np.asarray(factor, dtype=np.float32)


def _frame_of(mask: Mask, margin: int) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + 1 + margin),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + 1 + margin),
    )
