"""A district and worlds for tests of the simulator."""

from datetime import UTC, datetime

from firmware_sim.district import SimDistrict, build_district
from firmware_sim.profiles import CREW_HABITS, CrewHabit
from firmware_sim.world import World

FIRST_MORNING = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
"""06:30 in Shanghai."""


def district(seed: int = 7) -> SimDistrict:
    return build_district(seed, simulator_url="http://127.0.0.1:8010", gateway_id="gw-test")


def world(seed: int = 7, *, sloppy_ratio: float | None = None) -> World:
    """A fresh world; ``sloppy_ratio`` replaces the habits of all crews."""
    habits = CREW_HABITS
    if sloppy_ratio is not None:
        habits = {crew: CrewHabit(leaves_waste_ratio=sloppy_ratio) for crew in CREW_HABITS}
    return World(district(seed), started_at=FIRST_MORNING, crew_habits=habits)
