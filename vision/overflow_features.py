"""Forty numbers that describe how the top of a bin looks: edges, fine structure, colours.

A closed bin shows a smooth lid in few colours under quiet background; an overfull one shows
bags and paper: many edges in all directions, fine structure, many colours.
"""

import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Picture, Plane, cv2

TOP_SHARE = 0.45
"""How much of the crop, from its top, is looked at."""

_SIZE_PX = (96, 64)
_ROWS, _COLUMNS = 2, 2
FEATURES_PER_CELL = 10
_PALE_VALUE, _PALE_SATURATION = 180, 60
FEATURES = _ROWS * _COLUMNS * FEATURES_PER_CELL


def overflow_features(crop: Picture) -> NDArray[np.float64]:
    """Return (40,) float64: ten numbers for each quarter of the upper part of ``crop``.

    ``crop``: (height, width, 3) uint8 BGR, one bin with what rises above its rim, at least 8 x 8.
    """
    top = crop[: max(4, round(crop.shape[0] * TOP_SHARE))]
    small = cv2.resize(top, _SIZE_PX, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
    planes = _planes(np.asarray(grey, dtype=np.uint8))
    cells = []
    height, width = _SIZE_PX[1] // _ROWS, _SIZE_PX[0] // _COLUMNS
    for row in range(_ROWS):
        for column in range(_COLUMNS):
            part = (
                slice(row * height, (row + 1) * height),
                slice(column * width, (column + 1) * width),
            )
            cells.append(_cell(hsv[part].astype(np.float64), [plane[part] for plane in planes]))
    return np.concatenate(cells)


def _planes(grey: Plane) -> list[Plane]:
    """Edges (0 or 255), and the sizes of Laplacian and both gradients, each (height, width)."""
    return [
        np.asarray(cv2.Canny(grey, 60, 140), dtype=np.uint8),
        np.asarray(cv2.convertScaleAbs(cv2.Laplacian(grey, cv2.CV_16S, ksize=3)), dtype=np.uint8),
        np.asarray(cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, 1, 0)), dtype=np.uint8),
        np.asarray(cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, 0, 1)), dtype=np.uint8),
    ]


def _cell(hsv: NDArray[np.float64], planes: list[Plane]) -> NDArray[np.float64]:
    """Return (10,) for one quarter; ``hsv`` is (h, w, 3) with hue in half degrees."""
    angle = hsv[..., 0] * (np.pi / 90.0)
    saturation, value = hsv[..., 1], hsv[..., 2]
    weight = saturation.sum() + 1.0
    hue_unity = np.hypot((np.cos(angle) * saturation).sum(), (np.sin(angle) * saturation).sum())
    edges, laplacian, across, along = planes
    return np.array(
        [
            edges.mean() / 255.0,
            np.log1p(laplacian.var()),
            np.log1p(across.mean()),
            np.log1p(along.mean()),
            value.mean() / 255.0,
            value.std() / 128.0,
            saturation.mean() / 255.0,
            saturation.std() / 128.0,
            hue_unity / weight,
            float(np.mean((value > _PALE_VALUE) & (saturation < _PALE_SATURATION))),
        ]
    )
