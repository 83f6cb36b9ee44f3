"""Telling light from things: where a picture differs from the clean ground only by how it is lit.

A shadow or a lamp leaves the grain of the ground as it is and multiplies it; a thing brings a grain
or a colour of its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Mask, Picture, cv2

_WINDOW = 9
_NOISE = 4.0
"""Variance that coding and sensor leave in a smoothed picture."""

_GRAIN = 9.0
"""Variance from which a window has a grain that can be recognised."""

_SAME_GRAIN = 0.55
_SAME_COLOUR, _COLOUR_SHARE = 8.0, 0.25
_DARKEST, _BRIGHTEST = 0.42, 2.2
_EVENLY, _GRAIN_LEFT = 0.15, 0.4
_MOSTLY = 0.6
_FEWEST_INNER_PX = 12
_LARGE_SHARE = 0.015
"""On ground without any grain a plain dark patch is a shadow only from this share of the picture
on; a smaller one is taken for a thing, since missing a bag is worse."""

_OTHER_LIGHT, _SURELY_SAME = 0.08, 0.7
_FIELD, _FIELD_SHARE = 41, 0.5
"""A thing's own grain looks like the ground's in some spot by chance, and rain brightens some
spots; light changes most of what is around."""

Values = NDArray[np.float32]


def other_light(look: Picture, clean: Picture) -> Mask:
    """Return (height, width) bool: where the grain of the ground is there, but brighter or darker
    by some share, also where that is too little to differ: a weak shadow on rough ground differs
    only in its bright grains.
    """
    windows = _compare_windows(look, clean)
    changed = windows.has_grain & windows.could_be_light & (windows.likeness > _SURELY_SAME)
    changed &= np.abs(windows.ratio - 1.0) > _OTHER_LIGHT
    share = cv2.blur(changed.astype(np.float32), (_FIELD, _FIELD))
    return np.asarray(changed & (share > _FIELD_SHARE), dtype=np.bool_)


def light_only(look: Picture, clean: Picture, differs: Mask) -> Mask:
    """Return (height, width) bool: the part of ``differs`` that only light explains.

    ``look`` and ``clean``: (height, width, 3) uint8 Lab, smoothed, in the same light.
    """
    explained = np.zeros_like(differs)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        np.ascontiguousarray(differs).view(np.uint8), connectivity=8, ltype=cv2.CV_16U
    )
    height, width = differs.shape
    for label in range(1, count):
        left, top, across, along, pixels = (int(value) for value in stats[label])
        if min(across, along) <= _WINDOW or pixels < _WINDOW * _WINDOW:
            continue
        rows = slice(max(0, top - _WINDOW), min(height, top + along + _WINDOW))
        columns = slice(max(0, left - _WINDOW), min(width, left + across + _WINDOW))
        piece = np.asarray(labels[rows, columns] == label)
        is_large = pixels >= _LARGE_SHARE * differs.size
        explained[rows, columns] |= _lit_part(
            look[rows, columns], clean[rows, columns], piece, is_large=is_large
        )
    return explained


def _lit_part(look: Picture, clean: Picture, piece: Mask, *, is_large: bool) -> Mask:
    """Return what of one connected piece is light, all of it or all but the things within."""
    inner = _eroded(piece)
    inner_px = int(np.count_nonzero(inner))
    if inner_px < _FEWEST_INNER_PX:
        return np.zeros_like(piece)
    lit = _lit_pixels(look, clean, inner, is_large=is_large)
    if np.count_nonzero(lit & inner) < _MOSTLY * inner_px:
        return np.zeros_like(piece)
    # The edge of a shadow is in the windows around it, so what is lit is grown over its edge;
    # what then is left inside are things.
    kernel = np.ones((_WINDOW, _WINDOW), dtype=np.uint8)
    grown = cv2.dilate(np.ascontiguousarray(lit & piece).view(np.uint8), kernel)
    left = np.ascontiguousarray(piece & (grown == 0)).view(np.uint8)
    things = cv2.dilate(cv2.morphologyEx(left, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), kernel)
    return np.asarray(piece & (things == 0), dtype=np.bool_)


def _lit_pixels(look: Picture, clean: Picture, inner: Mask, *, is_large: bool) -> Mask:
    """Return the pixels whose surroundings keep grain and colour, (height, width) bool.

    In a large piece it is enough that they keep colour, have some grain where there was any, and
    are as much darker or brighter as the rest of it: foliage never looks the same twice.
    """
    windows = _compare_windows(look, clean)
    has_grain, ratio = windows.has_grain, windows.ratio
    lit = has_grain & (windows.likeness > _SAME_GRAIN)
    if is_large:
        before, now = windows.spread_before, windows.spread_now
        lit |= ~has_grain & (now < before + _GRAIN)
        evenly = np.abs(ratio / np.median(ratio[inner]) - 1.0) < _EVENLY
        lit |= has_grain & evenly & (now > _GRAIN_LEFT * ratio * ratio * before)
    return np.asarray(lit & windows.could_be_light, dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Windows:
    """The surroundings of each pixel now and on the clean ground: the variance of lightness, how
    many times as bright it is, and bool where there is a grain to recognise, where it is the same,
    and where brightness and colour are such as light makes.
    """

    spread_now: Values
    spread_before: Values
    ratio: Values
    has_grain: Mask
    likeness: Values
    could_be_light: Mask


def _compare_windows(look: Picture, clean: Picture) -> _Windows:
    now, before = look[..., 0].astype(np.float32), clean[..., 0].astype(np.float32)
    mean_now, mean_before = _mean(now), _mean(before)
    spread_now = np.maximum(_mean(now * now) - mean_now * mean_now, 0.0)
    spread_before = np.maximum(_mean(before * before) - mean_before * mean_before, 0.0)
    together = _mean(now * before) - mean_now * mean_before
    likeness = together / np.sqrt((spread_now + _NOISE) * (spread_before + _NOISE))
    ratio = (mean_now + 8.0) / (mean_before + 8.0)
    has_grain = spread_before > _GRAIN
    return _Windows(
        spread_now=spread_now,
        spread_before=spread_before,
        ratio=ratio,
        has_grain=has_grain,
        likeness=np.asarray(likeness, dtype=np.float32),
        could_be_light=(ratio > _DARKEST) & (ratio < _BRIGHTEST) & _colour_kept(look, clean),
    )


def _colour_kept(look: Picture, clean: Picture) -> Mask:
    now, before = look[..., 1:].astype(np.float32), clean[..., 1:].astype(np.float32)
    change = np.abs(now - before).max(axis=2)
    colour = np.abs(before - 128.0).max(axis=2)
    return np.asarray(_mean(change - _COLOUR_SHARE * colour) < _SAME_COLOUR, dtype=np.bool_)


def _mean(values: Values) -> Values:
    return np.asarray(cv2.blur(values, (_WINDOW, _WINDOW)), dtype=np.float32)


def _eroded(piece: Mask) -> Mask:
    """Shrink by half a window; the border of the cut-out does not count as an edge."""
    kernel = np.ones((_WINDOW, _WINDOW), dtype=np.uint8)
    return np.asarray(cv2.erode(np.ascontiguousarray(piece).view(np.uint8), kernel), dtype=np.bool_)
