"""Trains the overflow head: ``python -m vision.training.train_overflow_head DIR [OUTPUT]``.

``DIR`` holds ``manifest.csv`` (columns ``file, label, group, licence``) and the pictures it names
under ``overflow_crops/``, labels ``overflow`` and ``not_overflow``. Quality is measured with whole
groups left out, because crops of one photo are near-copies of each other; the 95 % interval is a
bootstrap over groups for the same reason.
"""

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Picture, bytes_of, cv2
from vision.overflow_features import overflow_features
from vision.overflow_score import OverflowHead, Provenance

L2_PENALTY = 30.0
FOLDS, REPEATS, BOOTSTRAPS = 5, 10, 2000
_SEED = 20260302
DEFAULT_OUTPUT = Path(__file__).parent.parent / "models" / "overflow_head.json"

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """``features`` (n, ...); ``copies``, what is trained on beside them: of mirrored crops, or
    several a crop, (n, copies, ...); ``overflow``: (n,) 0 or 1; ``groups``: (n,).
    """

    features: Numbers
    copies: Numbers
    overflow: Numbers
    groups: NDArray[np.str_]
    licences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What the left-out groups say, threshold 0.5 where one is needed."""

    auc: float
    auc_low: float
    auc_high: float
    f1: float
    specificity: float
    recall: float


def read_training_set(folder: Path) -> TrainingSet:
    """Read the labelled crops; raise ``ValueError`` for a missing or unreadable one."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["file"].startswith("overflow_crops/")]
    if not rows:
        msg = f"{folder}: the manifest names no overflow_crops"
        raise ValueError(msg)
    pictures = [read_crop(folder / row["file"]) for row in rows]
    return TrainingSet(
        features=np.array([overflow_features(picture) for picture in pictures]),
        copies=np.array([overflow_features(picture[:, ::-1].copy()) for picture in pictures]),
        overflow=np.array([float(row["label"] == "overflow") for row in rows]),
        groups=np.array([row["group"] for row in rows]),
        licences=tuple(sorted({row["licence"] for row in rows})),
    )


def read_crop(path: Path) -> Picture:
    """Read one labelled crop; raise ``ValueError`` where it is no readable picture."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        msg = f"{path}: not a readable picture"
        raise ValueError(msg)
    return bytes_of(picture)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted logistic regression over standardised features."""

    means: Numbers
    scales: Numbers
    weights: Numbers
    bias: float

    def logits(self, features: Numbers) -> Numbers:
        """Return (n,) log odds for (n, 40) features."""
        return (features - self.means) / self.scales @ self.weights + self.bias


