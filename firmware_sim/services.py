"""What waste comes to each kind of place, and how the sanitation plan serves it."""

from dataclasses import dataclass
from math import ceil
from random import Random

from domain.places import AreaKind, PlaceKind
from firmware_sim.district_places import PlaceRow, Story, Street
from firmware_sim.profiles import (
    FRINGE,
    HOUSEHOLD,
    MARKET,
    STREET,
    VILLAGE,
    ContainerProfile,
    Hourly,
    PlannedRound,
    expected_share,
)
from firmware_sim.seconds import SHANGHAI_S

FIRST_MORNING_MIN = 6 * 60 + 30
"""The stories' minutes count from this minute of the day."""

_LAST_ROUND_MIN = 22 * 60
_QUIET_AFTER_OVERFLOW_MIN = 80
_VISITOR_QUIET_MIN = 210
"""Trucks leave the visitor the time to do the work: three real minutes and a half."""

_QUIET_AFTER_TRUCK_MIN = 170
_LITTERING_FACTOR = 9.0
_BESIDE_RATIO, _BESIDE_STORY_RATIO = 0.003, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The usual day of a kind of place: minutes of the day for rounds and sweepings."""

    hourly: Hourly
    capacity_l: float
    fills_per_day: float
    litter_per_day: float
    rounds: tuple[int, ...]
    sweepings: tuple[int, ...]


_MARKET = Service(
    hourly=MARKET,
    capacity_l=660,
    fills_per_day=2.4,
    litter_per_day=24,
    rounds=(530, 700, 930, 1210),
    sweepings=(335, 430, 540, 640, 760, 900, 1080, 1220),
)
_STREET = Service(
    hourly=STREET,
    capacity_l=240,
    fills_per_day=1.2,
    litter_per_day=9,
    rounds=(540, 870, 1260),
    sweepings=(370, 540, 720, 900, 1080, 1230),
)
_ALLEY = Service(
    hourly=HOUSEHOLD,
    capacity_l=240,
    fills_per_day=1.1,
    litter_per_day=5,
    rounds=(560, 930, 1260),
    sweepings=(375, 750, 1020),
)
_VILLAGE = Service(
    hourly=VILLAGE,
    capacity_l=240,
    fills_per_day=1.2,
    litter_per_day=7,
    rounds=(520, 900, 1240),
    sweepings=(380, 660, 960, 1200),
)
_FRINGE = Service(
    hourly=FRINGE,
    capacity_l=240,
    fills_per_day=0.8,
    litter_per_day=4,
    rounds=(580, 1110),
    sweepings=(380, 900),
)
_BY_AREA = {
    AreaKind.MAIN_STREET: _STREET,
    AreaKind.BACK_ALLEY: _ALLEY,
    AreaKind.URBAN_VILLAGE: _VILLAGE,
    AreaKind.URBAN_RURAL_FRINGE: _FRINGE,
}


def service_of(street: Street, row: PlaceRow) -> Service:
    """Return the usual day of that place."""
    if row.kind is PlaceKind.FARMERS_MARKET or "市场" in street.zh:
        return _MARKET
    return _BY_AREA[street.area_kind]


def container_profile(
    container_id: str, service: Service, story: Story, rng: Random
) -> ContainerProfile:
    """Return a container's waste; ``story`` decides when it first overflows, if it does."""
    fills = service.fills_per_day * rng.uniform(0.85, 1.15)
    level = rng.uniform(0.12, 0.30)
    if story.truck_min is not None:
        level = rng.uniform(0.58, 0.66)
    if story.overflows_min is not None:
        start_s = FIRST_MORNING_MIN * 60.0 - SHANGHAI_S
        share = expected_share(service.hourly, start_s, start_s + story.overflows_min * 60)
        fills = min(max(0.3 / share, 1.6 * service.fills_per_day), 3.2 * service.fills_per_day)
        level = max(0.1, 1.0 - fills * share)
    return ContainerProfile(
        container_id=container_id,
        capacity_l=service.capacity_l,
        level_at_start=round(level, 3),
        fills_per_day=round(fills, 3),
    )


def planned_rounds(
    service: Service, story: Story, busiest: float, rng: Random
) -> tuple[PlannedRound, ...]:
    """Return the day's rounds; ``busiest`` is the largest ``fills_per_day`` at the place."""
    shift = rng.randint(-35, 35)
    usual = [minute + shift for minute in service.rounds]
    if story.overflows_min is not None:
        quiet_min = _VISITOR_QUIET_MIN if story.visitor else _QUIET_AFTER_OVERFLOW_MIN
        first = FIRST_MORNING_MIN + story.overflows_min + quiet_min
        count = max(len(usual), ceil(busiest / 0.75))
        step = (_LAST_ROUND_MIN - first) / (count - 1)
        usual = [round(first + index * step) for index in range(count)]
    if story.truck_min is None:
        return tuple(PlannedRound(minute_of_day=minute) for minute in usual)
    first = FIRST_MORNING_MIN + story.truck_min
    later = [minute for minute in usual if minute >= first + _QUIET_AFTER_TRUCK_MIN]
    told = PlannedRound(minute_of_day=first, swept=story.truck_swept)
    return (told, *(PlannedRound(minute_of_day=minute) for minute in later))


def sweeping_minutes(service: Service, story: Story) -> tuple[int, ...]:
    """Return the minutes of the day at which sweepers come by plan; late to the visitor's."""
    free_until = FIRST_MORNING_MIN + _VISITOR_QUIET_MIN if story.visitor else 0
    return tuple(
        minute for minute in service.sweepings if not FIRST_MORNING_MIN <= minute < free_until
    )


def litter_per_day(service: Service, story: Story) -> float:
    """Return how many loose pieces fall at the place a day."""
    return service.litter_per_day * (_LITTERING_FACTOR if story.litter else 1.0)


def beside_ratio(story: Story) -> float:
    """Return the share of bags that people put beside a container with room."""
    return _BESIDE_STORY_RATIO if story.beside else _BESIDE_RATIO
