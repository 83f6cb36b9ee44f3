"""How fast crews are: seeded, the same for the same message in every run."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

SLOW_RATIO = 0.10
"""So often a crew leaves a message lying until after the first escalation (30 minutes)."""

_ACCEPT_MIN, _SLOW_ACCEPT_MIN = (1, 6), (33, 48)
_TRAVEL_MIN, _WORK_MIN = (5, 20), (5, 15)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewPace:
    """Business time from a message to its acceptance, then on the way, then at work."""

    accept: timedelta
    travel: timedelta
    work: timedelta


def pace_of(seed: int, crew_id: str, message_id: str) -> CrewPace:
    """Return how fast a crew handles that message."""
    rng = Random(f"{seed}/pace/{crew_id}/{message_id}")  # noqa: S311 - a simulation
    slow = rng.random() < SLOW_RATIO
    return CrewPace(
        accept=timedelta(minutes=rng.uniform(*(_SLOW_ACCEPT_MIN if slow else _ACCEPT_MIN))),
        travel=timedelta(minutes=rng.uniform(*_TRAVEL_MIN)),
        work=timedelta(minutes=rng.uniform(*_WORK_MIN)),
    )
