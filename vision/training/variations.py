"""Varied copies of a training crop, so that a head learns bins and not how tightly, how sharply or
in which light its training crops happened to be taken.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Picture, bytes_of, cv2

Random = np.random.Generator

_TIGHTEST, _LOOSEST = -0.10, 0.25
"""The margin added at a side (cut off where negative), as a share of the crop's own size."""


def varied(crop: Picture, random: Random) -> Picture:
    """Return a copy: looser or tighter at each side, in another light or quality, mirrored or not.

    ``crop``: (height, width, 3) uint8 BGR.
    """
    framed = reframed(crop, random.uniform(_TIGHTEST, _LOOSEST, 4) * random.choice([0.4, 1.0]))
    changed = _CHANGES[random.integers(len(_CHANGES))](framed, random)
    return bytes_of(changed[:, ::-1].copy() if random.random() < 0.5 else changed)  # noqa: PLR2004


def reframed(crop: Picture, margins: NDArray[np.float64]) -> Picture:
    """Return the crop with ``margins`` (left, top, right, bottom, as shares of its size) added.

    What lies around a crop is not known: a wider one is filled with its own mirror image.
    """
    height, width = crop.shape[:2]
    left, top, right, bottom = (
        round(float(share) * side)
        for share, side in zip(margins, (width, height, width, height), strict=True)
    )
    cut = crop[max(0, -top) : height - max(0, -bottom), max(0, -left) : width - max(0, -right)]
    added = (max(0, top), max(0, bottom), max(0, left), max(0, right))
    return bytes_of(cv2.copyMakeBorder(cut, *added, cv2.BORDER_REFLECT_101))


def _pressed(crop: Picture, random: Random) -> Picture:
    return _jpeg(crop, random.uniform(10, 50))


def _small(crop: Picture, random: Random) -> Picture:
    scale = random.uniform(40, 140) / crop.shape[1]
    size = (max(8, round(crop.shape[1] * scale)), max(8, round(crop.shape[0] * scale)))
    return _jpeg(bytes_of(cv2.resize(crop, size, interpolation=cv2.INTER_AREA)), 80)


def _tinted(crop: Picture, random: Random) -> Picture:
    gains: NDArray[np.float64] = random.uniform(0.6, 1.5, 3)
    return _clipped(crop.astype(np.float64) * gains)


def _grey(crop: Picture, random: Random) -> Picture:
    levels = 255.0 * (np.arange(256) / 255.0) ** random.uniform(0.5, 1.5)
    return bytes_of(cv2.LUT(_without_colour(crop), levels.astype(np.uint8)))


def _dark(crop: Picture, random: Random) -> Picture:
    seen = _without_colour(crop) if random.random() < 0.5 else crop  # noqa: PLR2004  a coin
    noise = random.normal(0.0, random.uniform(2, 10), crop.shape)
    return _clipped(seen.astype(np.float64) * random.uniform(0.2, 0.6) + noise)


def _blurred(crop: Picture, random: Random) -> Picture:
    deviation_px = max(0.3, random.uniform(0.004, 0.016) * crop.shape[1])
    return bytes_of(cv2.GaussianBlur(crop, (0, 0), deviation_px))


def _rained_on(crop: Picture, random: Random) -> Picture:
    """Draw streaks from the length of snow flakes to that of rain."""
    height, width = crop.shape[:2]
    falling = np.zeros((height, width), dtype=np.uint8)
    length = max(1, round(random.uniform(0.01, 0.10) * height))
    thick = max(1, round(random.uniform(0.003, 0.010) * height))
    for _ in range(int(random.integers(40, 200))):
        x, y = int(random.integers(width)), int(random.integers(height))
        cv2.line(falling, (x, y), (x + length // 5, y + length), (255,), thick)
    soft = bytes_of(cv2.GaussianBlur(falling, (3, 3), 0)).astype(np.float64)
    share = soft[..., None] / 255.0 * random.uniform(0.4, 0.9)
    return _clipped(crop.astype(np.float64) * (1.0 - share) + 230.0 * share)


_CHANGES: tuple[Callable[[Picture, Random], Picture], ...] = (
    _pressed,
    _small,
    _tinted,
    _grey,
    _dark,
    _blurred,
    _rained_on,
)


def _jpeg(crop: Picture, quality: float) -> Picture:
    _, coded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, round(quality)])
    return bytes_of(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def _without_colour(crop: Picture) -> Picture:
    return bytes_of(cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))


def _clipped(values: NDArray[np.float64]) -> Picture:
    return bytes_of(np.clip(values, 0, 255).astype(np.uint8))
