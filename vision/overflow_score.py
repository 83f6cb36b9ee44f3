"""How overfull a bin looks by itself: a small logistic head over :mod:`vision.overflow_features`.

Thresholds of such a head do not carry from camera to camera; a fixed camera therefore compares the
score with that of its own clean reference (:func:`combined_score`).
"""

import math
from functools import lru_cache
from importlib.resources import files
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Picture
from vision.overflow_features import FEATURES, overflow_features


class UnusableHeadError(Exception):
    """The model file is not a head for these features; train it again."""


class CropClassifier(Protocol):
    """Says how overfull a bin looks by itself."""

    @property
    def is_quick(self) -> bool:
        """Whether it can be asked for every bin of every snapshot."""

    def crop_logit(self, crop: Picture) -> float:
        """Return the log odds of overflow for one bin: (height, width, 3) uint8 BGR."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a head comes from, and how good it was found to be."""

    trained_by: str
    data: str
    licence_of_data: str
    pictures: int
    groups: int
    split: str
    auc: float
    auc_low: float
    auc_high: float
    f1: float
    specificity: float
    recall: float


class OverflowHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A logistic head: ``logit = bias + sum(weights * (features - means) / scales)``."""

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    provenance: Provenance

    @property
    def is_quick(self) -> bool:
        """Forty numbers take a third of a millisecond."""
        return True

    def crop_logit(self, crop: Picture) -> float:
        """Return the log odds of overflow for one bin: (height, width, 3) uint8 BGR."""
        return self.logit(overflow_features(crop))

    def logit(self, features: NDArray[np.float64]) -> float:
        """Return the log odds of overflow for (40,) features."""
        standard = (features - np.array(self.means)) / np.array(self.scales)
        return float(standard @ np.array(self.weights)) + self.bias


def parse_head(raw: bytes) -> OverflowHead:
    """Read a head; raise :class:`UnusableHeadError` where it does not fit the features."""
    try:
        head = msgspec.json.decode(raw, type=OverflowHead)
    except msgspec.DecodeError as error:
        raise UnusableHeadError(str(error)) from error
    if not len(head.means) == len(head.scales) == len(head.weights) == FEATURES:
        msg = f"a head for {len(head.weights)} features, not {FEATURES}"
        raise UnusableHeadError(msg)
    if min(head.scales) <= 0:
        msg = "a scale that is not positive"
        raise UnusableHeadError(msg)
    return head


@lru_cache(maxsize=1)
def shipped_head() -> OverflowHead:
    """Return the head that comes with the package."""
    return parse_head((files("vision") / "models" / "overflow_head.json").read_bytes())


def overflow_logit(crop: Picture, head: CropClassifier) -> float:
    """Return the head's log odds for one bin: (height, width, 3) uint8 BGR, rim strip included."""
    return head.crop_logit(crop)


def chance_of(logit: float) -> float:
    """Return the probability of log odds, without overflow for large ones."""
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, logit))))


RIM_HALF = 0.20
"""The share of the rim strip that is waste at which the strip alone says "as likely as not"."""

_RIM_SLOPE = 0.05
_HEAD_WEIGHT, _MOST_HEAD = 0.25, 1.0


def head_can_tip(rim_share: float) -> bool:
    """Whether the head's capped part could change what the strip above the rim says."""
    return abs(rim_share - RIM_HALF) / _RIM_SLOPE <= _MOST_HEAD + 1.0


def combined_score(*, rim_share: float, logit: float, clean_logit: float) -> float:
    """Return 0 to 1 for a fixed camera: what rises above the rim decides, the head leans.

    ``rim_share``: share of the rim strip that differs from the clean reference and has stayed;
    ``logit`` and ``clean_logit``: the head's log odds now and for the clean reference. The head's
    part is capped, so that it can tip a borderline strip but never outvote it: with a clean
    reference the strip knows more than forty numbers learned on other cameras.
    """
    lean = max(-_MOST_HEAD, min(_MOST_HEAD, _HEAD_WEIGHT * (logit - clean_logit)))
    return chance_of((rim_share - RIM_HALF) / _RIM_SLOPE + lean)
