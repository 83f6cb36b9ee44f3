"""Cases as cards on the board, with the time they have left."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from api.console.palette import Mark
from api.console.words import Words
from domain.cases import Case, CaseState
from domain.place_state import is_overdue
from domain.registry import RegistrySnapshot

_PAUSED = frozenset({CaseState.DEFERRED, CaseState.SUSPENDED})
_CLOCK_STANDS_STILL = _PAUSED | {CaseState.RETURNED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What a case's clock says. The browser counts on from ``due_ms`` or ``since_ms`` (Unix ms),
    so a text that only grew older is no reason to send a row again.
    """

    text: str = field(compare=False)
    mark: Mark | None = None
    due_ms: int | None = None
    since_ms: int | None = None


def timing_of(case: Case, now: datetime, words: Words) -> Timing:
    """Return the time a case has left, has waited, or took."""
    overdue = Mark.OVERDUE if is_overdue(case, now) else None
    if case.ended_at is not None:
        return Timing(text=words.say("timing.ended", time=words.time(case.ended_at)))
    if case.state in _CLOCK_STANDS_STILL:
        return Timing(text=words.say("timing.paused"))
    if case.state is CaseState.AWAITING_VERIFICATION:
        since = case.finished_at or case.arrived_at or case.accepted_at or case.opened_at
        text = words.say("timing.waiting", duration=words.duration(now - since))
        return Timing(text=text, since_ms=unix_ms(since))
    if case.due_at is None:
        return Timing(text=words.say("timing.not_filed"))
    key = "timing.over" if overdue else "timing.left"
    text = words.say(key, duration=words.duration(case.due_at - now))
    return Timing(text=text, mark=overdue, due_ms=unix_ms(case.due_at))


def unix_ms(instant: datetime) -> int:
    """Return Unix milliseconds, the browser's way to hold a time."""
    return round(instant.timestamp() * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCard:
    """One case on one card. ``badges`` are short remarks such as the number of reworks."""

    key: str
    number: str
    href: str
    problem: str
    place: str
    state: str
    who: str
    source: str
    timing: Timing
    badges: tuple[str, ...] = ()


def case_card(case: Case, *, now: datetime, registry: RegistrySnapshot, words: Words) -> CaseCard:
    """Return a case's card."""
    badges = []
    if case.rework_count:
        badges.append(words.say("badge.reworked", count=case.rework_count))
    if case.escalation_level:
        badges.append(words.say("badge.escalated"))
    if case.photo_doubts:
        badges.append(words.say("badge.photos_doubted"))
    return CaseCard(
        key=case.case_id,
        number=case.number,
        href=f"/cases/{case.case_id}",
        problem=words.word(case.problem_class),
        place=place_name(case.place_id, registry, words),
        state=words.word(case.state),
        who=words.joined(
            (unit_name(case.unit_id, registry, words), crew_name(case.crew_id, registry, words))
        ),
        source=words.word(case.source),
        timing=timing_of(case, now, words),
        badges=tuple(badges),
    )


def place_name(place_id: str, registry: RegistrySnapshot, words: Words) -> str:
    """Return a place's name; its id where the registry no longer has it."""
    place = registry.places.get(place_id)
    return place_id if place is None else words.name(place.name)


def unit_name(unit_id: str, registry: RegistrySnapshot, words: Words) -> str:
    """Return a unit's name; its id where the registry no longer has it."""
    unit = registry.units.get(unit_id)
    return unit_id if unit is None else words.name(unit.name)


def crew_name(crew_id: str, registry: RegistrySnapshot, words: Words) -> str:
    """Return a crew's name; its id where the registry no longer has it."""
    crew = registry.crews.get(crew_id)
    return crew_id if crew is None else words.name(crew.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardColumn:
    """One column: cases in the same hands. ``hint`` says what happens next, and by whom."""

    key: str
    title: str
    hint: str
    cards: tuple[CaseCard, ...]


_COLUMNS: tuple[tuple[str, frozenset[CaseState]], ...] = (
    ("new", frozenset({CaseState.REPORTED, CaseState.FILED, CaseState.RETURNED})),
    ("dispatched", frozenset({CaseState.DISPATCHED})),
    ("in_progress", frozenset({CaseState.IN_PROGRESS})),
    ("awaiting", frozenset({CaseState.AWAITING_VERIFICATION})),
    ("rework", frozenset({CaseState.REWORK})),
    ("paused", _PAUSED),
)


def board(
    cases: Iterable[Case], *, now: datetime, registry: RegistrySnapshot, words: Words
) -> tuple[BoardColumn, ...]:
    """Return the board: each open case in one column, the most urgent first."""
    ordered = sorted(cases, key=lambda case: urgency(case, now))
    return tuple(
        BoardColumn(
            key=key,
            title=words.say(f"board.{key}"),
            hint=words.say(f"board.{key}.hint"),
            cards=tuple(
                case_card(case, now=now, registry=registry, words=words)
                for case in ordered
                if case.state in states
            ),
        )
        for key, states in _COLUMNS
    )


def urgency(case: Case, now: datetime) -> tuple[bool, datetime, str]:
    """Return a sort key: overdue first, then by what is due, then by number."""
    return (not is_overdue(case, now), case.due_at or case.opened_at, case.number)
