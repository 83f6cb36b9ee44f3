"""People and vehicles: what stands still for a while is not waste for that."""

from functools import lru_cache
from typing import Protocol

import numpy as np

from vision.limited_cv2 import Picture, cv2

Frame = tuple[int, int, int, int]
"""x, y, width, height in pixels."""


class MoverFinder(Protocol):
    """Finds people, and vehicles if it can."""

    def movers_near(self, picture: Picture, near: tuple[Frame, ...]) -> tuple[Frame, ...]:
        """Return frames of what may move by itself, at least those that touch ``near``.

        ``picture``: (height, width, 3) uint8 BGR.
        """
        ...


class HogPeople:
    """OpenCV's upright figures, looked for only around a frame: whole people, not sitting ones."""

    _FIGURE_PX = 128
    _SURE = 0.3

    def __init__(self) -> None:
        self._hog = cv2.HOGDescriptor()
        detector = cv2.HOGDescriptor.getDefaultPeopleDetector()
        self._hog.setSVMDetector(np.asarray(detector, dtype=np.float32))

    def movers_near(self, picture: Picture, near: tuple[Frame, ...]) -> tuple[Frame, ...]:
        """Return the upright figures whose size would fit the frames."""
        return tuple(frame for one in near for frame in self._around(picture, one))

    def _around(self, picture: Picture, near: Frame) -> list[Frame]:
        """Look for figures from once to two and a half times as tall as the frame."""
        x, y, width, height = near
        tall = max(height, width, 24)
        left, right = max(0, x - tall), min(picture.shape[1], x + width + tall)
        top, bottom = max(0, y - 2 * tall), min(picture.shape[0], y + height + tall // 2)
        scale = 1.1 * self._FIGURE_PX / tall
        size = (max(64, round((right - left) * scale)), max(128, round((bottom - top) * scale)))
        cut = cv2.resize(picture[top:bottom, left:right], size)
        found, weights = self._hog.detectMultiScale(cut, winStride=(8, 8), scale=1.2)
        return [
            (
                left + round(fx / scale),
                top + round(fy / scale),
                round(fw / scale),
                round(fh / scale),
            )
            for (fx, fy, fw, fh), weight in zip(found, np.ravel(weights), strict=True)
            if weight >= self._SURE
        ]


@lru_cache(maxsize=1)
def people_by_hog() -> HogPeople:
    """Return the one finder that all cameras share; it remembers nothing."""
    return HogPeople()
