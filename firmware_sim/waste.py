"""What happens to a place: waste is brought, trucks and people come. Pure functions of the seed.

Events of an hour and of a day's plan are drawn from the seed, the place and that hour or day
alone, so any stretch of time can be asked for at any moment and comes out the same.
"""

from dataclasses import dataclass, field
from math import ceil
from random import Random

from firmware_sim.ground import (
    LITTER_MATTERS_FROM,
    OVERFLOWS_FROM,
    GroundItem,
    GroundKind,
)
from firmware_sim.profiles import PlaceProfile, PlannedRound, hour_share
from firmware_sim.seconds import HOUR_S, datetime_of, day_start_s

HEAPED_TO = 1.10
"""Nobody can heap waste higher than this; what comes then is put on the ground."""

OVERFILLED_TO = 1.12
COLLECTORS = "planned-round"
SWEEPERS = "planned-sweeping"

_BAG_L = 8.0
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceState:
    """A place at one time: levels by container id, items on the ground."""

    at_s: float
    levels: dict[str, float]
    ground: tuple[GroundItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BagBrought:
    """Somebody brought a bag. ``beside``: put on the ground although there was room;
    ``shy``: put on the ground as soon as the waste reaches the rim.
    """

    at_s: float
    container_id: str
    volume: float
    beside: bool
    shy: bool
    item: GroundItem


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsDropped:
    """Things came to lie on the ground."""

    at_s: float
    items: tuple[GroundItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEmptied:
    """A container was emptied; ``level_after`` stuck to its walls."""

    at_s: float
    container_id: str
    level_after: float
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerOverfilled:
    """Somebody filled a container over its rim at once."""

    at_s: float
    container_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundSwept:
    """Somebody swept; ``thorough`` False leaves half of it lying."""

    at_s: float
    actor: str
    thorough: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundMissed:
    """A planned truck did not come."""

    at_s: float
    actor: str = field(default=COLLECTORS)


Event = (
    BagBrought | ItemsDropped | ContainerEmptied | ContainerOverfilled | GroundSwept | RoundMissed
)


def apply(state: PlaceState, event: Event) -> PlaceState:
    """Return the place after the event."""
    levels, ground = state.levels, state.ground
    match event:
        case BagBrought():
            level = levels[event.container_id]
            if event.beside or level >= HEAPED_TO or (event.shy and level >= OVERFLOWS_FROM):
                ground = (*ground, event.item)
            else:
                levels = {**levels, event.container_id: level + event.volume}
        case ItemsDropped():
            ground = (*ground, *event.items)
        case ContainerEmptied():
            levels = {**levels, event.container_id: event.level_after}
        case ContainerOverfilled():
            level = max(levels[event.container_id], OVERFILLED_TO)
            levels = {**levels, event.container_id: level}
        case GroundSwept():
            ground = () if event.thorough else _left_lying(ground)
        case RoundMissed():
            pass
    return PlaceState(at_s=event.at_s, levels=levels, ground=ground)


def arrivals(profile: PlaceProfile, seed: int, epoch_hour: int) -> list[Event]:
    """Return what people bring and drop in that hour since the epoch, by time."""
    rng = Random(f"{seed}/waste/{profile.place_id}/{epoch_hour}")  # noqa: S311 - a simulation
    share = hour_share(profile.hourly, epoch_hour)
    start_s = float(epoch_hour * HOUR_S)
    label = f"{profile.place_id}-{epoch_hour}"
    events: list[Event] = []
    for container in profile.containers:
        bags = container.fills_per_day * container.capacity_l / _BAG_L * share
        for at_s in _moments(bags, start_s, rng):
            volume = _BAG_L / container.capacity_l * rng.uniform(0.6, 1.4)
            item = ground_item(f"{label}-{len(events)}", GroundKind.BAG, at_s, rng)
            events.append(
                BagBrought(
                    at_s=at_s,
                    container_id=container.container_id,
                    volume=volume,
                    beside=rng.random() < profile.beside_ratio,
                    shy=rng.random() < 0.5,  # noqa: PLR2004 - a coin
                    item=item,
                )
            )
    for at_s in _moments(profile.litter_per_day * share, start_s, rng):
        item = ground_item(f"{label}-{len(events)}", GroundKind.LITTER, at_s, rng)
        events.append(ItemsDropped(at_s=at_s, items=(item,)))
    return sorted(events, key=lambda event: event.at_s)


def day_plan(profile: PlaceProfile, seed: int, day: int) -> list[Event]:
    """Return what trucks and sweepers do on that Shanghai day, by time."""
    rng = Random(f"{seed}/plan/{profile.place_id}/{day}")  # noqa: S311 - a simulation
    start_s = day_start_s(day)
    events: list[Event] = []
    for planned in profile.rounds:
        events.extend(_round(profile, planned, start_s, rng))
    for minute in profile.sweeping_minutes:
        late_s = round(rng.uniform(-8, 8) * _MINUTE_S, 3)
        events.append(GroundSwept(at_s=start_s + minute * _MINUTE_S + late_s, actor=SWEEPERS))
    return sorted(events, key=lambda event: event.at_s)


def ground_item(item_id: str, kind: GroundKind, at_s: float, rng: Random) -> GroundItem:
    """Return an item at a random spot: bags and heaps near the bins, litter anywhere."""
    smallest_m, largest_m, farthest = _SPREAD[kind]
    return GroundItem(
        item_id=item_id,
        kind=kind,
        x=round(rng.uniform(0.12, 0.88), 4),
        y=round(rng.uniform(0.06, farthest), 4),
        size_m=round(rng.uniform(smallest_m, largest_m), 3),
        dropped_at=datetime_of(at_s),
    )


_SPREAD = {
    GroundKind.BAG: (0.35, 0.55, 0.45),
    GroundKind.LITTER: (0.10, 0.22, 0.85),
    GroundKind.HEAP: (0.8, 1.3, 0.45),
}


def _round(
    profile: PlaceProfile, planned: PlannedRound, start_s: float, rng: Random
) -> list[Event]:
    late_min = rng.uniform(-2, 2) if planned.swept is not None else rng.uniform(-10, 15)
    at_s = round(start_s + (planned.minute_of_day + late_min) * _MINUTE_S, 3)
    missed, unswept = rng.random() < profile.missed_ratio, rng.random() < profile.unswept_ratio
    if planned.swept is None and missed:
        return [RoundMissed(at_s=at_s)]
    swept = not unswept if planned.swept is None else planned.swept
    events: list[Event] = [
        ContainerEmptied(
            at_s=round(at_s + 20 * index, 3),
            container_id=container.container_id,
            level_after=round(rng.uniform(0.0, 0.05), 3),
            actor=COLLECTORS,
        )
        for index, container in enumerate(profile.containers)
    ]
    spilled = rng.randint(6, 10)
    kinds = [GroundKind.LITTER] * spilled
    label = f"{profile.place_id}-{int(at_s)}"
    spill = [ground_item(f"{label}-{index}", kind, at_s, rng) for index, kind in enumerate(kinds)]
    events.append(ItemsDropped(at_s=at_s, items=tuple(spill)))
    if swept:
        after_s = round(rng.uniform(1.5, 3) * _MINUTE_S, 3)
        events.append(GroundSwept(at_s=at_s + after_s, actor=COLLECTORS))
    return events


def _left_lying(ground: tuple[GroundItem, ...]) -> tuple[GroundItem, ...]:
    large = [item for item in ground if item.kind is not GroundKind.LITTER]
    litter = [item for item in ground if item.kind is GroundKind.LITTER]
    most = max(LITTER_MATTERS_FROM, ceil(len(litter) / 2))
    return (*large[: ceil(len(large) / 2)], *litter[:most])


def _moments(expected: float, start_s: float, rng: Random) -> list[float]:
    """Return the times of a Poisson process with so many events expected within the hour."""
    moments: list[float] = []
    if expected <= 0:
        return moments
    at_s = start_s + rng.expovariate(expected / HOUR_S)
    while at_s < start_s + HOUR_S:
        moments.append(round(at_s, 3))
        at_s += rng.expovariate(expected / HOUR_S)
    return moments
