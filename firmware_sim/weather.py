"""The air temperature of the simulated district: a pure function of seed and time."""

from math import cos, pi
from random import Random

from firmware_sim.seconds import DAY_S, SHANGHAI_S, local_day

_MEAN_C, _SWING_C = 14.0, 6.0
_WARMEST_HOUR = 15


def air_c(seed: int, at_s: float) -> float:
    """Return the temperature at that time: warmest at 15:00, each day a little different."""
    day = local_day(at_s)
    today, tomorrow = _day_offset_c(seed, day), _day_offset_c(seed, day + 1)
    ratio = (at_s + SHANGHAI_S) % DAY_S / DAY_S
    swing = _SWING_C * cos(2 * pi * (ratio - _WARMEST_HOUR / 24))
    return _MEAN_C + swing + today + (tomorrow - today) * ratio


def _day_offset_c(seed: int, day: int) -> float:
    return Random(f"{seed}/weather/{day}").gauss(0, 2.5)  # noqa: S311 - a simulation
