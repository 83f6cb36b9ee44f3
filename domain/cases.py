"""The case (案卷): its states, and who may move it from where to where."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.checks import check_id, check_utc
from domain.problems import ProblemClass


class CaseState(StrEnum):
    """Where a case stands."""

    REPORTED = "reported"
    FILED = "filed"
    REJECTED = "rejected"
    DISPATCHED = "dispatched"
    IN_PROGRESS = "in_progress"
    AWAITING_VERIFICATION = "awaiting_verification"
    CLOSED = "closed"
    REWORK = "rework"
    RETURNED = "returned"
    DEFERRED = "deferred"
    SUSPENDED = "suspended"
    VOIDED = "voided"


OPEN_STATES = frozenset(
    {
        CaseState.REPORTED,
        CaseState.FILED,
        CaseState.DISPATCHED,
        CaseState.IN_PROGRESS,
        CaseState.AWAITING_VERIFICATION,
        CaseState.REWORK,
        CaseState.RETURNED,
        CaseState.DEFERRED,
        CaseState.SUSPENDED,
    }
)
"""A case in one of these still wants something from somebody."""

ENDED_STATES = frozenset(CaseState) - OPEN_STATES


class Actor(StrEnum):
    """Who acts on a case. Supervision (rule, operator, machine verification, inspector) finds,
    files and verifies; command (auto dispatch, dispatcher) sends; the crew handles.
    """

    RULE = "rule"
    AUTO_DISPATCH = "auto_dispatch"
    CREW = "crew"
    MACHINE_VERIFICATION = "machine_verification"
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    INSPECTOR = "inspector"


class CaseAction(StrEnum):
    """What can be done to a case."""

    FILE = "file"
    REJECT = "reject"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    ARRIVE = "arrive"
    FINISH = "finish"
    CLEARED_BY_ITSELF = "cleared_by_itself"
    CONFIRM_CLEAN = "confirm_clean"
    SEND_BACK = "send_back"
    RETURN_TO_DISPATCHER = "return_to_dispatcher"
    DEFER = "defer"
    SUSPEND = "suspend"
    RESUME = "resume"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalMove:
    """From which states an action leads where, and who may take it."""

    sources: frozenset[CaseState]
    target: CaseState
    actors: frozenset[Actor]


_HANDLING = frozenset({CaseState.DISPATCHED, CaseState.IN_PROGRESS, CaseState.REWORK})
_WAITING = frozenset({CaseState.DEFERRED, CaseState.SUSPENDED})
_COMMAND = frozenset({Actor.AUTO_DISPATCH, Actor.DISPATCHER})

LEGAL_MOVES: dict[CaseAction, LegalMove] = {
    CaseAction.FILE: LegalMove(
        sources=frozenset({CaseState.REPORTED}),
        target=CaseState.FILED,
        actors=frozenset({Actor.RULE, Actor.OPERATOR, Actor.INSPECTOR}),
    ),
    CaseAction.REJECT: LegalMove(
        sources=frozenset({CaseState.REPORTED}),
        target=CaseState.REJECTED,
        actors=frozenset({Actor.OPERATOR, Actor.INSPECTOR}),
    ),
    CaseAction.DISPATCH: LegalMove(
        sources=frozenset({CaseState.FILED, CaseState.RETURNED}),
        target=CaseState.DISPATCHED,
        actors=_COMMAND,
    ),
    CaseAction.ACCEPT: LegalMove(
        sources=frozenset({CaseState.DISPATCHED, CaseState.REWORK}),
        target=CaseState.IN_PROGRESS,
        actors=frozenset({Actor.CREW}),
    ),
    CaseAction.ARRIVE: LegalMove(
        sources=frozenset({CaseState.IN_PROGRESS}),
        target=CaseState.IN_PROGRESS,
        actors=frozenset({Actor.CREW}),
    ),
    CaseAction.FINISH: LegalMove(
        sources=frozenset({CaseState.IN_PROGRESS}),
        target=CaseState.AWAITING_VERIFICATION,
        actors=frozenset({Actor.CREW}),
    ),
    CaseAction.CLEARED_BY_ITSELF: LegalMove(
        sources=_HANDLING,
        target=CaseState.AWAITING_VERIFICATION,
        actors=frozenset({Actor.RULE}),
    ),
    CaseAction.CONFIRM_CLEAN: LegalMove(
        sources=frozenset({CaseState.AWAITING_VERIFICATION}),
        target=CaseState.CLOSED,
        actors=frozenset({Actor.MACHINE_VERIFICATION, Actor.INSPECTOR}),
    ),
    CaseAction.SEND_BACK: LegalMove(
        sources=frozenset({CaseState.AWAITING_VERIFICATION}),
        target=CaseState.REWORK,
        actors=frozenset({Actor.MACHINE_VERIFICATION, Actor.INSPECTOR}),
    ),
    CaseAction.RETURN_TO_DISPATCHER: LegalMove(
        sources=_HANDLING,
        target=CaseState.RETURNED,
        actors=frozenset({Actor.DISPATCHER}),
    ),
    CaseAction.DEFER: LegalMove(
        sources=_HANDLING,
        target=CaseState.DEFERRED,
        actors=frozenset({Actor.DISPATCHER}),
    ),
    CaseAction.SUSPEND: LegalMove(
        sources=_HANDLING,
        target=CaseState.SUSPENDED,
        actors=frozenset({Actor.DISPATCHER}),
    ),
    CaseAction.RESUME: LegalMove(
        sources=_WAITING,
        target=CaseState.DISPATCHED,
        actors=frozenset({Actor.DISPATCHER}),
    ),
    CaseAction.VOID: LegalMove(
        sources=OPEN_STATES,
        target=CaseState.VOIDED,
        actors=frozenset({Actor.INSPECTOR}),
    ),
}
"""The whole life cycle. What is not here cannot happen.

