"""One case: its way so far, what was said to whom, its photos, and what may be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alerts.case_records import CaseEvent, CaseLogEntry
from alerts.outbox import Channel, MessageState, OutboxMessage
from alerts.proof_photos import NotedDoubt
from alerts.rules.ground_check import GroundCheck
from api.console.palette import Mark
from api.console.situation import Situation
from api.console.view_models.case_evidence import (
    DoubtRow,
    EvidencePair,
    doubt_rows,
    doubt_text,
    evidence_pairs,
    just_called_clean,
)
from api.console.view_models.cases import CaseCard, case_card, crew_name, place_name, unit_name
from api.console.view_models.ground_check import GroundCheckView, ground_check_view
from api.console.view_models.pictures import PhotoView, camera_photo
from api.console.words import Words
from domain.alerts import Alert
from domain.cases import (
    APPROVED_ACTIONS,
    ENDED_STATES,
    LEGAL_MOVES,
    Actor,
    Case,
    CaseAction,
    CaseState,
    legal_actions,
)
from domain.records import Record
from domain.registry import RegistrySnapshot

_WAY = (
    (CaseState.REPORTED,),
    (CaseState.FILED,),
    (CaseState.DISPATCHED,),
    (CaseState.IN_PROGRESS, CaseState.REWORK),
    (CaseState.AWAITING_VERIFICATION,),
    (CaseState.CLOSED,),
)
_ASIDE = {
    CaseState.RETURNED: 2,
    CaseState.DEFERRED: 2,
    CaseState.SUSPENDED: 2,
    CaseState.REJECTED: 1,
    CaseState.VOIDED: 5,
}
_NEEDS_REASON = APPROVED_ACTIONS | {CaseAction.REJECT, CaseAction.SEND_BACK}
_FINAL = frozenset({CaseAction.REJECT, CaseAction.VOID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a case's way: ``done``, ``now`` or ``ahead``."""

    label: str
    progress: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOffer:
    """An action the reader may take. ``gravity`` is ``main``, ``other`` or ``final``."""

    action: CaseAction
    label: str
    explanation: str
    needs_reason: bool
    needs_approval: bool
    gravity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A line of the log, with the pictures that came with it."""

    at: str
    who: str
    what: str
    change: str
    note: str
    photos: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A message and whether it arrived."""

    at: str
    to: str
    level: str
    text: str
    mark: Mark | None
    delivery: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """Everything of a case's page. ``waiting_for`` says who has to do what next;
    ``just_called_clean`` that a person ended the case so, a short while ago.
    """

    card: CaseCard
    place_href: str
    steps: tuple[Step, ...]
    facts: tuple[tuple[str, str], ...]
    offers: tuple[ActionOffer, ...]
    waiting_for: str
    log: tuple[LogRow, ...]
    messages: tuple[MessageRow, ...]
    before: tuple[PhotoView, ...]
    after: tuple[PhotoView, ...]
    pairs: tuple[EvidencePair, ...]
    doubts: tuple[DoubtRow, ...]
    ground_check: GroundCheckView | None
    just_called_clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseContents:
    """What the stores hold of a case; ``snapshots`` are the verdicts of its pictures, by hash.

    ``ground_check`` is the check that the case rests on, where it is of ground not swept.
    """

    case: Case
    log: Sequence[CaseLogEntry]
    messages: Sequence[OutboxMessage]
    alerts: Sequence[Alert]
    doubts: Sequence[NotedDoubt] = ()
    snapshots: Mapping[str, Record] = field(default_factory=dict)
    ground_check: GroundCheck | None = None


def case_view(
    contents: CaseContents, *, situation: Situation, role: Actor, words: Words
) -> CaseView:
    """Return a case's page for a reader who acts as ``role``."""
    case, registry = contents.case, situation.registry
    check = contents.ground_check
    return CaseView(
        card=case_card(case, now=situation.at, registry=registry, words=words),
        place_href=f"/place/{case.place_id}",
        steps=_steps(case, words),
        facts=_facts(case, situation, words),
        offers=offers(case, role, words),
        waiting_for=_waiting_for(case, words),
        log=tuple(_log_row(entry, contents.doubts, words) for entry in contents.log),
        messages=tuple(_message_row(m, situation, words) for m in contents.messages),
        before=_before(contents, registry, words),
        after=_after(contents, registry, words),
        pairs=evidence_pairs(
            case.problem_class,
            log=contents.log,
            alerts=contents.alerts,
            snapshots=contents.snapshots,
            registry=registry,
            words=words,
        ),
        doubts=doubt_rows(contents.doubts, words),
        ground_check=None
        if check is None
        else ground_check_view(check, contents.snapshots, registry, words),
        just_called_clean=just_called_clean(contents.log, situation.at),
    )


