"""Detectors laid out as YOLOX exports them to ONNX (its releases, and others in that layout).

The input is (1, 3, side, side), blue-green-red from 0 to 255: the picture in its own proportions at
the upper left, grey below or beside it. The output is (1, cells, 5 + classes) of grids with a cell
every 8, 16 and 32 pixels, one after the other, row by row: offset of the centre in cells, logarithm
of the size in cells, chance of an object, chance of each COCO class.
"""

import numpy as np
from numpy.typing import NDArray

from vision.detections import CLASSES, is_mover, surest_frames
from vision.limited_cv2 import Picture, cv2
from vision.movers import Frame

SIDES_PX = (416, 640)
"""What the small and the larger of them are trained with."""

_STRIDES_PX = (8, 16, 32)
_GREY = 114
_SURE = 0.3
"""From which chance on its authors show a detection."""


def is_yolox(output: NDArray[np.float32], side_px: int) -> bool:
    """Whether an output has this layout's shape for an input of that side."""
    cells = sum((side_px // stride) ** 2 for stride in _STRIDES_PX)
    return output.shape == (1, cells, 5 + CLASSES)


def yolox_input(picture: Picture, side_px: int) -> NDArray[np.float32]:
    """Return (1, 3, side, side) of (height, width, 3) uint8 BGR."""
    scale = _scale(picture.shape[1], picture.shape[0], side_px)
    wide, high = (max(1, int(pixels * scale)) for pixels in picture.shape[1::-1])
    padded = np.full((side_px, side_px, 3), _GREY, dtype=np.uint8)
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    padded[:high, :wide] = cv2.resize(picture, (wide, high), interpolation=kind)
    return np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32)


def yolox_movers(
    output: NDArray[np.float32], side_px: int, *, width_px: int, height_px: int
) -> tuple[Frame, ...]:
    """Return the frames of movers, in pixels of a picture of that size, of an output that
    :func:`is_yolox`.
    """
    found = output[0].astype(np.float64)
    best = found[:, 5:].argmax(axis=1)
    scores = found[:, 4] * found[:, 5:].max(axis=1)
    moving = np.flatnonzero((scores > _SURE) & is_mover(best))
    cells = _cells(side_px)[moving]
    stride = cells[:, 2:]
    centres = (found[moving, :2] + cells[:, :2]) * stride
    # A cell that claims more than the whole picture is cut to it; exp must not overflow.
    sizes = np.exp(np.minimum(found[moving, 2:4], np.log(side_px))) * stride
    sizes = np.minimum(sizes, side_px)
    frames = np.hstack([centres - sizes / 2, sizes]) / _scale(width_px, height_px, side_px)
    return surest_frames(frames, scores[moving], from_score=_SURE)


def _scale(width_px: int, height_px: int, side_px: int) -> float:
    return min(side_px / width_px, side_px / height_px)


def _cells(side_px: int) -> NDArray[np.float64]:
    """Return (cells, 3): column, row and stride of each cell, in the order of the output."""
    grids = []
    for stride in _STRIDES_PX:
        rows, columns = np.mgrid[: side_px // stride, : side_px // stride]
        strides = np.full(rows.size, stride)
        grids.append(np.stack([columns.ravel(), rows.ravel(), strides], axis=1))
    return np.concatenate(grids).astype(np.float64)
