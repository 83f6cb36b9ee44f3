"""The case aggregate: opening, moving, reminding, each inside somebody's transaction.

A move is checked by ``domain.cases.next_state``, made by compare-and-set on the version, and leaves
a log entry, a change and, where somebody must hear of it, messages: all or nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from alerts.alert_records import resolve_alerts_of_case
from alerts.case_moves import Circumstances, Move, moved, next_version
from alerts.case_records import CaseEvent, CaseFile, case_columns, case_file_of
from alerts.change_log import record_change
from alerts.counters import next_number
from alerts.limits import AlertRules
from alerts.notices import Notices, Occasion
from alerts.outbox import post
from alerts.schema import case_log, cases, rearms
from domain.cases import (
    LEGAL_MOVES,
    OPEN_STATES,
    Actor,
    Case,
    CaseAction,
    CaseSource,
    CaseState,
)
from domain.changes import ChangeKind
from domain.problems import ProblemClass
from domain.registry import RegistrySnapshot, Responsibility

_NUMBER_ZONE = ZoneInfo("Asia/Shanghai")
_OPEN = sorted(OPEN_STATES)


class StaleCaseError(Exception):
    """Somebody else has moved the case meanwhile. Look again, then decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a new case is about."""

    place_id: str
    problem_class: ProblemClass
    source: CaseSource
    note: str = ""


class CaseWork:
    """The work on cases within one transaction, at one time, under one registry."""

    def __init__(
        self,
        connection: Connection,
        *,
        now: datetime,
        registry: RegistrySnapshot,
        rules: AlertRules,
        notices: Notices,
        store_id: str,
    ) -> None:
        self.connection = connection
        self.now = now
        self.registry = registry
        self.rules = rules
        self._notices = notices
        self._store_id = store_id
        self.messages_posted = 0
        self.moves_made = 0
        self.evidence_at: datetime | None = None
        """When the observation was made that is being evaluated, if one is."""

    def find(self, case_id: str) -> CaseFile | None:
        """Return the case of that id."""
        row = self.connection.execute(select(cases).where(cases.c.case_id == case_id)).first()
        return None if row is None else case_file_of(row)

    def find_open(self, place_id: str, problem_class: ProblemClass) -> CaseFile | None:
        """Return the one open case at that place for that class."""
        row = self.connection.execute(
            select(cases).where(
                cases.c.place_id == place_id,
                cases.c.problem_class == str(problem_class),
                cases.c.state.in_(_OPEN),
            )
        ).first()
        return None if row is None else case_file_of(row)

    def open(self, finding: Finding, actor: Actor) -> CaseFile:
        """Report a case, then file and dispatch it where the rules say that needs nobody."""
        file = self._report(finding, actor)
        if self.rules.auto_file:
            may_file = actor in LEGAL_MOVES[CaseAction.FILE].actors
            filer = actor if may_file else Actor.RULE
            file = self.move(file, Move(action=CaseAction.FILE, actor=filer))
            if self.rules.auto_dispatch:
                file = self.move(file, Move(action=CaseAction.DISPATCH, actor=Actor.AUTO_DISPATCH))
        return file

    def move(self, file: CaseFile, move: Move) -> CaseFile:
        """Make a move; raise IllegalMoveError or StaleCaseError, and then nothing has changed."""
        case = file.case
        given = Circumstances(
            now=self.now,
            evidence_at=self.evidence_at or self.now,
            rules=self.rules,
            responsibility=self._responsibility(case.place_id, case.problem_class, case),
            photo_doubts=move.photo_doubts,
        )
        after = self._store(file, moved(file, move, given))
        self._log(after, move.action, move.actor, state_before=case.state, move=move)
        self._record(ChangeKind.CASE_MOVED, after, action=str(move.action), actor=str(move.actor))
        if move.action is CaseAction.CONFIRM_CLEAN:
            self._close_alerts(after.case)
        self._tell_of_move(file, after, move)
        self.moves_made += 1
        return after

    def note_event(self, file: CaseFile, event: CaseEvent, actor: Actor, note: str = "") -> None:
        """Add a line to the log that is no move."""
        self._log(file, event, actor, state_before=file.case.state, move=None, note=note)
        self._record(ChangeKind.CASE_MOVED, file, action=str(event), actor=str(actor))

    def escalate(self, file: CaseFile, occasion: Occasion) -> CaseFile:
        """Raise the case one level and tell the dispatchers why."""
        level = file.case.escalation_level + 1
        raised = self._store(
            file, replace(file, case=next_version(file.case, escalation_level=level))
        )
        event = CaseEvent.UNDELIVERED if occasion is Occasion.UNDELIVERED else CaseEvent.ESCALATED
        self._log(raised, event, Actor.RULE, state_before=file.case.state, move=None)
        self._record(ChangeKind.CASE_ESCALATED, raised, level=float(level), reason=str(occasion))
        self._tell_dispatchers(occasion, raised, f"escalation-{level}")
        return raised

    def remind(self, file: CaseFile, occasion: Occasion, reminders: int) -> CaseFile:
        """Remind the crew of its limit, once; at the limit the dispatchers hear of it too."""
        reminded = self._store(
            file, replace(file, case=next_version(file.case), reminders=reminders)
        )
        self.note_event(reminded, CaseEvent.REMINDED, Actor.RULE)
        mark = f"reminder-{reminders}"
        self._tell_crew(occasion, reminded, mark)
        if occasion is Occasion.AT_LIMIT:
            self._tell_dispatchers(occasion, reminded, mark)
        return reminded

    def _report(self, finding: Finding, actor: Actor) -> CaseFile:
        day = self.now.astimezone(_NUMBER_ZONE).strftime("%Y%m%d")
        number = f"{day}-{next_number(self.connection, f'case/{day}'):04d}"
        spot = f"{finding.place_id}/{finding.problem_class}"
        responsibility = self._responsibility(finding.place_id, finding.problem_class)
        case = Case(
            case_id=f"case-{number}",
            number=number,
            place_id=finding.place_id,
            problem_class=finding.problem_class,
            source=finding.source,
            state=CaseState.REPORTED,
            version=1,
            unit_id=responsibility.unit_id,
            crew_id=responsibility.crew_id,
            opened_at=self.now,
            note=finding.note,
        )
        episode = f"{spot}/{next_number(self.connection, f'episode/{spot}')}"
        file = CaseFile(case=case, episode=episode)
        self.connection.execute(insert(cases).values(case_columns(file)))
        self._log(file, CaseEvent.REPORTED, actor, state_before=None, move=None, note=finding.note)
        self._record(ChangeKind.CASE_OPENED, file, source=str(finding.source), actor=str(actor))
        return file

    def _responsibility(
        self, place_id: str, problem_class: ProblemClass, case: Case | None = None
    ) -> Responsibility:
        """Who answers by the registry; for a place it no longer has, who answered so far."""
        if case is not None and place_id not in self.registry.places:
            return Responsibility(unit_id=case.unit_id, crew_id=case.crew_id)
        return self.registry.responsibility(place_id, problem_class)

    def _store(self, before: CaseFile, after: CaseFile) -> CaseFile:
        columns = case_columns(after)
        changed = self.connection.execute(
            update(cases)
            .where(cases.c.case_id == before.case.case_id, cases.c.version == before.case.version)
            .values(columns)
        )
        if changed.rowcount != 1:
            raise StaleCaseError(before.case.case_id)
        return after

    def _log(
        self,
        file: CaseFile,
        action: CaseAction | CaseEvent,
        actor: Actor,
        *,
        state_before: CaseState | None,
        move: Move | None,
        note: str = "",
    ) -> None:
        self.connection.execute(
            insert(case_log).values(
                case_id=file.case.case_id,
                at=self.now,
                actor=str(actor),
                action=str(action),
                state_before=None if state_before is None else str(state_before),
                state_after=str(file.case.state),
                note=note if move is None else move.note,
                approved_by=None if move is None else move.approved_by,
                photos=[] if move is None else list(move.photos),
            )
        )

    def _record(self, kind: ChangeKind, file: CaseFile, **values: str | float | None) -> None:
        case = file.case
        record_change(
            self.connection,
            kind,
            at=self.now,
            place_id=case.place_id,
            subject_id=case.case_id,
            values={
                "number": case.number,
                "problem_class": str(case.problem_class),
                "state": str(case.state),
                **values,
            },
        )

    def _close_alerts(self, case: Case) -> None:
        resolve_alerts_of_case(self.connection, case.case_id, now=self.now)
        self.connection.execute(
            insert(rearms).values(place_id=case.place_id, problem_class=str(case.problem_class))
        )

    def _tell_of_move(self, before: CaseFile, after: CaseFile, move: Move) -> None:
        version = after.case.version
        match move.action:
            case CaseAction.DISPATCH | CaseAction.RESUME:
                first = before.case.state is CaseState.FILED
                mark = "new" if first else f"new-{version}"
                self._tell_crew(Occasion.NEW, after, mark)
                if first:
                    self._tell_dispatchers(Occasion.NEW, after, mark)
            case CaseAction.SEND_BACK:
                mark = f"rework-{after.case.rework_count}"
                self._tell_crew(Occasion.REWORK, after, mark)
                self._tell_dispatchers(Occasion.REWORK, after, mark)
            case CaseAction.CONFIRM_CLEAN:
                self._tell_crew(Occasion.CLOSED, after, "closed")
            case CaseAction.RETURN_TO_DISPATCHER | CaseAction.DEFER | CaseAction.SUSPEND:
                self._tell_crew(Occasion.WITHDRAWN, after, f"withdrawn-{version}")
            case CaseAction.VOID:
                if before.case.state not in (CaseState.REPORTED, CaseState.FILED):
                    self._tell_crew(Occasion.WITHDRAWN, after, f"withdrawn-{version}")
            case _:
                pass

    def _tell_crew(self, occasion: Occasion, file: CaseFile, mark: str) -> None:
        notice = self._notices.to_crew(occasion, file, self.registry, mark=mark)
        if post(self.connection, notice, store_id=self._store_id, now=self.now):
            self.messages_posted += 1

    def _tell_dispatchers(self, occasion: Occasion, file: CaseFile, mark: str) -> None:
        notice = self._notices.to_dispatchers(occasion, file, self.registry, mark=mark)
        if post(self.connection, notice, store_id=self._store_id, now=self.now):
            self.messages_posted += 1
