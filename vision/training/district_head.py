"""A head of the district's own: trained on its examples, measured on groups it has not seen, and
put in the place of the present one only if that is no better.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision.overflow_network import (
    STRIPS,
    Network,
    NetworkHead,
    OverflowNetwork,
    strip_features,
)
from vision.overflow_score import Provenance
from vision.training.overflow_examples import Example, UnusableExamplesError
from vision.training.train_overflow_head import (
    BOOTSTRAPS,
    FOLDS,
    Numbers,
    Quality,
    TrainingSet,
    area_under_curve,
    quality_of,
)
from vision.training.train_overflow_network import copied_features, fit_rows, left_out_logits

FEWEST_OF_A_LABEL, FEWEST_GROUPS = 10, 5
MOST_LOSS = 0.05
"""A new head is refused when it may lose so much of the area under the curve (95 %)."""

DEALS = 4
_SEED = 20260302


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both heads on the same pictures, none of which either was trained on."""

    pictures: int
    groups: int
    old_auc: float
    new_auc: float
    gain: float
    gain_low: float
    gain_high: float

    @property
    def keeps_old(self) -> bool:
        """Whether the old head is the better one, or the new one not shown to be as good."""
        return self.gain < 0 or self.gain_low < -MOST_LOSS


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A new head, how good it is, and how it compares, where anything was left to compare on."""

    head: NetworkHead
    comparison: Comparison | None


def train_head(
    examples: Sequence[Example],
    network: Network,
    old: NetworkHead,
    *,
    source: str,
    deals: int = DEALS,
    must_compare: bool = True,
) -> Trained:
    """Fit a head to all examples, measured with whole groups left out, beside the old one on
    the pictures that one was not trained on. Raises :class:`UnusableExamplesError`, also where it
    ``must_compare`` and the old one was trained on nearly all of them.
    """
    data = _training_set(examples, network)
    _check_enough(data, "to train on")
    random = np.random.default_rng(_SEED)
    runs = [left_out_logits(data, random) for _ in range(deals)]
    quality = quality_of(data, runs, random)
    comparison = None
    unseen = _unseen_by(old, examples)
    if must_compare or _is_enough(_rows_of(data, unseen)):
        comparison = _compare(data, np.mean(runs, axis=0), unseen, network, old, random)
    fit = fit_rows(data, np.ones(len(data.overflow), dtype=np.bool_))
    overfull = int(data.overflow.sum())
    head = NetworkHead(
        weights=tuple(round(float(weight), 5) for weight in fit.weights),
        bias=round(fit.bias, 5),
        network_sha256=network.sha256,
        strips=STRIPS,
        provenance=Provenance(
            trained_by="huanwei vision train",
            data=f"{source}: {overfull} overflow, {len(examples) - overfull} not",
            licence_of_data="the district's own",
            pictures=len(examples),
            groups=len(np.unique(data.groups)),
            split=f"{FOLDS} folds of whole groups, {deals} deals; "
            f"interval: {BOOTSTRAPS} bootstraps of groups",
            **{name: round(getattr(quality, name), 3) for name in Quality.__slots__},
        ),
        trained_on=tuple(sorted({one.identity for one in examples})),
    )
    return Trained(head=head, comparison=comparison)


def write_head(path: Path, trained: Trained) -> None:
    """Write the head and its card beside it, each whole or not at all; the head comes last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for target, content in (
        (path.with_suffix(".md"), card_of(trained).encode()),
        (path, msgspec.json.encode(trained.head) + b"\n"),
    ):
        fresh = target.with_name(f".{target.name}.new")
        fresh.write_bytes(content)
        fresh.replace(target)


