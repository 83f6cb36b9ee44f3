"""The simulated world: what is truly there, and the hands that change it. Thread-safe.

The same seed and the same actions give the same run. A place's truth is worked out when it is
asked for; nothing runs in the background.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from firmware_sim.district import SimDistrict
from firmware_sim.ground import GroundKind, PlaceTruth
from firmware_sim.place_run import PlaceRun
from firmware_sim.profiles import CREW_HABITS, CrewHabit
from firmware_sim.seconds import HOUR_S, seconds_of
from firmware_sim.truth_changes import TruthChange, changes_of, standing
from firmware_sim.waste import (
    ContainerEmptied,
    ContainerOverfilled,
    Event,
    GroundSwept,
    ItemsDropped,
    ground_item,
)

_STUCK_LEVEL = 0.02
_BAGS_OF_AN_OVERFILLING = 3
_ASHAMED_FOR_S = 4 * HOUR_S


class UnknownInWorldError(LookupError):
    """The district has no place or container of that id. Ask the registry for those it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a crew did at a place: emptied and swept it, or said so and left waste."""

    place_id: str
    at: datetime
    left_waste: bool


class World:
    """A district from ``started_at`` on. Before that, every place is as it was at the start.

    An action counts from its time, or from where :meth:`settle` has come to if that is later:
    settled truth never changes. All methods may be called from any thread; unknown ids raise
    :class:`UnknownInWorldError`.
    """

    def __init__(
        self,
        district: SimDistrict,
        *,
        started_at: datetime,
        crew_habits: Mapping[str, CrewHabit] = CREW_HABITS,
    ) -> None:
        self.district = district
        self.started_at = started_at
        self._crew_habits = crew_habits
        self._started_s = self._settled_s = seconds_of(started_at)
        self._lock = threading.Lock()
        self._runs = {
            place_id: PlaceRun(profile, district.seed, self._started_s)
            for place_id, profile in district.profiles.items()
        }
        self._place_of = {
            container.container_id: container.place_id
            for container in district.registry.containers.values()
        }
        self._settled_start = False
        self._actions = 0
        self._shamed_until_s: dict[str, float] = {}

    def truth(self, place_id: str, at: datetime) -> PlaceTruth:
        """Return the place as it truly is at that time."""
        with self._lock:
            state = self._run(place_id).state_at(seconds_of(at))
        return PlaceTruth(place_id=place_id, at=at, levels=dict(state.levels), ground=state.ground)

    def empty(self, container_id: str, at: datetime, *, actor: str) -> None:
        """Empty a container."""
        with self._lock:
            self._empty(container_id, self._when(at), actor)

    def sweep(self, place_id: str, at: datetime, *, actor: str, thorough: bool = True) -> None:
        """Sweep the ground of a place; not ``thorough`` leaves half of the waste lying."""
        with self._lock:
            event = GroundSwept(at_s=self._when(at), actor=actor, thorough=thorough)
            self._act(place_id, event)

    def visit(self, place_id: str, at: datetime, *, actor: str) -> Visit:
        """Empty all containers of a place and sweep it, as thoroughly as that crew works.

        By the crew's habit a visit sometimes leaves the fullest container and half of the ground;
        within four hours of such a visit the crew comes back and works thoroughly.
        """
        with self._lock:
            at_s = self._when(at)
            levels = self._run(place_id).state_at(at_s).levels
            sloppy = self._is_sloppy(place_id, at_s, actor)
            kept = max(levels, key=levels.__getitem__) if sloppy else None
            for container_id in levels:
                if container_id != kept:
                    self._empty(container_id, at_s, actor)
            self._act(place_id, GroundSwept(at_s=at_s, actor=actor, thorough=not sloppy))
        return Visit(place_id=place_id, at=at, left_waste=sloppy)

    def overfill(self, container_id: str, at: datetime) -> None:
        """Fill a container over its rim at once and put bags beside it."""
        with self._lock:
            at_s = self._when(at)
            place_id = self._place_with(container_id)
            self._act(place_id, ContainerOverfilled(at_s=at_s, container_id=container_id))
            for _ in range(_BAGS_OF_AN_OVERFILLING):
                self._drop(place_id, at_s, GroundKind.BAG)

    def drop(self, place_id: str, at: datetime, kind: GroundKind) -> None:
        """Put one more item on the ground of a place."""
        with self._lock:
            self._drop(place_id, self._when(at), kind)

    def settle(self, until: datetime) -> tuple[TruthChange, ...]:
        """Return every true change since the last call, by time; that truth is now final.

        The first call begins with what stood at the start of the run.
        """
        with self._lock:
            until_s = max(seconds_of(until), self._settled_s)
            changes: list[TruthChange] = []
            for place_id, run in self._runs.items():
                state = run.state_at(self._settled_s)
                if not self._settled_start:
                    changes.extend(standing(place_id, state))
                events = run.events_between(self._settled_s, until_s)
                changes.extend(changes_of(place_id, state, events))
                run.state_at(until_s)
            self._settled_start = True
            self._settled_s = until_s
        return tuple(sorted(changes, key=lambda change: change.at))

    def _run(self, place_id: str) -> PlaceRun:
        run = self._runs.get(place_id)
        if run is None:
            msg = f"no place {place_id[:40]!r} in this district"
            raise UnknownInWorldError(msg)
        return run

    def _place_with(self, container_id: str) -> str:
        place_id = self._place_of.get(container_id)
        if place_id is None:
            msg = f"no container {container_id[:40]!r} in this district"
            raise UnknownInWorldError(msg)
        return place_id

    def _when(self, at: datetime) -> float:
        # A millisecond behind the settled line: events up to that line have been reported.
        return max(seconds_of(at), round(self._settled_s + 0.001, 3))

    def _act(self, place_id: str, event: Event) -> None:
        self._run(place_id).act(event)
        self._actions += 1

    def _empty(self, container_id: str, at_s: float, actor: str) -> None:
        event = ContainerEmptied(
            at_s=at_s, container_id=container_id, level_after=_STUCK_LEVEL, actor=actor
        )
        self._act(self._place_with(container_id), event)

    def _drop(self, place_id: str, at_s: float, kind: GroundKind) -> None:
        rng = self._rng(f"drop/{self._actions}")
        item = ground_item(f"{place_id}-act-{self._actions}", kind, at_s, rng)
        self._act(place_id, ItemsDropped(at_s=at_s, items=(item,)))

    def _is_sloppy(self, place_id: str, at_s: float, actor: str) -> bool:
        habit = self._crew_habits.get(actor)
        if habit is None or at_s < self._shamed_until_s.get(place_id, 0.0):
            return False
        sloppy = self._rng(f"visit/{place_id}/{at_s}").random() < habit.leaves_waste_ratio
        if sloppy:
            self._shamed_until_s[place_id] = at_s + _ASHAMED_FOR_S
        return sloppy

    def _rng(self, purpose: str) -> Random:
        return Random(f"{self.district.seed}/{purpose}")  # noqa: S311 - a simulation
