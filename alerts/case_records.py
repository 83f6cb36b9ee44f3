"""Cases, alerts and log entries as they come out of the tables."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from domain.alerts import Alert, AlertLevel, DeviceCondition
from domain.cases import Actor, Case, CaseAction, CaseSource, CaseState
from domain.changes import Change, ChangeKind
from domain.problems import ProblemClass


class CaseEvent(StrEnum):
    """What a case's log tells besides its moves."""

    REPORTED = "reported"
    ATTACHED = "attached"
    CLEARED = "cleared"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    UNDELIVERED = "undelivered"
    PHOTOS_DOUBTED = "photos_doubted"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLogEntry:
    """One line of a case's log; ``photos`` are SHA-256 of pictures."""

    at: datetime
    actor: Actor
    action: CaseAction | CaseEvent
    state_before: CaseState | None
    state_after: CaseState
    note: str
    approved_by: str | None
    photos: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A case with what only the case work needs.

    ``told_at``: since when the crew has been asked to accept, None when nothing is asked.
    ``awaiting_since``: since when it has been waiting for verification. ``paused_at``: since when
    its time limit has stood still. ``reminders``: how many have been sent.
    """

    case: Case
    episode: str
    told_at: datetime | None = None
    awaiting_since: datetime | None = None
    paused_at: datetime | None = None
    reminders: int = 0


_CASE_FIELDS = tuple(field.name for field in fields(Case))
_CASE_WORDS = {"problem_class": ProblemClass, "source": CaseSource, "state": CaseState}
_WORK_FIELDS = ("episode", "told_at", "awaiting_since", "paused_at", "reminders")


def case_of(row: Row[Any]) -> Case:
    """Return the case of a row of ``cases``."""
    values = {name: getattr(row, name) for name in _CASE_FIELDS}
    for name, word in _CASE_WORDS.items():
        values[name] = word(values[name])
    return Case(**values)


def case_file_of(row: Row[Any]) -> CaseFile:
    """Return the case of a row with what the case work needs."""
    return CaseFile(case=case_of(row), **{name: getattr(row, name) for name in _WORK_FIELDS})


def case_columns(file: CaseFile) -> dict[str, object]:
    """Return the row of ``cases`` that holds ``file``."""
    columns: dict[str, object] = {name: getattr(file.case, name) for name in _CASE_FIELDS}
    for name in _CASE_WORDS:
        columns[name] = str(columns[name])
    columns.update({name: getattr(file, name) for name in _WORK_FIELDS})
    return columns


def log_entry_of(row: Row[Any]) -> CaseLogEntry:
    """Return the entry of a row of ``case_log``."""
    event = row.action in CaseEvent.__members__.values()
    return CaseLogEntry(
        at=row.at,
        actor=Actor(row.actor),
        action=CaseEvent(row.action) if event else CaseAction(row.action),
        state_before=None if row.state_before is None else CaseState(row.state_before),
        state_after=CaseState(row.state_after),
        note=row.note,
        approved_by=row.approved_by,
        photos=tuple(row.photos),
    )


def alert_of(row: Row[Any], reasons: Sequence[str]) -> Alert:
    """Return the alert of a row of ``alerts``."""
    return Alert(
        alert_id=row.alert_id,
        place_id=row.place_id,
        device_id=row.device_id,
        subject=DeviceCondition(row.subject) if row.about_device else ProblemClass(row.subject),
        level=AlertLevel(row.level),
        fired_at=row.fired_at,
        resolved_at=row.resolved_at,
        case_id=row.case_id,
        picture_sha256=row.picture_sha256,
        reasons=tuple(reasons),
    )


def change_of(row: Row[Any]) -> Change:
    """Return the change of a row of ``changes``."""
    return Change(
        position=row.position,
        kind=ChangeKind(row.kind),
        changed_at=row.changed_at,
        place_id=row.place_id,
        subject_id=row.subject_id,
        values=row._mapping["values"],  # noqa: SLF001  a row's attribute ``values`` is its method
    )
