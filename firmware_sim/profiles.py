"""How waste comes to a place over the day, and how a place is served: data and pure functions.

Hours of the day are Asia/Shanghai's (UTC+8 all year).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from firmware_sim.seconds import DAY_S, HOUR_S, SHANGHAI_S

Hourly = tuple[float, ...]
"""24 weights; only their proportions count."""

MARKET: Hourly = (1, 1, 1, 2, 5, 9, 10, 11, 11, 9, 7, 5, 4, 3, 3, 4, 6, 6, 4, 2, 1, 1, 1, 1)
STREET: Hourly = (1, 1, 1, 1, 1, 2, 4, 6, 6, 5, 5, 6, 7, 5, 5, 5, 5, 6, 7, 8, 7, 5, 3, 2)
HOUSEHOLD: Hourly = (1, 0.5, 0.5, 0.5, 1, 3, 7, 9, 6, 4, 3, 4, 5, 4, 3, 3, 4, 6, 9, 11, 9, 6, 3, 2)
VILLAGE: Hourly = (2, 1, 1, 1, 1, 3, 6, 8, 6, 4, 3, 4, 5, 4, 3, 3, 4, 5, 8, 10, 11, 9, 6, 4)
FRINGE: Hourly = (0.5, 0.5, 0.5, 0.5, 1, 4, 7, 8, 6, 4, 3, 3, 4, 3, 3, 3, 4, 6, 8, 7, 5, 3, 2, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRound:
    """A truck's planned visit. ``swept`` None leaves it to chance whether the ground is swept
    afterwards; True and False are the habit of that crew at that place.
    """

    minute_of_day: int
    swept: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerProfile:
    """One container: ``fills_per_day`` containers full of waste are brought to it a day."""

    container_id: str
    capacity_l: float
    level_at_start: float
    fills_per_day: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceProfile:
    """What happens at a place by itself: waste, litter, planned rounds, planned sweepings.

    ``beside_ratio`` of the bags is put beside a container that still has room;
    ``missed_ratio`` of the rounds never come; after ``unswept_ratio`` of the others nobody sweeps.
    """

    place_id: str
    hourly: Hourly
    containers: tuple[ContainerProfile, ...]
    litter_per_day: float
    beside_ratio: float
    rounds: tuple[PlannedRound, ...]
    sweeping_minutes: tuple[int, ...]
    missed_ratio: float
    unswept_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewHabit:
    """How a crew works: with ``leaves_waste_ratio`` it says done and has left waste."""

    leaves_waste_ratio: float


CREW_HABITS: Mapping[str, CrewHabit] = MappingProxyType(
    {
        "crew-dongguan": CrewHabit(leaves_waste_ratio=0.15),
        "crew-qingyun": CrewHabit(leaves_waste_ratio=0.20),
        "crew-xihe": CrewHabit(leaves_waste_ratio=0.25),
    }
)
"""Crews that are not named here, such as the visitor's, leave nothing."""


def hour_share(hourly: Hourly, epoch_hour: int) -> float:
    """Return the share of a day's waste that comes within that hour since the epoch."""
    return hourly[(epoch_hour + SHANGHAI_S // HOUR_S) % 24] / sum(hourly)


def expected_share(hourly: Hourly, since_s: float, until_s: float) -> float:
    """Return the share of a day's waste expected between two epoch times (may exceed 1)."""
    whole_days, rest_s = divmod(until_s - since_s, DAY_S)
    share, at_s, end_s = whole_days, since_s, since_s + rest_s
    while at_s < end_s:
        epoch_hour = int(at_s // HOUR_S)
        next_s = min(end_s, float((epoch_hour + 1) * HOUR_S))
        share += hour_share(hourly, epoch_hour) * (next_s - at_s) / HOUR_S
        at_s = next_s
    return share
