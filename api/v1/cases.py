"""Cases: the list, one case with all that happened to it, and the steps people take."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from alerts.case_records import CaseLogEntry
from alerts.orders import MoveCase, ReportCase
from alerts.outbox import OutboxMessage
from alerts.proof_photos import NotedDoubt
from api.errors import ApiError, ErrorCode
from api.request_facts import ROLES, IdempotencyKey, Parts, Reader, Role, scoped_key
from api.v1.answers import Answer, CaseAnswer, actions_by_role
from api.v1.orders import REPORT_SOURCES, CaseMove, CaseQuery, CaseReport
from domain.cases import OPEN_STATES, CaseAction
from texts.catalogue import Catalogue, Locale

router = APIRouter(tags=["cases"])

_CaseId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{2,31}\z")]


class CaseListAnswer(Answer):
    """Cases: open ones by urgency, ended ones the newest first."""

    cases: list[CaseAnswer]


class LogEntryAnswer(Answer):
    """One line of a case's log; ``photos`` are SHA-256 of pictures."""

    at: datetime
    actor: str
    actor_text: str
    action: str
    action_text: str
    state_before: str | None
    state_after: str
    note: str
    approved_by: str | None
    photos: list[str]

    @classmethod
    def of(cls, entry: CaseLogEntry, catalogue: Catalogue, locale: Locale) -> "LogEntryAnswer":
        """Tell a line of the log."""
        return cls(
            at=entry.at,
            actor=entry.actor,
            actor_text=catalogue.word(entry.actor, locale),
            action=entry.action,
            action_text=catalogue.word(entry.action, locale),
            state_before=entry.state_before,
            state_after=entry.state_after,
            note=entry.note,
            approved_by=entry.approved_by,
            photos=list(entry.photos),
        )


class PhotoDoubtAnswer(Answer):
    """Why one photo of a proof is doubted. ``like_*``: the picture that it resembles and its case;
    ``distance_m`` is rough.
    """

    noted_at: datetime
    sha256: str
    doubt: str
    doubt_text: str
    like_case_id: str | None
    like_sha256: str | None
    distance_m: int | None
    early_min: int | None

    @classmethod
    def of(cls, noted: NotedDoubt, catalogue: Catalogue, locale: Locale) -> "PhotoDoubtAnswer":
        """Tell a doubt."""
        photo = noted.photo
        return cls(
            noted_at=noted.noted_at,
            sha256=photo.sha256,
            doubt=photo.doubt,
            doubt_text=catalogue.word(photo.doubt, locale),
            like_case_id=photo.like_case_id,
            like_sha256=photo.like_sha256,
            distance_m=photo.distance_m,
            early_min=photo.early_min,
        )


class MessageAnswer(Answer):
    """What was said to whom, and whether it arrived. The link in it is the crew's alone."""

    message_id: str
    channel: str
    recipient: str
    level: str
    title: str
    text: str
    created_at: datetime
    state: str
    attempts: int
    undelivered: bool
    last_error: str | None
    settled_at: datetime | None

    @classmethod
    def of(cls, message: OutboxMessage) -> "MessageAnswer":
        """Tell a message."""
        return cls(
            message_id=message.message_id,
            channel=message.channel,
            recipient=message.recipient,
            level=message.level,
            title=message.title,
            text=message.text,
            created_at=message.created_at,
            state=message.state,
            attempts=message.attempts,
            undelivered=message.undelivered,
            last_error=message.last_error,
            settled_at=message.settled_at,
        )


class CaseDetailAnswer(Answer):
    """A case, its log, its messages, and what each role may do to it now."""

    case: CaseAnswer
    actions: dict[str, list[CaseAction]]
    log: list[LogEntryAnswer]
    messages: list[MessageAnswer]
    photo_doubts: list[PhotoDoubtAnswer]


@router.get("/cases", summary="Cases by state")
def list_cases(
    query: Annotated[CaseQuery, Query()], parts: Parts, locale: Reader
) -> CaseListAnswer:
    """Tell the open cases, the most urgent first, or those in the states asked for."""
    now = parts.clock.now()
    states = frozenset(query.state) or OPEN_STATES
    return CaseListAnswer(
        cases=[
            CaseAnswer.of(case, now, parts.catalogue, locale)
            for case in parts.book.cases_in(states, query.limit)
        ]
    )


@router.get("/cases/{case_id}", summary="One case with its log and messages")
def one_case(case_id: _CaseId, parts: Parts, locale: Reader) -> CaseDetailAnswer:
    """Tell all that happened to a case, who was told, and what may be done next."""
    case = parts.book.case(case_id)
    if case is None:
        raise ApiError(ErrorCode.UNKNOWN_CASE)
    return CaseDetailAnswer(
        case=CaseAnswer.of(case, parts.clock.now(), parts.catalogue, locale),
        actions=actions_by_role(case.state, ROLES),
        log=[LogEntryAnswer.of(e, parts.catalogue, locale) for e in parts.book.log(case_id)],
        messages=[MessageAnswer.of(message) for message in parts.book.messages(case_id)],
        photo_doubts=[
            PhotoDoubtAnswer.of(noted, parts.catalogue, locale)
            for noted in parts.book.photo_doubts(case_id)
        ],
    )


@router.post("/cases", summary="Report a problem", status_code=201)
def report_case(
    report: CaseReport, parts: Parts, locale: Reader, role: Role, key: IdempotencyKey
) -> CaseAnswer:
    """Open a case, or add the report to the one already open there for that class."""
    if report.source not in REPORT_SOURCES:
        raise ApiError(ErrorCode.INVALID_REQUEST)
    case = parts.desk.report(
        ReportCase(
            place_id=report.place_id,
            problem_class=report.problem_class,
            source=report.source,
            note=report.note,
            actor=role,
            key=scoped_key("report", role, key),
        )
    )
    return CaseAnswer.of(case, parts.clock.now(), parts.catalogue, locale)


@router.post("/cases/{case_id}/moves", summary="Take a step in a case")
def move_case(
    case_id: _CaseId,
    move: CaseMove,
    parts: Parts,
    locale: Reader,
    role: Role,
    key: IdempotencyKey,
) -> CaseAnswer:
    """Move a case as the life cycle allows the role; 409 where it does not, or it was moved."""
    case = parts.desk.move(
        MoveCase(
            case_id=case_id,
            action=move.action,
            actor=role,
            key=scoped_key("move", case_id, move.action, role, key),
            note=move.note,
            approved_by=move.approved_by,
            expected_version=move.expected_version,
        )
    )
    return CaseAnswer.of(case, parts.clock.now(), parts.catalogue, locale)