def card_of(trained: Trained) -> str:
    """Return the model card of a head."""
    told, compared = trained.head.provenance, trained.comparison
    beside = "- Not measured beside the head before it: that one was trained on these very crops."
    if compared is not None:
        beside = f"""- Beside the head before it, on {compared.pictures} crops in {compared.groups}
  groups that neither was trained on: AUC {compared.new_auc:.3f} against
  {compared.old_auc:.3f}; gain {compared.gain:+.3f}
  ({compared.gain_low:+.3f} to {compared.gain_high:+.3f}, 95 %)."""
    return f"""# Overflow head of this district

- Made by `{told.trained_by}` from {told.data}; {told.pictures} crops in {told.groups} groups.
- Licence of the pictures: {told.licence_of_data}.
- Measured with whole groups left out ({told.split}): AUC {told.auc} ({told.auc_low} to
  {told.auc_high}), F1 {told.f1}, recall {told.recall}, specificity {told.specificity}.
{beside}
- Network under it: {trained.head.network_sha256}. Thresholds found with another head do not count
  any more: calibrate the cameras again.
"""


def _training_set(examples: Sequence[Example], network: Network) -> TrainingSet:
    if not examples:
        msg = "no examples"
        raise UnusableExamplesError(msg)
    random = np.random.default_rng(_SEED)
    return TrainingSet(
        features=np.array([strip_features(network, one.picture) for one in examples]),
        copies=np.array([copied_features(network, one.picture, random) for one in examples]),
        overflow=np.array([float(one.overflow) for one in examples]),
        groups=np.array([one.group for one in examples]),
        licences=(),
    )


def _is_enough(data: TrainingSet) -> bool:
    overfull = int(data.overflow.sum())
    fewest = min(overfull, len(data.overflow) - overfull)
    return fewest >= FEWEST_OF_A_LABEL and len(np.unique(data.groups)) >= FEWEST_GROUPS


def _check_enough(data: TrainingSet, purpose: str) -> None:
    if not _is_enough(data):
        overfull, groups = int(data.overflow.sum()), len(np.unique(data.groups))
        msg = (
            f"{overfull} overflow and {len(data.overflow) - overfull} not, in {groups} groups "
            f"{purpose}: at least {FEWEST_OF_A_LABEL} of each and {FEWEST_GROUPS} groups "
            "are needed"
        )
        raise UnusableExamplesError(msg)


def _unseen_by(old: NetworkHead, examples: Sequence[Example]) -> NDArray[np.bool_]:
    known = frozenset(old.trained_on)
    return np.array([one.identity not in known for one in examples])


def _rows_of(data: TrainingSet, rows: NDArray[np.bool_]) -> TrainingSet:
    return TrainingSet(
        features=data.features[rows],
        copies=data.copies[rows],
        overflow=data.overflow[rows],
        groups=data.groups[rows],
        licences=(),
    )


def _compare(
    data: TrainingSet,
    new_logits: Numbers,
    unseen: NDArray[np.bool_],
    network: Network,
    old: NetworkHead,
    random: np.random.Generator,
) -> Comparison:
    part = _rows_of(data, unseen)
    _check_enough(part, "that the present head was not trained on, to compare with it")
    head = OverflowNetwork(network, old).head
    old_logits = (part.features @ np.array(head.weights) + head.bias).mean(axis=1)
    fresh = new_logits[unseen]
    names = np.unique(part.groups)
    rows_of = {name: np.flatnonzero(part.groups == name) for name in names}
    gains: list[float] = []
    while len(gains) < BOOTSTRAPS:
        rows = np.concatenate([rows_of[name] for name in random.choice(names, len(names))])
        labels = part.overflow[rows]
        if 0 < labels.mean() < 1:
            gains.append(
                area_under_curve(fresh[rows], labels) - area_under_curve(old_logits[rows], labels)
            )
    low, high = np.percentile(gains, [2.5, 97.5])
    old_auc = area_under_curve(old_logits, part.overflow)
    new_auc = area_under_curve(fresh, part.overflow)
    return Comparison(
        pictures=int(unseen.sum()),
        groups=len(names),
        old_auc=old_auc,
        new_auc=new_auc,
        gain=new_auc - old_auc,
        gain_low=float(low),
        gain_high=float(high),
    )
