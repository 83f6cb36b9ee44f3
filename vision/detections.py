"""What detectors of different layouts have in common: COCO's classes, and one frame a thing."""

import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import cv2
from vision.movers import Frame

CLASSES = 80
_MOVING_CLASSES = (0, 1, 2, 3, 5, 7, 15, 16)
"""COCO: person, bicycle, car, motorcycle, bus, truck, cat, dog."""

_MOST_OVERLAP = 0.45


def is_mover(classes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of COCO's class numbers are of people, animals and vehicles."""
    return np.isin(classes, _MOVING_CLASSES)


def surest_frames(
    frames: NDArray[np.float64], scores: NDArray[np.float64], *, from_score: float
) -> tuple[Frame, ...]:
    """Return the surest of overlapping ``frames`` (n, 4: left, top, width, height in pixels) with
    their ``scores`` (n,).
    """
    kept = cv2.dnn.NMSBoxes(frames.tolist(), scores.tolist(), from_score, _MOST_OVERLAP)
    return tuple(
        (round(x), round(y), round(w), round(h))
        for x, y, w, h in frames[np.ravel(kept).astype(int)]
    )
