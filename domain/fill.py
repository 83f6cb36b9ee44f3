"""From a distance to a filling level, and from levels to an emptying: pure rules."""

from enum import StrEnum

from domain.places import WasteContainer

EMPTY_BELOW = 0.10
FULL_FROM = 0.80
"""Words for people, not alert limits: those are the rules' configuration."""


class FillState(StrEnum):
    """A level in the words of a dispatcher."""

    EMPTY = "empty"
    NORMAL = "normal"
    FULL = "full"
    OVERFULL = "overfull"


def filling_level(distance_mm: float, container: WasteContainer) -> float:
    """Return the level as a ratio: 0 at the floor, 1 at the rim, above 1 when heaped over it.

    A distance beyond the floor (an echo that went astray by up to the sensor's tolerance)
    counts as the floor.
    """
    height_mm = container.sensor_above_rim_mm + container.depth_mm - distance_mm
    return max(0.0, height_mm / container.depth_mm)


def fill_state(level: float) -> FillState:
    """Return the state that a level is called by (empty under 10 %, full from 80 %)."""
    if level < EMPTY_BELOW:
        return FillState.EMPTY
    if level < FULL_FROM:
        return FillState.NORMAL
    return FillState.FULL if level <= 1.0 else FillState.OVERFULL
