"""What truly lies at a place: levels in the containers, items on the ground. Never measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.problems import ProblemClass

OVERFLOWS_FROM = 1.0
"""A container overflows truly when its waste reaches the rim."""

LITTER_MATTERS_FROM = 4
"""So many loose pieces make a place littered; fewer are what every street shows."""


class GroundKind(StrEnum):
    """What an item on the ground is."""

    BAG = "bag"
    LITTER = "litter"
    HEAP = "heap"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundItem:
    """One thing on the ground. ``x`` and ``y`` run from 0 to 1 over the ground strip of the place:
    x from left to right as its camera sees it, y from the bins (0) towards the camera (1).
    """

    item_id: str
    kind: GroundKind
    x: float
    y: float
    size_m: float
    dropped_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTruth:
    """A place as it truly is at one time. Levels run from 0 to about 1.15, heaped over the rim."""

    place_id: str
    at: datetime
    levels: Mapping[str, float]
    ground: tuple[GroundItem, ...]

    @property
    def problems(self) -> frozenset[ProblemClass]:
        """The problem classes that a fair inspector would note now."""
        found = ground_problems(self.ground)
        if any(level >= OVERFLOWS_FROM for level in self.levels.values()):
            found |= {ProblemClass.BIN_OVERFLOW}
        return found


def ground_problems(ground: tuple[GroundItem, ...]) -> frozenset[ProblemClass]:
    """Return the problem classes that these items on the ground make."""
    kinds = [item.kind for item in ground]
    found = set()
    if GroundKind.BAG in kinds:
        found.add(ProblemClass.BAGGED_WASTE_ON_GROUND)
    if GroundKind.HEAP in kinds:
        found.add(ProblemClass.EXPOSED_WASTE)
    if kinds.count(GroundKind.LITTER) >= LITTER_MATTERS_FROM:
        found.add(ProblemClass.SCATTERED_LITTER)
    return frozenset(found)
