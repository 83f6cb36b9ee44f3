"""An optional detector of people and vehicles from an ONNX file that the owner brings.

Understood is one output of (1, 5 + classes, rows, columns) as FastestDet has it: per cell the
chance of an object, its offset (tanh) and size (sigmoid) as shares of the picture, and the chance
of each COCO class; the input is (1, 3, side, side), blue-green-red from 0 to 1.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Picture, cv2
from vision.movers import Frame

_SIDE_PX = 352
_MOVING_CLASSES = (0, 1, 2, 3, 5, 7, 15, 16)
"""COCO: person, bicycle, car, motorcycle, bus, truck, cat, dog."""

_CLASSES = 80
_SURE = 0.5
_MOST_BYTES = 256 * 1024 * 1024


class UnusableDetectorError(Exception):
    """The file is no detector this program understands. The text says why."""


class OnnxMovers:
    """Fulfils :class:`vision.movers.MoverFinder` by one pass over the whole picture."""

    def __init__(self, network: "cv2.dnn.Net") -> None:
        self._network = network

    def movers_near(self, picture: Picture, near: tuple[Frame, ...]) -> tuple[Frame, ...]:
        """Return all movers of the picture, if anything is asked for at all."""
        if not near:
            return ()
        output = self._run(picture)
        return movers_of(output, picture.shape[1], picture.shape[0])

    def _run(self, picture: Picture) -> NDArray[np.float32]:
        small = cv2.resize(picture, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
        self._network.setInput(cv2.dnn.blobFromImage(small, 1.0 / 255.0))
        return np.asarray(self._network.forward(), dtype=np.float32)


def load_detector(path: Path) -> OnnxMovers:
    """Load a detector and try it once. Raises :class:`UnusableDetectorError`."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            msg = f"{path}: larger than {_MOST_BYTES} bytes"
            raise UnusableDetectorError(msg)
        movers = OnnxMovers(cv2.dnn.readNetFromONNX(str(path)))
        movers.movers_near(np.zeros((_SIDE_PX, _SIDE_PX, 3), dtype=np.uint8), ((0, 0, 1, 1),))
    except (OSError, cv2.error) as error:
        msg = f"{path}: {str(error).strip().splitlines()[-1]}"
        raise UnusableDetectorError(msg) from error
    return movers


def movers_of(output: NDArray[np.float32], width_px: int, height_px: int) -> tuple[Frame, ...]:
    """Return the frames of movers in (1, 85, rows, columns), the surest of overlapping ones."""
    if output.ndim != 4 or output.shape[:2] != (1, 5 + _CLASSES):  # noqa: PLR2004  as said above
        msg = f"an output of shape {output.shape}, not (1, {5 + _CLASSES}, rows, columns)"
        raise UnusableDetectorError(msg)
    cells = output[0].astype(np.float64)
    rows, columns = cells.shape[1:]
    best = cells[5:].argmax(axis=0)
    scores = np.clip(cells[0], 0, 1) ** 0.6 * np.clip(cells[5:].max(axis=0), 0, 1) ** 0.4
    at_y, at_x = np.nonzero((scores > _SURE) & np.isin(best, _MOVING_CLASSES))
    centre_x = (at_x + np.tanh(cells[1, at_y, at_x])) / columns * width_px
    centre_y = (at_y + np.tanh(cells[2, at_y, at_x])) / rows * height_px
    wide = width_px / (1.0 + np.exp(-cells[3, at_y, at_x]))
    high = height_px / (1.0 + np.exp(-cells[4, at_y, at_x]))
    frames = np.stack([centre_x - wide / 2, centre_y - high / 2, wide, high], axis=1)
    kept = cv2.dnn.NMSBoxes(frames.tolist(), scores[at_y, at_x].tolist(), _SURE, 0.45)
    return tuple(
        (round(x), round(y), round(w), round(h))
        for x, y, w, h in frames[np.ravel(kept).astype(int)]
    )
