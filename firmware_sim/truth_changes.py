"""What truly changed at a place, for the ledger: emptyings, sweepings, problems begun and ended."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from firmware_sim.ground import OVERFLOWS_FROM, ground_problems
from firmware_sim.seconds import datetime_of
from firmware_sim.waste import (
    ContainerEmptied,
    Event,
    GroundSwept,
    PlaceState,
    RoundMissed,
    apply,
)

NOTED_LEVELS = (0.8, 0.9, OVERFLOWS_FROM)
"""A container passing one of these, up or down, is noted."""


class TruthEvent(StrEnum):
    """What changed."""

    EMPTIED = "emptied"
    SWEPT = "swept"
    ROUND_MISSED = "round_missed"
    LEVEL_REACHED = "level_reached"
    LEVEL_LEFT = "level_left"
    PROBLEM_BEGAN = "problem_began"
    PROBLEM_ENDED = "problem_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthChange:
    """One true change. ``subject`` is a container id, or a problem class of the ground.

    ``value``: the level that was passed; before an emptying the level; after a sweeping how many
    items still lie there.
    """

    at: datetime
    place_id: str
    event: TruthEvent
    subject: str | None = None
    value: float | None = None
    actor: str | None = None


def changes_of(place_id: str, state: PlaceState, events: Iterable[Event]) -> Iterator[TruthChange]:
    """Yield what the events change, beginning from ``state``."""
    for event in events:
        before, state = state, apply(state, event)
        yield from _deeds(place_id, before, state, event)
        at = datetime_of(event.at_s)
        if before.levels is not state.levels:
            yield from _level_changes(place_id, before, state, at)
        if before.ground is not state.ground:
            yield from _ground_changes(place_id, before, state, at)


def standing(place_id: str, state: PlaceState) -> Iterator[TruthChange]:
    """Yield what already stands at the start of a run, as if it began then."""
    nothing = PlaceState(at_s=state.at_s, levels=dict.fromkeys(state.levels, 0.0))
    at = datetime_of(state.at_s)
    yield from _level_changes(place_id, nothing, state, at)
    yield from _ground_changes(place_id, nothing, state, at)


def _deeds(
    place_id: str, before: PlaceState, after: PlaceState, event: Event
) -> Iterator[TruthChange]:
    at = datetime_of(event.at_s)
    match event:
        case ContainerEmptied():
            yield TruthChange(
                at=at,
                place_id=place_id,
                event=TruthEvent.EMPTIED,
                subject=event.container_id,
                value=round(before.levels[event.container_id], 3),
                actor=event.actor,
            )
        case GroundSwept():
            yield TruthChange(
                at=at,
                place_id=place_id,
                event=TruthEvent.SWEPT,
                value=float(len(after.ground)),
                actor=event.actor,
            )
        case RoundMissed():
            yield TruthChange(
                at=at, place_id=place_id, event=TruthEvent.ROUND_MISSED, actor=event.actor
            )
        case _:
            pass


def _level_changes(
    place_id: str, before: PlaceState, after: PlaceState, at: datetime
) -> Iterator[TruthChange]:
    for container_id, level in after.levels.items():
        for noted in NOTED_LEVELS:
            was, now = before.levels[container_id] >= noted, level >= noted
            if was != now:
                yield TruthChange(
                    at=at,
                    place_id=place_id,
                    event=TruthEvent.LEVEL_REACHED if now else TruthEvent.LEVEL_LEFT,
                    subject=container_id,
                    value=noted,
                )


def _ground_changes(
    place_id: str, before: PlaceState, after: PlaceState, at: datetime
) -> Iterator[TruthChange]:
    old, new = ground_problems(before.ground), ground_problems(after.ground)
    for event, classes in (
        (TruthEvent.PROBLEM_BEGAN, new - old),
        (TruthEvent.PROBLEM_ENDED, old - new),
    ):
        for problem_class in sorted(classes):
            yield TruthChange(at=at, place_id=place_id, event=event, subject=problem_class)
