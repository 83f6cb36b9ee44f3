"""Whether a picture can be judged at all. A picture that cannot never says "clear"."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.records import CameraHealth
from vision.limited_cv2 import Plane, cv2

_TILES = (16, 9)
_DARK_LEVEL, _DARK_SHARE = 28, 0.97
_BRIGHT_LEVEL, _BRIGHT_SHARE = 250, 0.55
_FLAT_STD, _TEXTURED_STD = 3.0, 8.0
_BLOCKED_SHARE = 0.65
_FLAT_EVERYWHERE = 0.92
_BLUR_RATIO, _BLUR_ALONE = 0.12, 8.0
_SAME_PIXELS = 0.995
_BLACK = 4.0
FROZEN_AFTER = 5
"""So many pictures in a row that do not differ: a living sensor always has noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """How much there is to see: ``sharpness`` is the variance of the Laplacian, ``tile_std``
    (9, 16) float64 the spread of grey in each tile, ``brightness`` the mean grey.
    """

    brightness: float
    sharpness: float
    tile_std: NDArray[np.float64]


def texture_of(grey: Plane) -> Texture:
    """Measure a picture: (height, width) uint8."""
    values = np.asarray(grey, dtype=np.float32)
    mean = cv2.resize(values, _TILES, interpolation=cv2.INTER_AREA)
    square = cv2.resize(values * values, _TILES, interpolation=cv2.INTER_AREA)
    spread = np.sqrt(np.maximum(np.asarray(square - mean * mean, dtype=np.float64), 0.0))
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    return Texture(
        brightness=float(mean.mean()), sharpness=float(deviation[0, 0]) ** 2, tile_std=spread
    )


def health_of(grey: Plane, texture: Texture, reference: Texture | None) -> CameraHealth:
    """Return OK, DARK, OVEREXPOSED, BLOCKED or BLURRED for (height, width) uint8.

    ``reference``: the texture of the clean reference in the same light, where there is one.
    """
    if np.count_nonzero(grey < _DARK_LEVEL) > _DARK_SHARE * grey.size:
        return CameraHealth.DARK
    if np.count_nonzero(grey >= _BRIGHT_LEVEL) > _BRIGHT_SHARE * grey.size:
        return CameraHealth.OVEREXPOSED
    if _is_blocked(texture, reference):
        return CameraHealth.BLOCKED
    if texture.sharpness < _BLUR_ALONE and reference is None:
        return CameraHealth.BLURRED
    if reference is not None:
        light = _dimmer(texture, reference)
        if texture.sharpness < _BLUR_RATIO * light * light * reference.sharpness:
            return CameraHealth.BLURRED
    return CameraHealth.OK


def _is_blocked(texture: Texture, reference: Texture | None) -> bool:
    flat = texture.tile_std < _FLAT_STD
    if reference is not None:
        textured = reference.tile_std > _TEXTURED_STD
        if np.count_nonzero(textured) >= textured.size // 8:
            return bool(np.count_nonzero(flat & textured) > _BLOCKED_SHARE * textured.sum())
    return bool(np.count_nonzero(flat) > _FLAT_EVERYWHERE * flat.size)


def _dimmer(texture: Texture, reference: Texture) -> float:
    """Return how bright a picture is beside its reference, at most 1: less light leaves less of
    every difference, and that does not make a picture blurred.
    """
    return min(1.0, (texture.brightness + _BLACK) / (reference.brightness + _BLACK))


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeWatch:
    """Every fourth row and column of the last picture, uint8, and how many in a row did not differ
    from it.
    """

    newest: Plane | None = None
    alike: int = 0

    def next(self, grey: Plane) -> "FreezeWatch":
        """Return the watch after one more picture: (height, width) uint8."""
        thin = grey[::4, ::4].copy()
        same = (
            self.newest is not None
            and self.newest.shape == thin.shape
            and np.count_nonzero(self.newest == thin) >= _SAME_PIXELS * thin.size
        )
        return FreezeWatch(newest=thin, alike=self.alike + 1 if same else 0)

    @property
    def is_frozen(self) -> bool:
        """Whether the picture has stood still for :data:`FROZEN_AFTER` repeats."""
        return self.alike >= FROZEN_AFTER
