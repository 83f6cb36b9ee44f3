"""How well bins that are overfull are told from others, on labelled crops of one bin each: the core
of ``huanwei vision evaluate overflow``.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from vision.evaluation.rates import share_interval
from vision.limited_cv2 import Picture
from vision.overflow_calibration import TooFewNormalError, calibrated_threshold
from vision.picture_input import (
    PictureLimits,
    Refusal,
    UnreadablePictureError,
    decode_picture,
)

Numbers = NDArray[np.float64]

OVERFLOW_FOLDER, NORMAL_FOLDER = "overflow", "not_overflow"
CROP_LIMITS = PictureLimits(
    most_bytes=32 * 1024 * 1024, most_pixels=50_000_000, fewest_side_px=8, enough_width_px=1280
)
BOOTSTRAPS, SEED = 2000, 20260302
_MOST_NAMED = 20


_INTERVALS = (
    f"95 %; AUC and F1: {BOOTSTRAPS} bootstraps of pictures within each label, seed {SEED}; shares:"
    " Wilson. Crops of one photo or camera are no independent pictures: then all are too narrow"
)


class UnusableCropsError(Exception):
    """A folder is missing or holds no picture that can be read. The text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredFolder:
    """``logits`` (n,) of the readable pictures of a folder; ``inner``: the folder in it that each
    lies in, "" for none; ``unreadable``: name and reason; ``identities``: the SHA-256 of the files
    that were scored; ``seconds`` of processor it took.
    """

    logits: Numbers
    inner: tuple[str, ...]
    unreadable: tuple[str, ...]
    identities: frozenset[bytes]
    seconds: float

    @property
    def copies(self) -> int:
        """How many were scored more than once, each time beyond the first."""
        return len(self.logits) - len(self.identities)


def score_folder(folder: Path, crop_logit: Callable[[Picture], float]) -> ScoredFolder:
    """Score every JPEG and PNG in ``folder`` and the folders in it, by their content.

    Whatever else lies there is counted as unreadable, but for hidden files. Raises
    :class:`UnusableCropsError`.
    """
    if not folder.is_dir():
        msg = f"{folder}: no such folder"
        raise UnusableCropsError(msg)
    logits, inner_folders, unreadable, identities = [], [], [], set()
    began_s = process_time()
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.is_dir() or any(part.startswith(".") for part in inner.parts):
            continue
        try:
            raw = _bytes_of_crop(path)
            logits.append(crop_logit(decode_picture(raw, CROP_LIMITS)))
        except (OSError, UnreadablePictureError) as error:
            unreadable.append(f"{folder.name}/{inner}: {error}")
            continue
        identities.add(hashlib.sha256(raw).digest())
        inner_folders.append(inner.parts[0] if len(inner.parts) > 1 else "")
    if not logits:
        others = f" among {len(unreadable)} files; {unreadable[0]}" if unreadable else ""
        msg = f"{folder}: no readable JPEG or PNG{others}"
        raise UnusableCropsError(msg)
    return ScoredFolder(
        logits=np.array(logits),
        inner=tuple(inner_folders),
        unreadable=tuple(unreadable),
        identities=frozenset(identities),
        seconds=process_time() - began_s,
    )


def _bytes_of_crop(path: Path) -> bytes:
    # A pipe would be waited for without end, and a file larger than the limit need not be read.
    if path.exists() and not path.is_file():
        msg = "no file"
        raise OSError(msg)
    if path.stat().st_size > CROP_LIMITS.most_bytes:
        raise UnreadablePictureError(Refusal.TOO_MANY_BYTES)
    return path.read_bytes()


def score_normals(folder: Path, crop_logit: Callable[[Picture], float]) -> ScoredFolder:
    """Score crops of normal bins; where ``folder`` holds ``not_overflow/`` only what lies there.

    Raises :class:`UnusableCropsError`, also where there is ``overflow/`` alone: overfull bins would
    count as normal ones.
    """
    labelled = folder / NORMAL_FOLDER
    if labelled.is_dir() or (folder / OVERFLOW_FOLDER).is_dir():
        return score_folder(labelled, crop_logit)
    return score_folder(folder, crop_logit)


