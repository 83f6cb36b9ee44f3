"""What differs from the clean reference, and what that is: pixels, blobs, square metres."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.problems import ProblemClass
from vision.limited_cv2 import Mask, Picture, Plane, bytes_of, cv2
from vision.zones import BinZone, Box, GroundZone

DIFFERENCE = 28
"""Lightness in 255ths, or half as much in either colour axis, that counts as different."""


def lab_distance(one: Picture, other: Picture) -> Plane:
    """Return (height, width) uint8: the largest of lightness and twice each colour difference.

    8-bit Lab stretches lightness by 2.55 and colours not at all, so this weighs them about as the
    eye does; the largest instead of the root keeps it in bytes.
    """
    lightness, green_red, blue_yellow = cv2.split(cv2.absdiff(one, other))
    colour = cv2.max(green_red, blue_yellow)
    return bytes_of(cv2.max(lightness, cv2.add(colour, colour)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A connected piece. ``box`` is (x, y, width, height) in work pixels; ``is_pile`` where it is
    known to have come bag by bag.
    """

    box: tuple[int, int, int, int]
    pixels: int
    area_m2: float
    to_bin_m: float
    is_pile: bool = False


_KERNEL = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


def join_pieces(mask: Mask) -> Mask:
    """Close one-pixel gaps and drop single pixels: (height, width) bool."""
    whole = cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, _KERNEL)
    return np.asarray(cv2.morphologyEx(whole, cv2.MORPH_OPEN, _KERNEL), dtype=np.bool_)


SPECK_M2 = 0.002
_SPECK_SHARE = 0.0083
"""Smaller pieces are no evidence of anything: a square of 4 pixels at a width of 480."""


def smallest_piece_px(width_px: int) -> int:
    """Return how many pixels a piece must have in a picture of that width."""
    return max(6, round((_SPECK_SHARE * width_px) ** 2))


def find_blobs(waste: Mask, ground: GroundZone, bins: Sequence[BinZone]) -> list[Blob]:
    """Return the pieces of ``waste``, (height, width) bool, on that ground without mere specks,
    largest first. Without any bin in view all of it counts as near one.
    """
    on_ground = np.ascontiguousarray(waste & ground.mask).view(np.uint8)
    if not on_ground.any():
        return []
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        on_ground, connectivity=8, ltype=cv2.CV_16U
    )
    blobs = []
    for label in range(1, count):
        left, top, width, height, pixels = (int(value) for value in stats[label])
        box = (left, top, width, height)
        cut = (slice(top, top + height), slice(left, left + width))
        m2 = ground.m2_at[cut][labels[cut] == label]
        near_px = min((_gap_px(box, bin_zone.crop) for bin_zone in bins), default=0.0)
        blobs.append(
            Blob(
                box=box,
                pixels=pixels,
                area_m2=float(m2.sum()),
                to_bin_m=near_px * math.sqrt(float(m2.mean())),
            )
        )
    smallest = smallest_piece_px(waste.shape[1])
    pieces = [blob for blob in blobs if blob.area_m2 >= SPECK_M2 and blob.pixels >= smallest]
    return sorted(pieces, key=lambda blob: -blob.pixels)


def _gap_px(box: tuple[int, int, int, int], bin_box: Box) -> float:
    """Return the distance between two upright rectangles, 0 where they meet."""
    x, y, width, height = box
    across = max(bin_box.left - (x + width), x - bin_box.right, 0)
    along = max(bin_box.top - (y + height), y - bin_box.bottom, 0)
    return math.hypot(across, along)


SMALLEST_BAG_M2, SMALLEST_HEAP_M2 = 0.12, 1.6
NEAR_BIN_M = 3.0
LITTER_ENOUGH_PIECES, LITTER_ENOUGH_M2 = 4, 0.2
"""From so many small pieces, or so much of them together, a street counts as littered; fewer are
what every street shows."""


def class_of(blob: Blob) -> ProblemClass:
    """Return what a piece is by its size, and for bags by where it lies."""
    if blob.area_m2 >= SMALLEST_HEAP_M2 and not blob.is_pile:
        return ProblemClass.EXPOSED_WASTE
    if blob.area_m2 < SMALLEST_BAG_M2:
        return ProblemClass.SCATTERED_LITTER
    if blob.to_bin_m <= NEAR_BIN_M:
        return ProblemClass.BAGGED_WASTE_ON_GROUND
    return ProblemClass.EXPOSED_WASTE


def class_scores(blobs: Sequence[Blob]) -> dict[ProblemClass, float]:
    """Return 0 to 1 for each ground class; 0.5 is where it counts as present."""
    litter = [blob for blob in blobs if class_of(blob) is ProblemClass.SCATTERED_LITTER]
    by_pieces = len(litter) / (2.0 * LITTER_ENOUGH_PIECES)
    by_area = sum(blob.area_m2 for blob in litter) / (2.0 * LITTER_ENOUGH_M2)
    scores = {
        ProblemClass.SCATTERED_LITTER: min(1.0, max(by_pieces, by_area)),
        ProblemClass.BAGGED_WASTE_ON_GROUND: 0.0,
        ProblemClass.EXPOSED_WASTE: 0.0,
    }
    for blob in blobs:
        kind = class_of(blob)
        if kind is not ProblemClass.SCATTERED_LITTER:
            is_heap = blob.area_m2 >= SMALLEST_HEAP_M2 and not blob.is_pile
            smallest = SMALLEST_HEAP_M2 if is_heap else SMALLEST_BAG_M2
            scores[kind] = max(scores[kind], min(1.0, blob.area_m2 / (2.0 * smallest)))
    return scores
