"""OpenCV with its limits set; every module of this part takes ``cv2`` from here.

OpenCV reads its pixel limit once, when it is loaded, and otherwise decodes pictures of a
gigapixel. One thread: cameras are judged one after another, and more threads only burn the cores
that the other parts need.
"""

import os

MOST_DECODED_PIXELS = 50_000_000
"""What a decoder may be asked for at all; :mod:`vision.picture_input` sets narrower limits."""

os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MOST_DECODED_PIXELS))

import cv2  # noqa: E402  the limit above counts only before this import
import numpy as np  # noqa: E402  kept with the import above
from numpy.typing import NDArray  # noqa: E402  kept with the import above

cv2.setNumThreads(1)

Picture = NDArray[np.uint8]
"""A picture in blue, green, red: shape (height, width, 3), uint8."""

Plane = NDArray[np.uint8]
"""One channel: shape (height, width), uint8."""

Mask = NDArray[np.bool_]
"""Which pixels: shape (height, width), bool."""


def bytes_of(values: object) -> NDArray[np.uint8]:
    """Return what OpenCV gave as uint8, without a copy where it is that already."""
    return np.asarray(values, dtype=np.uint8)


__all__ = ["MOST_DECODED_PIXELS", "Mask", "Picture", "Plane", "bytes_of", "cv2"]
