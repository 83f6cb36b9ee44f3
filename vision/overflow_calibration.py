"""From which log odds on a bin of one camera is overfull, by that camera's own normal pictures.

A head's scores keep their order from camera to camera, not their level. Where at least twenty crops
of normal bins are at hand, the level is taken from them.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import structlog

from domain.checks import ID_PATTERN

_log = structlog.get_logger()

FEWEST_NORMAL = 20

LOWEST_LOGIT = -1.0
"""A quiet camera's normals lie close together; a hair above them is no overflow."""

USUAL_LOGIT = -1.3
"""Where the normal bins of a camera lie before any of them was seen: so do those that the shipped
head was not trained on.
"""

_ABOVE_NORMAL = 1.045
"""How far above the level of a camera's normal bins the threshold lies. Their own spread is not
asked: twenty pictures tell it too badly to be of use.
"""

_WORTH_PICTURES = 3.5
"""So many pictures is the usual level worth: the square of the spread within a camera over that of
the levels of cameras.
"""

_SPREAD = 1.05
_MAD_TO_DEVIATION = 1.4826
_SMALLEST_DEVIATION = 0.5
_STRANGE = 2.5


class TooFewNormalError(ValueError):
    """There are not enough normal pictures to calibrate with. The text says how many."""


class UnusableCalibrationError(Exception):
    """The file is no calibration, or one of another network; calibrate again."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``threshold``: log odds from which on this camera's bins are called overfull."""

    version: Literal[1] = 1
    threshold: float
    normal_pictures: int
    network_sha256: str


def calibrated_threshold(normal_logits: Sequence[float]) -> float:
    """Return the threshold for a camera with these log odds of normal bins.

    Its level, a little above. The level is the mean of what was seen, drawn to the usual level as
    far as so few pictures are in doubt about it, but by no more than one standard error: an unusual
    camera is believed. What lies further from the median than two and a half deviations counts as
    just there, so that a few overfull bins among the normal ones hardly move it. Never below
    ``LOWEST_LOGIT``. Raises :class:`TooFewNormalError`.
    """
    pictures = len(normal_logits)
    if pictures < FEWEST_NORMAL:
        msg = f"{pictures} normal pictures; {FEWEST_NORMAL} are needed"
        raise TooFewNormalError(msg)
    logits = np.asarray(normal_logits, dtype=np.float64)
    middle = float(np.median(logits))
    spread = max(_SMALLEST_DEVIATION, _MAD_TO_DEVIATION * float(np.median(np.abs(logits - middle))))
    seen = float(np.clip(logits, middle - _STRANGE * spread, middle + _STRANGE * spread).mean())
    most = _SPREAD / math.sqrt(pictures)
    drawn = (USUAL_LOGIT - seen) * _WORTH_PICTURES / (_WORTH_PICTURES + pictures)
    return max(LOWEST_LOGIT, seen + max(-most, min(most, drawn)) + _ABOVE_NORMAL)


def calibrate(normal_logits: Sequence[float], *, network_sha256: str) -> Calibration:
    """Return the calibration of a camera with these log odds of normal bins.

    Raises :class:`TooFewNormalError`.
    """
    return Calibration(
        threshold=round(calibrated_threshold(normal_logits), 4),
        normal_pictures=len(normal_logits),
        network_sha256=network_sha256,
    )


def calibration_path(references_folder: Path, camera_id: str) -> Path:
    """Return where a camera's calibration lies; raise ``ValueError`` for what is no id."""
    if ID_PATTERN.fullmatch(camera_id) is None:
        msg = f"not a camera's id: {camera_id[:40]!r}"
        raise ValueError(msg)
    return references_folder / f"{camera_id}.calibration.json"


def parse_calibration(raw: bytes, *, network_sha256: str) -> Calibration:
    """Read a calibration made with that network; raise :class:`UnusableCalibrationError`."""
    try:
        found = msgspec.json.decode(raw, type=Calibration)
    except msgspec.DecodeError as error:
        raise UnusableCalibrationError(str(error)) from error
    if found.network_sha256 != network_sha256:
        msg = "made with another network"
        raise UnusableCalibrationError(msg)
    return found


def read_calibration(path: Path) -> Calibration:
    """Read a calibration, whatever network it was made with.

    Raises :class:`UnusableCalibrationError` and ``OSError``.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Calibration)
    except msgspec.DecodeError as error:
        raise UnusableCalibrationError(str(error)) from error


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Put it in the place of an older one, whole or not at all; raise ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(calibration) + b"\n")
    fresh.replace(path)


def load_calibration(
    references_folder: Path, camera_id: str, *, network_sha256: str
) -> Calibration | None:
    """Return the calibration of a camera, None where it has none or one that cannot be used.

    One that cannot be used is logged.
    """
    path = calibration_path(references_folder, camera_id)
    try:
        return parse_calibration(path.read_bytes(), network_sha256=network_sha256)
    except FileNotFoundError:
        return None
    except (OSError, UnusableCalibrationError) as error:
        _log.error("calibration_unusable", device_id=camera_id, path=str(path), error=str(error))
        return None