def evaluate_overflow(
    folder: Path,
    crop_logit: Callable[[Picture], float],
    *,
    normals: Path | None = None,
    trained_on: Collection[str] = (),
) -> dict[str, object]:
    """Return the report on ``folder``, which holds ``overflow/`` and ``not_overflow/``.

    With ``normals``, a folder of normal crops of that camera or source, the threshold is calibrated
    on them, and what even odds would give is told too; else it is even odds. Of ``trained_on``, the
    first 16 hex digits of pictures' SHA-256, those measured are counted. Raises
    :class:`UnusableCropsError`.
    """
    unreadable: list[str] = []
    threshold, calibration = 0.0, None
    if normals is not None:
        calibration = score_normals(normals, crop_logit)
        unreadable += calibration.unreadable
        try:
            threshold = calibrated_threshold(calibration.logits.tolist())
        except TooFewNormalError as error:
            unread = f"; {len(unreadable)} files are unreadable" if unreadable else ""
            msg = f"{normals}: {error}{unread}"
            raise UnusableCropsError(msg) from error
    overflow = score_folder(folder / OVERFLOW_FOLDER, crop_logit)
    normal = score_folder(folder / NORMAL_FOLDER, crop_logit)
    unreadable += [*overflow.unreadable, *normal.unreadable]
    measured = overflow.identities | normal.identities
    crops = len(overflow.logits) + len(normal.logits)
    found: dict[str, object] = {
        "overflow": len(overflow.logits),
        "not_overflow": len(normal.logits),
        "unreadable": len(unreadable),
        "unreadable_files": unreadable[:_MOST_NAMED],
        "in_both_labels": len(overflow.identities & normal.identities),
        "copies": overflow.copies + normal.copies,
        "threshold_logit": round(threshold, 4),
        "calibrated_on": 0 if calibration is None else len(calibration.logits),
        "calibrated_and_measured": len(measured & calibration.identities) if calibration else 0,
        "trained_on_and_measured": len({one.hex()[:16] for one in measured} & set(trained_on)),
        **report(overflow.logits, normal.logits, threshold),
    }
    if calibration is not None:
        found["at_even_odds"] = report(overflow.logits, normal.logits, 0.0)
    if any((*overflow.inner, *normal.inner)):
        found["by_folder"] = _by_inner_folder(overflow, normal, threshold)
    return {
        **found,
        "intervals": _INTERVALS,
        "processor_ms_a_crop": round(1000 * (overflow.seconds + normal.seconds) / crops, 1),
    }


def _by_inner_folder(
    overflow: ScoredFolder, normal: ScoredFolder, threshold: float
) -> dict[str, dict[str, object]]:
    """Return counts and rates of each camera or source that has a folder within the labels'; what
    cannot be told of crops of one label alone is None.
    """
    found: dict[str, dict[str, object]] = {}
    for name in sorted({*overflow.inner, *normal.inner}):
        theirs = [one.logits[[inner == name for inner in one.inner]] for one in (overflow, normal)]
        hits, alarms = (int(np.sum(logits >= threshold)) for logits in theirs)
        bad, good = (len(logits) for logits in theirs)
        found[name or "."] = {
            "overflow": bad,
            "not_overflow": good,
            "auc": round(area_under_curve(*theirs), 4) if bad and good else None,
            "recall": _share_with_interval(hits, bad),
            "specificity": _share_with_interval(good - alarms, good),
        }
    return found


def _share_with_interval(hits: int, of: int) -> dict[str, float] | None:
    if not of:
        return None
    low, high = share_interval(hits, of)
    return {"value": round(hits / of, 4), "low": round(low, 4), "high": round(high, 4)}


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
    counted = _counted_intervals(hits, alarms, overflow=len(overflow), normal=len(normal))
    for name, value in _rates(overflow, normal, threshold).items():
        if name in counted:
            low, high = counted[name]
        else:
            low, high = np.percentile([rates[name] for rates in drawn], [2.5, 97.5])
        found[name] = {
            "value": round(value, 4),
            "low": round(min(float(low), value), 4),
            "high": round(max(float(high), value), 4),
        }
    return found


def _counted_intervals(
    hits: int, alarms: int, *, overflow: int, normal: int
) -> dict[str, tuple[float, float]]:
    """Return the intervals of shares, which a bootstrap tells too narrowly where all are right."""
    return {
        "accuracy": share_interval(hits + normal - alarms, overflow + normal),
        "precision": share_interval(hits, hits + alarms),
        "recall": share_interval(hits, overflow),
        "specificity": share_interval(normal - alarms, normal),
    }


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
