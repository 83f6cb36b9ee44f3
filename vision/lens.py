"""Drops and smears on the lens: parts of the picture that lose their fine grain but keep the coarse
look of the scene, and stay so. A thing that covers them has a look of its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Plane, cv2

_ACROSS, _DOWN, _CELLS = 16, 9, 4
_FEWEST_SHARPNESS = 60.0
"""Variance of the Laplacian from which a part of the clean reference shows whether it is sharp."""

_LEFT_OF_SHARPNESS = 0.25
_SAME_LOOK, _COARSE_STD = 0.6, 4.0
_DARKEST, _BRIGHTEST = 0.3, 2.5
_STAYS_FOR = 3
_MOST_SHARE, _MOST_PARTS = 0.08, 4
"""So much of what was sharp may be smeared: small drops hide less than a passer-by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LensView:
    """What of a picture tells a smear: (9, 16) float64 each ``sharpness`` and ``brightness`` of its
    parts, and ``coarse``, (9, 16, 16), how each part looks from afar.
    """

    sharpness: NDArray[np.float64]
    brightness: NDArray[np.float64]
    coarse: NDArray[np.float64]


def lens_view(grey: Plane) -> LensView:
    """Measure a picture: (height, width) uint8."""
    edges = np.asarray(cv2.Laplacian(grey, cv2.CV_32F))
    sharpness = cv2.resize(edges * edges, (_ACROSS, _DOWN), interpolation=cv2.INTER_AREA)
    cells = cv2.resize(grey, (_ACROSS * _CELLS, _DOWN * _CELLS), interpolation=cv2.INTER_AREA)
    coarse = (
        np.asarray(cells, dtype=np.float64)
        .reshape(_DOWN, _CELLS, _ACROSS, _CELLS)
        .transpose(0, 2, 1, 3)
        .reshape(_DOWN, _ACROSS, _CELLS * _CELLS)
    )
    return LensView(
        sharpness=np.asarray(sharpness, dtype=np.float64),
        brightness=coarse.mean(axis=2),
        coarse=coarse,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LensWatch:
    """In how many snapshots in a row each part was smeared: (9, 16) uint8, None before any."""

    smeared: NDArray[np.uint8] | None = None
    could_be: int = 0

    def next(self, view: LensView, clean: LensView) -> "LensWatch":
        """Return the watch after one more picture, beside the clean reference in its light."""
        tells = (clean.sharpness > _FEWEST_SHARPNESS) & (clean.coarse.std(axis=2) > _COARSE_STD)
        now = tells & _is_smeared(view, clean)
        before = np.zeros(now.shape, dtype=np.uint8) if self.smeared is None else self.smeared
        counts = np.where(now, np.minimum(before, _STAYS_FOR) + 1, 0).astype(np.uint8)
        return LensWatch(smeared=counts, could_be=int(np.count_nonzero(tells)))

    @property
    def is_smeared(self) -> bool:
        """Whether so much of the lens has been smeared for three snapshots."""
        if self.smeared is None:
            return False
        parts = np.count_nonzero(self.smeared >= _STAYS_FOR)
        return bool(parts >= _MOST_PARTS and parts >= _MOST_SHARE * self.could_be)


def _is_smeared(view: LensView, clean: LensView) -> NDArray[np.bool_]:
    """Return the parts without their grain, in any light, that still look alike from afar."""
    light = (view.brightness + 4.0) / (clean.brightness + 4.0)
    left = view.sharpness < _LEFT_OF_SHARPNESS * light * light * clean.sharpness
    now = view.coarse - view.coarse.mean(axis=2, keepdims=True)
    before = clean.coarse - clean.coarse.mean(axis=2, keepdims=True)
    lengths = np.sqrt((now * now).sum(axis=2) * (before * before).sum(axis=2))
    alike = (now * before).sum(axis=2) > _SAME_LOOK * np.maximum(lengths, 1e-9)
    return np.asarray(left & alike & (light > _DARKEST) & (light < _BRIGHTEST), dtype=np.bool_)
