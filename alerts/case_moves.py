"""What a move does to a case's times and counts: pure, one function per action."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.case_records import CaseFile
from alerts.limits import AlertRules
from domain.cases import Actor, Case, CaseAction, next_state
from domain.registry import Responsibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What is done to a case, by whom, and what they say to it."""

    action: CaseAction
    actor: Actor
    note: str = ""
    approved_by: str | None = None
    photos: tuple[str, ...] = ()
    photo_doubts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """When a move is made, under which rules, and who answers for the case now.

    ``evidence_at``: when the observation was made that the move rests on; ``now`` for people's
    moves. A centre that catches up on a backlog acts now on what was seen earlier.
    ``photo_doubts``: how many reasons there are to doubt the photos that came with the move.
    """

    now: datetime
    evidence_at: datetime
    rules: AlertRules
    responsibility: Responsibility
    photo_doubts: int = 0


def next_version(case: Case, **changes: object) -> Case:
    """Return the next version of ``case`` with ``changes``."""
    return replace(case, version=case.version + 1, **changes)  # type: ignore[arg-type]


def moved(file: CaseFile, move: Move, given: Circumstances) -> CaseFile:
    """Return the case after the move; raise ``domain.cases.IllegalMoveError``."""
    target = next_state(file.case.state, move.action, move.actor)
    arrived = replace(file, case=next_version(file.case, state=target))
    return _EFFECTS[move.action](arrived, given)


def _file(file: CaseFile, given: Circumstances) -> CaseFile:
    limit = given.rules.time_limits[file.case.problem_class]
    due_at = given.rules.calendar.after(given.now, limit)
    return replace(file, case=replace(file.case, filed_at=given.now, due_at=due_at))


def _send(file: CaseFile, given: Circumstances) -> CaseFile:
    """A crew is sent; what was left of the time limit when it was paused runs on."""
    case = replace(
        file.case, unit_id=given.responsibility.unit_id, crew_id=given.responsibility.crew_id
    )
    if file.paused_at is not None and case.due_at is not None:
        calendar = given.rules.calendar
        left = calendar.between(file.paused_at, case.due_at)
        case = replace(case, due_at=calendar.after(given.now, left))
    return replace(file, case=case, told_at=given.now, paused_at=None)


def _accept(file: CaseFile, given: Circumstances) -> CaseFile:
    return replace(file, case=replace(file.case, accepted_at=given.now), told_at=None)


def _arrive(file: CaseFile, given: Circumstances) -> CaseFile:
    return replace(file, case=replace(file.case, arrived_at=given.now))


def _finish(file: CaseFile, given: Circumstances) -> CaseFile:
    case = replace(file.case, finished_at=given.now, photo_doubts=given.photo_doubts)
    return replace(file, case=case, awaiting_since=given.now)


def _clear(file: CaseFile, given: Circumstances) -> CaseFile:
    # What was observed after the clearing verifies it, even if it has been here for a while.
    return replace(file, told_at=None, awaiting_since=given.evidence_at)


def _send_back(file: CaseFile, given: Circumstances) -> CaseFile:
    case = replace(
        file.case, rework_count=file.case.rework_count + 1, accepted_at=None, arrived_at=None
    )
    return replace(file, case=case, told_at=given.now, awaiting_since=None)


def _pause(file: CaseFile, given: Circumstances) -> CaseFile:
    case = replace(file.case, accepted_at=None, arrived_at=None)
    return replace(file, case=case, told_at=None, paused_at=given.now)


def _end(file: CaseFile, given: Circumstances) -> CaseFile:
    return replace(file, case=replace(file.case, ended_at=given.now), told_at=None)


_EFFECTS: dict[CaseAction, Callable[[CaseFile, Circumstances], CaseFile]] = {
    CaseAction.FILE: _file,
    CaseAction.REJECT: _end,
    CaseAction.DISPATCH: _send,
    CaseAction.ACCEPT: _accept,
    CaseAction.ARRIVE: _arrive,
    CaseAction.FINISH: _finish,
    CaseAction.CLEARED_BY_ITSELF: _clear,
    CaseAction.CONFIRM_CLEAN: _end,
    CaseAction.SEND_BACK: _send_back,
    CaseAction.RETURN_TO_DISPATCHER: _pause,
    CaseAction.DEFER: _pause,
    CaseAction.SUSPEND: _pause,
    CaseAction.RESUME: _send,
    CaseAction.VOID: _end,
}