Returning, deferring, suspending and voiding need an approval: whoever takes the action gives the
approver and the reason, and both stay in the log."""

APPROVED_ACTIONS = frozenset(
    {
        CaseAction.RETURN_TO_DISPATCHER,
        CaseAction.DEFER,
        CaseAction.SUSPEND,
        CaseAction.VOID,
    }
)


class IllegalMoveError(Exception):
    """That actor may not do that to a case in that state."""

    def __init__(self, *, action: CaseAction, state: CaseState, actor: Actor) -> None:
        super().__init__(f"{actor} may not {action} a case that is {state}")
        self.action = action
        self.state = state
        self.actor = actor


def next_state(state: CaseState, action: CaseAction, actor: Actor) -> CaseState:
    """Return the state that ``action`` by ``actor`` leads to; raise :class:`IllegalMoveError`."""
    move = LEGAL_MOVES[action]
    if state not in move.sources or actor not in move.actors:
        raise IllegalMoveError(action=action, state=state, actor=actor)
    return move.target


def legal_actions(state: CaseState, actor: Actor) -> frozenset[CaseAction]:
    """Return what ``actor`` may do to a case in ``state``."""
    return frozenset(
        action
        for action, move in LEGAL_MOVES.items()
        if state in move.sources and actor in move.actors
    )


class CaseSource(StrEnum):
    """How a case came to be known."""

    SENSOR = "sensor"
    CAMERA = "camera"
    TELEPHONE = "telephone"
    INSPECTION = "inspection"
    SECRET_INSPECTION = "secret_inspection"  # noqa: S105  the field's term, not a secret
    CITIZEN = "citizen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it stands now. ``version`` grows by one with every move.

    ``due_at`` is the end of its time limit, None until it is filed; ``rework_count`` says how
    often the check sent it back; ``photo_doubts`` how many reasons there are to doubt the photos
    of its newest proof.
    """

    case_id: str
    number: str
    place_id: str
    problem_class: ProblemClass
    source: CaseSource
    state: CaseState
    version: int
    unit_id: str
    crew_id: str
    opened_at: datetime
    filed_at: datetime | None = None
    due_at: datetime | None = None
    accepted_at: datetime | None = None
    arrived_at: datetime | None = None
    finished_at: datetime | None = None
    ended_at: datetime | None = None
    escalation_level: int = 0
    rework_count: int = 0
    note: str = ""
    photo_doubts: int = 0

    def __post_init__(self) -> None:
        for field in ("case_id", "place_id", "unit_id", "crew_id"):
            check_id(field, getattr(self, field))
        for field in (
            "opened_at",
            "filed_at",
            "due_at",
            "accepted_at",
            "arrived_at",
            "finished_at",
            "ended_at",
        ):
            instant = getattr(self, field)
            if instant is not None:
                check_utc(field, instant)
