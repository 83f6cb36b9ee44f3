"""Trains the network's head: ``python -m vision.training.train_overflow_network DIR [OUTPUT]``.

``DIR`` as for :mod:`vision.training.train_overflow_head`; the network stays as it is, only the head
over its features is fitted, to the crops and to varied copies of them
(:mod:`vision.training.variations`). Quality is measured with whole groups left out, on the crops.
"""

import csv
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Picture, bytes_of
from vision.overflow_network import (
    STRIPS,
    Network,
    NetworkHead,
    load_network,
    strip_features,
)
from vision.overflow_score import Provenance
from vision.training.train_overflow_head import (
    BOOTSTRAPS,
    FOLDS,
    REPEATS,
    Numbers,
    Quality,
    TrainingSet,
    deal_folds,
    quality_of,
    read_crop,
)
from vision.training.variations import varied

L2_PENALTY = 1.5
"""For six examples a crop: itself, mirrored, and varied."""

VARIED_COPIES = 4
DEFAULT_OUTPUT = Path(__file__).parent.parent / "models" / "overflow_network.json"
_SEED = 20260302
_MOST_STEPS = 50
_NEW_CURVATURES = 4
"""The curvature hardly changes after the first steps, and takes nearly all of the time."""

_SMALLEST_STEP = 1e-4
"""In weights that are kept to five digits and reach some tens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearFit:
    """``logit = features @ weights + bias``."""

    weights: Numbers
    bias: float


def read_network_set(folder: Path, network: Network) -> tuple[TrainingSet, tuple[str, ...]]:
    """Return the crops' features, (n, strips, 1280), and by what each crop is known again.

    Raises ``ValueError`` for a missing picture.
    """
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["file"].startswith("overflow_crops/")]
    if not rows:
        msg = f"{folder}: the manifest names no overflow_crops"
        raise ValueError(msg)
    features, copies = [], []
    random = np.random.default_rng(_SEED)
    for row in rows:
        picture = read_crop(folder / row["file"])
        features.append(strip_features(network, picture))
        copies.append(copied_features(network, picture, random))
    identities = [hashlib.sha256((folder / row["file"]).read_bytes()).hexdigest() for row in rows]
    data = TrainingSet(
        features=np.array(features),
        copies=np.array(copies),
        overflow=np.array([float(row["label"] == "overflow") for row in rows]),
        groups=np.array([row["group"] for row in rows]),
        licences=tuple(sorted({row["licence"] for row in rows})),
    )
    return data, tuple(sorted({identity[:16] for identity in identities}))


def copied_features(network: Network, crop: Picture, random: np.random.Generator) -> Numbers:
    """Return (copies, strips, 1280): of the mirrored crop, and of ``VARIED_COPIES`` varied ones."""
    copies = [bytes_of(np.ascontiguousarray(crop[:, ::-1]))]
    copies += [varied(crop, random) for _ in range(VARIED_COPIES)]
    return np.array([strip_features(network, copy) for copy in copies])


def fit_wide(features: Numbers, labels: Numbers) -> LinearFit:
    """Fit a logistic regression with an L2 penalty where features may outnumber pictures.

    Where they do, the weights lie in the span of the pictures, and Newton's method works in that.
    """
    centre = features.mean(axis=0)
    centred = features - centre
    basis = _span_of(centred) if len(centred) < centred.shape[1] else None
    inner = centred if basis is None else centred @ basis
    design = np.column_stack([inner, np.ones(len(labels))])
    penalty = np.eye(design.shape[1]) * L2_PENALTY
    penalty[-1, -1] = 0.0
    found = np.zeros(design.shape[1])
    undo = np.zeros_like(penalty)
    for number in range(_MOST_STEPS):
        chances = 1.0 / (1.0 + np.exp(-design @ found))
        if number < _NEW_CURVATURES:
            doubt = chances * (1.0 - chances) + 1e-9
            undo = np.linalg.inv((design * doubt[:, None]).T @ design + penalty)
        step = undo @ (design.T @ (chances - labels) + penalty @ found)
        found -= step
        if np.abs(step).max() < _SMALLEST_STEP:
            break
    weights = found[:-1] if basis is None else basis @ found[:-1]
    return LinearFit(weights=weights, bias=float(found[-1] - centre @ weights))


def _span_of(centred: Numbers) -> Numbers:
    """Return (features, k): an orthonormal basis of what fewer rows than features span."""
    _, sizes, rows = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(rows[sizes**2 > sizes[0] ** 2 * 1e-9].T, dtype=np.float64)


def fit_rows(data: TrainingSet, rows: NDArray[np.bool_]) -> LinearFit:
    """Fit to these pictures and to their copies, each an example: the mean of its strips, since the
    strips' log odds are averaged too.
    """
    each = np.concatenate([data.features[rows][:, None], data.copies[rows]], axis=1).mean(axis=2)
    return fit_wide(each.reshape(-1, each.shape[-1]), np.repeat(data.overflow[rows], each.shape[1]))


def left_out_logits(data: TrainingSet, random: np.random.Generator) -> Numbers:
    """Return (n,) log odds, each from a fit that saw nothing of its group."""
    folds = deal_folds(data, random)
    logits = np.zeros(len(data.overflow))
    for fold in range(FOLDS):
        out = folds == fold
        fit = fit_rows(data, ~out)
        logits[out] = (data.features[out] @ fit.weights + fit.bias).mean(axis=1)
    return logits


def train(folder: Path, network: Network) -> NetworkHead:
    """Return a head fitted to all crops, with the quality of left-out groups beside it."""
    data, identities = read_network_set(folder, network)
    random = np.random.default_rng(_SEED)
    quality = quality_of(data, [left_out_logits(data, random) for _ in range(REPEATS)], random)
    fit = fit_rows(data, np.ones(len(data.overflow), dtype=np.bool_))
    return NetworkHead(
        weights=tuple(round(float(weight), 5) for weight in fit.weights),
        bias=round(fit.bias, 5),
        network_sha256=network.sha256,
        strips=STRIPS,
        trained_on=identities,
        provenance=Provenance(
            trained_by="python -m vision.training.train_overflow_network",
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


def main(arguments: list[str]) -> int:
    """Train, write the head's file, say how good it is."""
    if len(arguments) not in (1, 2):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    output = Path(arguments[1]) if len(arguments) > 1 else DEFAULT_OUTPUT
    head = train(Path(arguments[0]), load_network())
    output.write_bytes(msgspec.json.encode(head) + b"\n")
    sys.stdout.write(f"{output}\n{msgspec.json.encode(head.provenance).decode()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