def fit_logistic(features: Numbers, labels: Numbers) -> Fit:
    """Fit by Newton's method with an L2 penalty on the weights, not on the bias."""
    means, scales = features.mean(axis=0), features.std(axis=0) + 1e-6
    design = np.column_stack([(features - means) / scales, np.ones(len(labels))])
    penalty = np.eye(design.shape[1]) * L2_PENALTY
    penalty[-1, -1] = 0.0
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        chances = 1.0 / (1.0 + np.exp(-design @ weights))
        curvature = (design * (chances * (1.0 - chances) + 1e-9)[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, design.T @ (chances - labels) + penalty @ weights)
        weights -= step
        if np.abs(step).max() < 1e-9:  # noqa: PLR2004  converged to the last digits kept
            break
    return Fit(means=means, scales=scales, weights=weights[:-1], bias=float(weights[-1]))


def area_under_curve(scores: Numbers, labels: Numbers) -> float:
    """Return the chance that an overflow scores above a normal bin; ties count half."""
    ordered = np.sort(scores[labels == 0])
    positives = scores[labels == 1]
    below = np.searchsorted(ordered, positives, side="left")
    not_above = np.searchsorted(ordered, positives, side="right")
    return float(np.mean((below + not_above) / 2.0) / len(ordered))


def left_out_logits(data: TrainingSet, random: np.random.Generator) -> Numbers:
    """Return (n,) log odds, each from a fit that saw nothing of its group."""
    folds = deal_folds(data, random)
    logits = np.zeros(len(data.overflow))
    for fold in range(FOLDS):
        out = folds == fold
        fit = _fit_with_mirrored(data, ~out)
        logits[out] = fit.logits(data.features[out])
    return logits


def _fit_with_mirrored(data: TrainingSet, rows: NDArray[np.bool_]) -> Fit:
    return fit_logistic(
        np.concatenate([data.features[rows], data.copies[rows]]),
        np.concatenate([data.overflow[rows], data.overflow[rows]]),
    )


def deal_folds(data: TrainingSet, random: np.random.Generator) -> NDArray[np.int64]:
    """Deal whole groups to folds, mostly-overflow and mostly-normal ones evenly."""
    folds = np.zeros(len(data.groups), dtype=np.int64)
    names = np.unique(data.groups)
    shares = np.array([data.overflow[data.groups == name].mean() for name in names])
    for kind in (names[shares > 0.5], names[shares <= 0.5]):  # noqa: PLR2004  the majority
        for number, name in enumerate(random.permutation(kind)):
            folds[data.groups == name] = number % FOLDS
    return folds


def measure(data: TrainingSet) -> Quality:
    """Return the mean over repeated splits, the interval over bootstraps of whole groups."""
    random = np.random.default_rng(_SEED)
    return quality_of(data, [left_out_logits(data, random) for _ in range(REPEATS)], random)


def quality_of(data: TrainingSet, runs: Sequence[Numbers], random: np.random.Generator) -> Quality:
    """Return the mean over runs of (n,) left-out log odds, the interval of their mean."""
    mean_logits = np.mean(runs, axis=0)
    called = [run > 0 for run in runs]
    labels = data.overflow == 1
    hits = [np.count_nonzero(call & labels) for call in called]
    low, high = _interval(data, mean_logits, random)
    return Quality(
        auc=float(np.mean([area_under_curve(run, data.overflow) for run in runs])),
        auc_low=low,
        auc_high=high,
        f1=float(
            np.mean(
                [
                    2 * hit / (np.count_nonzero(call) + np.count_nonzero(labels))
                    for hit, call in zip(hits, called, strict=True)
                ]
            )
        ),
        specificity=float(np.mean([np.mean(~call[~labels]) for call in called])),
        recall=float(np.mean([hit / np.count_nonzero(labels) for hit in hits])),
    )


def _interval(
    data: TrainingSet, logits: Numbers, random: np.random.Generator
) -> tuple[float, float]:
    names = np.unique(data.groups)
    rows_of = {name: np.flatnonzero(data.groups == name) for name in names}
    areas: list[float] = []
    while len(areas) < BOOTSTRAPS:
        rows = np.concatenate([rows_of[name] for name in random.choice(names, len(names))])
        if 0 < data.overflow[rows].mean() < 1:
            areas.append(area_under_curve(logits[rows], data.overflow[rows]))
    low, high = np.percentile(areas, [2.5, 97.5])
    return float(low), float(high)


def train(folder: Path) -> OverflowHead:
    """Return a head fitted to all crops, with the quality of left-out groups beside it."""
    data = read_training_set(folder)
    quality = measure(data)
    fit = _fit_with_mirrored(data, np.ones(len(data.overflow), dtype=np.bool_))
    return OverflowHead(
        means=_short(fit.means),
        scales=_short(fit.scales),
        weights=_short(fit.weights),
        bias=round(fit.bias, 6),
        provenance=Provenance(
            trained_by="python -m vision.training.train_overflow_head",
            data=f"overflow_crops: {int(data.overflow.sum())} overflow, "
            f"{int((1 - data.overflow).sum())} not; web pictures, by day",
            licence_of_data="; ".join(data.licences),
            pictures=len(data.overflow),
            groups=len(np.unique(data.groups)),
            split=f"{FOLDS} folds of whole groups, {REPEATS} deals; "
            f"interval: {BOOTSTRAPS} bootstraps of groups",
            **{name: round(getattr(quality, name), 3) for name in Quality.__slots__},
        ),
    )


def _short(values: Numbers) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)


def main(arguments: list[str]) -> int:
    """Train, write the model file, say how good it is."""
    if len(arguments) not in (1, 2):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    output = Path(arguments[1]) if len(arguments) > 1 else DEFAULT_OUTPUT
    head = train(Path(arguments[0]))
    output.write_bytes(msgspec.json.format(msgspec.json.encode(head), indent=1) + b"\n")
    sys.stdout.write(f"{output}\n{msgspec.json.encode(head.provenance).decode()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
