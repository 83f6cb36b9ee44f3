"""How well bins that are overfull are told from others, on labelled crops of one bin each: the core
of ``huanwei vision evaluate overflow``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Picture
from vision.overflow_calibration import TooFewNormalError, calibrated_threshold
from vision.picture_input import PictureLimits, UnreadablePictureError, decode_picture

Numbers = NDArray[np.float64]

OVERFLOW_FOLDER, NORMAL_FOLDER = "overflow", "not_overflow"
CROP_LIMITS = PictureLimits(
    most_bytes=6 * 1024 * 1024, most_pixels=50_000_000, fewest_side_px=8, enough_width_px=1280
)
BOOTSTRAPS, SEED = 2000, 20260302
_ENDINGS = frozenset({".jpg", ".jpeg", ".png"})
_MOST_NAMED = 20


class UnusableCropsError(Exception):
    """A folder is missing or holds no picture that can be read. The text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredFolder:
    """``logits`` (n,) of the readable pictures of a folder; ``unreadable``: name and reason."""

    logits: Numbers
    unreadable: tuple[str, ...]


def score_folder(folder: Path, crop_logit: Callable[[Picture], float]) -> ScoredFolder:
    """Score every JPEG and PNG directly in ``folder``; raise :class:`UnusableCropsError`."""
    if not folder.is_dir():
        msg = f"{folder}: no such folder"
        raise UnusableCropsError(msg)
    logits, unreadable = [], []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in _ENDINGS:
            continue
        try:
            logits.append(crop_logit(decode_picture(path.read_bytes(), CROP_LIMITS)))
        except (OSError, UnreadablePictureError) as error:
            unreadable.append(f"{path.name}: {error}")
    if not logits:
        msg = f"{folder}: no readable JPEG or PNG"
        raise UnusableCropsError(msg)
    return ScoredFolder(logits=np.array(logits), unreadable=tuple(unreadable))


def evaluate_overflow(
    folder: Path, crop_logit: Callable[[Picture], float], *, normals: Path | None = None
) -> dict[str, object]:
    """Return the report on ``folder``, which holds ``overflow/`` and ``not_overflow/``.

    With ``normals``, a folder of normal crops of that camera or source, the threshold is calibrated
    on them; else it is even odds. Raises :class:`UnusableCropsError`.
    """
    threshold, calibrated_on = 0.0, 0
    unreadable: list[str] = []
    if normals is not None:
        calibration = score_folder(normals, crop_logit)
        unreadable += calibration.unreadable
        calibrated_on = len(calibration.logits)
        try:
            threshold = calibrated_threshold(calibration.logits.tolist())
        except TooFewNormalError as error:
            msg = f"{normals}: {error}"
            raise UnusableCropsError(msg) from error
    overflow = score_folder(folder / OVERFLOW_FOLDER, crop_logit)
    normal = score_folder(folder / NORMAL_FOLDER, crop_logit)
    unreadable += [*overflow.unreadable, *normal.unreadable]
    return {
        "overflow": len(overflow.logits),
        "not_overflow": len(normal.logits),
        "unreadable": len(unreadable),
        "unreadable_files": unreadable[:_MOST_NAMED],
        "threshold_logit": round(threshold, 4),
        "calibrated_on": calibrated_on,
        **report(overflow.logits, normal.logits, threshold),
        "intervals": f"95 %, {BOOTSTRAPS} bootstraps of pictures within each label, seed {SEED}",
    }


def report(overflow: Numbers, normal: Numbers, threshold: float) -> dict[str, object]:
    """Return counts, and each rate with its interval, of the log odds of both labels."""
    hits, alarms = int(np.sum(overflow >= threshold)), int(np.sum(normal >= threshold))
    random = np.random.default_rng(SEED)
    drawn = [
        _rates(
            random.choice(overflow, len(overflow)), random.choice(normal, len(normal)), threshold
        )
        for _ in range(BOOTSTRAPS)
    ]
    found: dict[str, object] = {
        "true_positives": hits,
        "false_positives": alarms,
        "false_negatives": len(overflow) - hits,
        "true_negatives": len(normal) - alarms,
    }
    for name, value in _rates(overflow, normal, threshold).items():
        low, high = np.percentile([rates[name] for rates in drawn], [2.5, 97.5])
        found[name] = {
            "value": round(value, 4),
            "low": round(float(low), 4),
            "high": round(float(high), 4),
        }
    return found


def _rates(overflow: Numbers, normal: Numbers, threshold: float) -> dict[str, float]:
    hits, alarms = int(np.sum(overflow >= threshold)), int(np.sum(normal >= threshold))
    return {
        "auc": area_under_curve(overflow, normal),
        "accuracy": (hits + len(normal) - alarms) / (len(overflow) + len(normal)),
        "precision": hits / (hits + alarms) if hits + alarms else 0.0,
        "recall": hits / len(overflow),
        "specificity": 1.0 - alarms / len(normal),
        "f1": 2 * hits / (hits + alarms + len(overflow)),
    }


def area_under_curve(overflow: Numbers, normal: Numbers) -> float:
    """Return the chance that an overflow scores above a normal bin; ties count half."""
    ordered = np.sort(normal)
    below = np.searchsorted(ordered, overflow, side="left")
    not_above = np.searchsorted(ordered, overflow, side="right")
    return float(np.mean((below + not_above) / 2.0) / len(ordered))
