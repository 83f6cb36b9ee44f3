"""How far a picture has shifted against the clean reference: a nudged camera is set right, a
turned one is told.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Mask, Picture, Plane, bytes_of, cv2

MOST_SHIFT_SHARE = 0.03
"""Shifts up to this share of the width are corrected; beyond it the polygons lie wrong."""

_PHASE_WIDTH_PX = 240
_SURE, _SIMILAR = 0.45, 0.30
"""How well outlines must agree, laid upon each other by the phase peak: from the first on the peak
is believed by itself; below it matched corners decide, and where a scene is too plain for corners,
the second."""

_ORB_POINTS, _FEWEST_INLIERS, _FEWEST_MATCHES = 400, 12, 20
_MOST_TURN, _MOST_ZOOM = 0.02, 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The picture lies ``dx_px``, ``dy_px`` right and below of the reference, at work size.

    ``found`` is false where nothing of the reference was recognised or the view has turned.
    """

    dx_px: float
    dy_px: float
    found: bool


LOST = Shift(dx_px=0.0, dy_px=0.0, found=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentTarget:
    """What of a reference is needed to find it again in a picture.

    ``outline``: (h, 240) float32 gradient sizes, h even;
    ``keypoints``: (n, 2) float32 in work pixels; ``descriptors``: (n, 32) uint8, None without any.
    """

    outline: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    descriptors: NDArray[np.uint8] | None


def alignment_target(grey: Plane) -> AlignmentTarget:
    """Prepare a reference: (height, width) uint8 at work size."""
    keypoints, descriptors = _corners(grey)
    return AlignmentTarget(outline=_outline(grey), keypoints=keypoints, descriptors=descriptors)


def find_shift(grey: Plane, target: AlignmentTarget) -> Shift:
    """Return the shift of ``grey``, (height, width) uint8, against the reference."""
    outline = _outline(grey)
    (dx, dy), _ = cv2.phaseCorrelate(target.outline, outline, _window(*outline.shape))
    shift = Shift(
        dx_px=dx * grey.shape[1] / outline.shape[1],
        dy_px=dy * grey.shape[0] / outline.shape[0],
        found=True,
    )
    agreement = _agreement(outline, target.outline, round(dx), round(dy))
    if agreement >= _SURE:
        return shift
    by_corners = _shift_by_corners(grey, target)
    if by_corners is not None:
        return by_corners
    return shift if agreement >= _SIMILAR else LOST


def is_correctable(shift: Shift, width_px: int) -> bool:
    """Whether a picture with this shift can be set right by moving it."""
    most = MOST_SHIFT_SHARE * width_px
    return shift.found and abs(shift.dx_px) <= most and abs(shift.dy_px) <= most


def set_right(picture: Picture, shift: Shift, work_width_px: int) -> Picture:
    """Return the picture moved back onto the reference; borders repeat their last pixels."""
    scale = picture.shape[1] / work_width_px
    if max(abs(shift.dx_px), abs(shift.dy_px)) * scale < 1.0:
        return picture
    move = np.array([[1.0, 0.0, -shift.dx_px * scale], [0.0, 1.0, -shift.dy_px * scale]])
    size = (picture.shape[1], picture.shape[0])
    return bytes_of(cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REPLICATE))


def within_view(shift: Shift, picture: Picture) -> Mask | None:
    """Return what a picture at work size, set right, really shows, (height, width) bool; None for
    all of it. Beside it there is only its repeated border.
    """
    farthest = max(abs(shift.dx_px), abs(shift.dy_px))
    if farthest < 1.0:
        return None
    border = math.ceil(farthest) + 1
    shown = np.zeros(picture.shape[:2], dtype=np.bool_)
    shown[border:-border, border:-border] = True
    return shown


@lru_cache(maxsize=4)
def _window(height: int, width: int) -> NDArray[np.float32]:
    """Return weights that fade at the borders, where a shifted picture has nothing to compare."""
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    return np.asarray(window, dtype=np.float32)


def _outline(grey: Plane) -> NDArray[np.float32]:
    wanted = max(16, round(grey.shape[0] * _PHASE_WIDTH_PX / grey.shape[1]))
    # OpenCV's peak lies one row off for odd heights, and odd sizes would be padded.
    height = 2 * cv2.getOptimalDFTSize((wanted + 1) // 2)
    small = cv2.resize(grey, (_PHASE_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0)
    along = cv2.Sobel(small, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, along), dtype=np.float32)


def _corners(grey: Plane) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None]:
    keypoints, descriptors = cv2.ORB.create(_ORB_POINTS).detectAndCompute(grey, None)
    if not keypoints:
        return np.zeros((0, 2), dtype=np.float32), None
    return np.array([point.pt for point in keypoints], dtype=np.float32), bytes_of(descriptors)


def _shift_by_corners(grey: Plane, target: AlignmentTarget) -> Shift | None:
    """Return what matched corners say, None where too few of them match."""
    points, descriptors = _corners(grey)
    if descriptors is None or target.descriptors is None:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(
        target.descriptors, descriptors
    )
    if len(matches) < _FEWEST_MATCHES:
        return None
    before = target.keypoints[[match.queryIdx for match in matches]]
    after = points[[match.trainIdx for match in matches]]
    found, inliers = cv2.estimateAffinePartial2D(before, after, ransacReprojThreshold=2.0)
    if np.count_nonzero(inliers) < _FEWEST_INLIERS:
        return None
    zoom = float(np.hypot(found[0, 0], found[1, 0]))
    turn = float(np.arctan2(found[1, 0], found[0, 0]))
    if abs(turn) > _MOST_TURN or abs(zoom - 1.0) > _MOST_ZOOM:
        return LOST
    centre = np.array([grey.shape[1] / 2, grey.shape[0] / 2, 1.0])
    moved = found @ centre - centre[:2]
    return Shift(dx_px=float(moved[0]), dy_px=float(moved[1]), found=True)


def _agreement(
    outline: NDArray[np.float32], reference: NDArray[np.float32], dx: int, dy: int
) -> float:
    """Return the correlation of both where they overlap after the shift, 0 for plain ones."""
    height, width = outline.shape
    if abs(dx) > width // 2 or abs(dy) > height // 2:
        return 0.0
    now = outline[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)]
    before = reference[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
    spreads = float(now.std()) * float(before.std())
    if spreads < 1.0:
        return 0.0
    return float(np.mean((now - now.mean()) * (before - before.mean()))) / spreads
