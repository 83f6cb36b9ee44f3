"""An optional detector of people and vehicles from an ONNX file that the owner brings.

Two layouts are understood. FastestDet's: one output of (1, 5 + classes, rows, columns), per cell
the chance of an object, its offset (tanh) and size (sigmoid) as shares of the picture, and the
chance of each COCO class; the input is (1, 3, side, side), blue-green-red from 0 to 1. And YOLOX's
(:mod:`vision.yolox_layout`). Which one a file has is found by trying.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vision.detections import CLASSES, is_mover, surest_frames
from vision.limited_cv2 import Picture, cv2
from vision.movers import Frame
from vision.yolox_layout import SIDES_PX, is_yolox, yolox_input, yolox_movers

_SIDE_PX = 352
_SURE = 0.5
_MOST_BYTES = 256 * 1024 * 1024


class UnusableDetectorError(Exception):
    """The file is no detector this program understands. The text says why."""


class Layout(Protocol):
    """What a kind of detector is shown, and how its answer is read."""

    def blob(self, picture: Picture) -> NDArray[np.float32]:
        """Return the network's input of (height, width, 3) uint8 BGR."""
        ...

    def fits(self, output: NDArray[np.float32]) -> bool:
        """Whether an output is of this layout."""
        ...

    def movers(
        self, output: NDArray[np.float32], width_px: int, height_px: int
    ) -> tuple[Frame, ...]:
        """Return the movers' frames in a picture of that size."""
        ...


class FastestDetLayout:
    """FastestDet's."""

    def blob(self, picture: Picture) -> NDArray[np.float32]:
        """Return the whole picture, squeezed into a square."""
        small = cv2.resize(picture, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.dnn.blobFromImage(small, 1.0 / 255.0), dtype=np.float32)

    def fits(self, output: NDArray[np.float32]) -> bool:
        """Whether it is (1, 85, rows, columns)."""
        return output.ndim == 4 and output.shape[:2] == (1, 5 + CLASSES)  # noqa: PLR2004  as said

    def movers(
        self, output: NDArray[np.float32], width_px: int, height_px: int
    ) -> tuple[Frame, ...]:
        """Return the movers' frames in a picture of that size."""
        return movers_of(output, width_px, height_px)


class YoloxLayout:
    """That of YOLOX, with a side of its input."""

    def __init__(self, side_px: int) -> None:
        self._side_px = side_px

    def blob(self, picture: Picture) -> NDArray[np.float32]:
        """Return the picture in its own proportions, and grey."""
        return yolox_input(picture, self._side_px)

    def fits(self, output: NDArray[np.float32]) -> bool:
        """Whether it has a row for each cell."""
        return is_yolox(output, self._side_px)

    def movers(
        self, output: NDArray[np.float32], width_px: int, height_px: int
    ) -> tuple[Frame, ...]:
        """Return the movers' frames in a picture of that size."""
        return yolox_movers(output, self._side_px, width_px=width_px, height_px=height_px)


_LAYOUTS: tuple[Layout, ...] = (FastestDetLayout(), *(YoloxLayout(side) for side in SIDES_PX))


class OnnxMovers:
    """Fulfils :class:`vision.movers.MoverFinder` by one pass over the whole picture."""

    def __init__(self, network: "cv2.dnn.Net", layout: Layout) -> None:
        self._network = network
        self._layout = layout

    def movers_near(self, picture: Picture, near: tuple[Frame, ...]) -> tuple[Frame, ...]:
        """Return all movers of the picture, if anything is asked for at all."""
        if not near:
            return ()
        return self._layout.movers(self.run(picture), picture.shape[1], picture.shape[0])

    def run(self, picture: Picture) -> NDArray[np.float32]:
        """Return what the network answers; raise ``cv2.error`` where it takes no such input."""
        self._network.setInput(self._layout.blob(picture))
        return np.asarray(self._network.forward(), dtype=np.float32)


def load_detector(path: Path) -> OnnxMovers:
    """Load a detector and try it once. Raises :class:`UnusableDetectorError`."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            msg = f"{path}: larger than {_MOST_BYTES} bytes"
            raise UnusableDetectorError(msg)
        raw = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        cv2.dnn.readNetFromONNX(raw)
    except (OSError, cv2.error) as error:
        msg = f"{path}: {_last_line(error)}"
        raise UnusableDetectorError(msg) from error
    answers = []
    for layout in _LAYOUTS:
        # Read anew: a network that has refused one size may refuse the next for that.
        movers = OnnxMovers(cv2.dnn.readNetFromONNX(raw), layout)
        try:
            output = movers.run(np.zeros((_SIDE_PX, _SIDE_PX, 3), dtype=np.uint8))
        except cv2.error as error:
            answers.append(_last_line(error))
            continue
        if layout.fits(output):
            return movers
        answers.append(f"an output of shape {output.shape}")
    msg = (
        f"{path}: laid out neither as FastestDet nor as YOLOX: {'; '.join(dict.fromkeys(answers))}"
    )
    raise UnusableDetectorError(msg)


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def movers_of(output: NDArray[np.float32], width_px: int, height_px: int) -> tuple[Frame, ...]:
    """Return the frames of movers in (1, 85, rows, columns), the surest of overlapping ones."""
    if not FastestDetLayout().fits(output):
        msg = f"an output of shape {output.shape}, not (1, {5 + CLASSES}, rows, columns)"
        raise UnusableDetectorError(msg)
    cells = output[0].astype(np.float64)
    rows, columns = cells.shape[1:]
    best = cells[5:].argmax(axis=0)
    scores = np.clip(cells[0], 0, 1) ** 0.6 * np.clip(cells[5:].max(axis=0), 0, 1) ** 0.4
    at_y, at_x = np.nonzero((scores > _SURE) & is_mover(best))
    centre_x = (at_x + np.tanh(cells[1, at_y, at_x])) / columns * width_px
    centre_y = (at_y + np.tanh(cells[2, at_y, at_x])) / rows * height_px
    wide = width_px / (1.0 + np.exp(-cells[3, at_y, at_x]))
    high = height_px / (1.0 + np.exp(-cells[4, at_y, at_x]))
    frames = np.stack([centre_x - wide / 2, centre_y - high / 2, wide, high], axis=1)
    return surest_frames(frames, scores[at_y, at_x], from_score=_SURE)
