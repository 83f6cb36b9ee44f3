"""Making people unknowable without knowing people: all is blocks but what has been judged still.

Shown are only the camera's bin and ground polygons, and inside them only what looks like the clean
reference or has stayed for K snapshots.
"""

import numpy as np

from vision.limited_cv2 import Mask, Picture, bytes_of, cv2

BLOCKS_ACROSS = 40
"""A block is a fortieth of the picture's width: 16 pixels at 640."""

_SMALLEST_FIGURE_PX = 12


def mask_picture(picture: Picture, shown: Mask, passing: Mask) -> Picture:
    """Return the picture with everything in blocks but what may be seen.

    ``picture``: (height, width, 3) uint8 BGR; ``shown`` and ``passing``: (h, w) bool at any
    smaller size: what the polygons cover, and what has not stayed for K snapshots. Whole blocks
    are hidden, with one more block around whatever passes.
    """
    height, width = picture.shape[:2]
    columns = min(BLOCKS_ACROSS, width)
    rows = max(1, round(height * columns / width))
    moving = _touched(_filled(passing), rows, columns)
    moving = bytes_of(cv2.dilate(moving, np.ones((3, 3), dtype=np.uint8)))
    hidden = cv2.resize(moving, (width, height), interpolation=cv2.INTER_NEAREST)
    outside = cv2.resize(
        np.ascontiguousarray(~shown).view(np.uint8),
        (width, height),
        interpolation=cv2.INTER_NEAREST,
    )
    return bytes_of(cv2.copyTo(pixelate(picture), cv2.bitwise_or(hidden, outside), picture.copy()))


def pixelate(picture: Picture, blocks_across: int = BLOCKS_ACROSS) -> Picture:
    """Return (height, width, 3) uint8 in that many blocks across, each of one colour."""
    height, width = picture.shape[:2]
    columns = min(blocks_across, width)
    rows = max(1, round(height * columns / width))
    blocks = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
    return bytes_of(cv2.resize(blocks, (width, height), interpolation=cv2.INTER_NEAREST))


def _filled(passing: Mask) -> Mask:
    """Fill the frame of every larger figure: clothes in the colour of the ground leave holes."""
    if not passing.any():
        return passing
    filled = passing.copy()
    grown = cv2.dilate(np.ascontiguousarray(passing).view(np.uint8), np.ones((5, 5), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(grown, connectivity=8, ltype=cv2.CV_16U)
    for label in range(1, count):
        left, top, width, height, pixels = (int(value) for value in stats[label])
        if pixels >= _SMALLEST_FIGURE_PX:
            filled[top : top + height, left : left + width] = True
    return filled


def _touched(
    mask: Mask, rows: int, columns: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return (rows, columns) uint8: 1 for every block that ``mask`` touches anywhere."""
    touched = np.zeros((rows, columns), dtype=np.uint8)
    at_y, at_x = np.nonzero(mask)
    touched[at_y * rows // mask.shape[0], at_x * columns // mask.shape[1]] = 1
    return touched