def offers(case: Case, role: Actor, words: Words) -> tuple[ActionOffer, ...]:
    """Return what ``role`` may do to the case now, the usual next step first."""
    legal = legal_actions(case.state, role)
    return tuple(
        ActionOffer(
            action=action,
            label=words.word(action),
            explanation=words.say(f"explain.{action}"),
            needs_reason=action in _NEEDS_REASON,
            needs_approval=action in APPROVED_ACTIONS,
            gravity=_gravity(action),
        )
        for action in CaseAction
        if action in legal
    )


def _gravity(action: CaseAction) -> str:
    if action in _FINAL:
        return "final"
    return "other" if action in _NEEDS_REASON else "main"


def _steps(case: Case, words: Words) -> tuple[Step, ...]:
    here = next((i for i, states in enumerate(_WAY) if case.state in states), None)
    aside = here is None
    position = _ASIDE[case.state] if here is None else here
    steps = []
    for index, states in enumerate(_WAY):
        at_case = index == position
        shown = case.state if at_case and (aside or case.state in states) else states[0]
        reached = "done" if case.state in ENDED_STATES else "now"
        progress = "done" if index < position else reached if at_case else "ahead"
        steps.append(Step(label=words.word(shown), progress=progress))
    return tuple(steps)


def _facts(case: Case, situation: Situation, words: Words) -> tuple[tuple[str, str], ...]:
    registry = situation.registry
    rows = [
        ("case.place", place_name(case.place_id, registry, words)),
        ("case.unit", unit_name(case.unit_id, registry, words)),
        ("case.crew", crew_name(case.crew_id, registry, words)),
        ("case.source", words.word(case.source)),
        ("case.opened", words.time(case.opened_at)),
        ("case.due", words.time(case.due_at)),
        ("case.accepted", words.time(case.accepted_at)),
        ("case.arrived", words.time(case.arrived_at)),
        ("case.finished", words.time(case.finished_at)),
        ("case.ended", words.time(case.ended_at)),
    ]
    if case.note:
        rows.append(("case.note", case.note))
    return tuple((words.say(key), value) for key, value in rows)


def _waiting_for(case: Case, words: Words) -> str:
    if case.state in ENDED_STATES:
        return words.say("waiting_for.nobody")
    actors = {
        actor
        for action, move in LEGAL_MOVES.items()
        if case.state in move.sources and action not in _NEEDS_REASON
        for actor in move.actors
        if actor is not Actor.RULE
    }
    names = [words.word(actor) for actor in Actor if actor in actors]
    return words.say("waiting_for.somebody", who=words.say("or").join(names))


def _log_row(entry: CaseLogEntry, doubts: Sequence[NotedDoubt], words: Words) -> LogRow:
    change = ""
    if entry.state_before is not None and entry.state_before is not entry.state_after:
        change = f"{words.word(entry.state_before)} → {words.word(entry.state_after)}"
    approval = words.say("log.approved", who=entry.approved_by) if entry.approved_by else ""
    return LogRow(
        at=words.time(entry.at),
        who=words.word(entry.actor),
        what=words.word(entry.action),
        change=change,
        note=words.joined((entry.note, approval, *_doubted(entry, doubts, words))),
        photos=entry.photos,
    )


def _doubted(entry: CaseLogEntry, doubts: Sequence[NotedDoubt], words: Words) -> tuple[str, ...]:
    """Return what the photos were doubted for, where the entry tells that they were."""
    if entry.action is not CaseEvent.PHOTOS_DOUBTED:
        return ()
    return tuple(doubt_text(noted.photo, words) for noted in doubts if noted.noted_at == entry.at)


def _message_row(message: OutboxMessage, situation: Situation, words: Words) -> MessageRow:
    if message.channel is Channel.CONSOLE:
        to = words.word(Channel.CONSOLE)
    else:
        to = crew_name(message.recipient, situation.registry, words)
    mark: Mark | None = None
    delivery = words.word(message.state)
    if message.state is MessageState.DELIVERED:
        mark = Mark.CLEAN
        delivery = words.joined((delivery, words.time(message.settled_at)))
    elif message.undelivered:
        mark = Mark.PROBLEM
        delivery = words.say("message.failed", tries=message.attempts)
    return MessageRow(
        at=words.time(message.created_at),
        to=to,
        level=words.word(message.level),
        text=message.text,
        mark=mark,
        delivery=delivery,
    )


def _before(
    contents: CaseContents, registry: RegistrySnapshot, words: Words
) -> tuple[PhotoView, ...]:
    return tuple(
        camera_photo(
            alert.picture_sha256,
            words.say("photo.alert", time=words.time(alert.fired_at)),
            record=contents.snapshots.get(alert.picture_sha256),
            registry=registry,
            words=words,
        )
        for alert in sorted(contents.alerts, key=lambda alert: alert.fired_at)
        if alert.picture_sha256 is not None
    )


def _after(
    contents: CaseContents, registry: RegistrySnapshot, words: Words
) -> tuple[PhotoView, ...]:
    return tuple(
        camera_photo(
            photo,
            words.joined((words.word(entry.actor), words.time(entry.at))),
            record=contents.snapshots.get(photo),
            registry=registry,
            words=words,
        )
        for entry in contents.log
        for photo in entry.photos
    )
