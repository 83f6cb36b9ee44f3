"""The book that everybody may read: cases, alerts, messages and changes as committed."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from alerts.alert_records import find_alerts
from alerts.case_counts import count_cases
from alerts.case_records import CaseLogEntry, case_of, change_of, log_entry_of
from alerts.journal_cursor import CURSOR
from alerts.outbox import UNDELIVERED_AFTER_ATTEMPTS, MessageState, OutboxMessage, message_of
from alerts.proof_photos import NotedDoubt, noted_doubt_of
from alerts.rule_states import ground_check_at, ground_check_of_case
from alerts.rules.ground_check import GroundCheck
from alerts.schema import alerts, case_log, cases, changes, cursors, outbox, photo_doubts
from domain.alerts import Alert
from domain.assessment import CountedCases
from domain.cases import ENDED_STATES, OPEN_STATES, Case, CaseState
from domain.changes import Change

_OPEN, _ENDED = sorted(OPEN_STATES), sorted(ENDED_STATES)


class CaseBook:
    """Reads the cases from any thread, over an engine that can only read.

    Every method raises ``sqlalchemy.exc.SQLAlchemyError`` when they cannot be read now.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def close(self) -> None:
        """Close the readers."""
        self._engine.dispose()

    def case(self, case_id: str) -> Case | None:
        """Return the case of that id, or None."""
        with self._reading() as connection:
            row = connection.execute(select(cases).where(cases.c.case_id == case_id)).first()
        return None if row is None else case_of(row)

    def open_cases(self) -> list[Case]:
        """Return every case that still wants something, the most urgent first."""
        wanted = (
            select(cases)
            .where(cases.c.state.in_(_OPEN))
            .order_by(func.coalesce(cases.c.due_at, cases.c.opened_at), cases.c.number)
        )
        with self._reading() as connection:
            return [case_of(row) for row in connection.execute(wanted)]

    def ended_cases(self, limit: int = 100) -> list[Case]:
        """Return the cases that ended last, the newest first."""
        wanted = (
            select(cases)
            .where(cases.c.state.in_(_ENDED))
            .order_by(cases.c.ended_at.desc(), cases.c.number.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            return [case_of(row) for row in connection.execute(wanted)]

    def cases_in(self, states: Collection[CaseState], limit: int = 100) -> list[Case]:
        """Return the cases in any of ``states``: open ones first, by urgency, then by their end."""
        wanted = (
            select(cases)
            .where(cases.c.state.in_(sorted(states)))
            .order_by(
                cases.c.ended_at.is_not(None),
                cases.c.ended_at.desc(),
                func.coalesce(cases.c.due_at, cases.c.opened_at),
                cases.c.number,
            )
            .limit(limit)
        )
        with self._reading() as connection:
            return [case_of(row) for row in connection.execute(wanted)]

    def cases_at(self, place_id: str, limit: int = 20) -> list[Case]:
        """Return the newest cases of a place, open or ended, the newest first."""
        wanted = (
            select(cases)
            .where(cases.c.place_id == place_id)
            .order_by(cases.c.opened_at.desc(), cases.c.number.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            return [case_of(row) for row in connection.execute(wanted)]

    def count_cases(self, *, since: datetime, until: datetime, now: datetime) -> list[CountedCases]:
        """Return how many cases came, were due and were closed, by place and unit.

        From ``since`` until before ``until``; only what is due by ``now`` counts as due.
        """
        with self._reading() as connection:
            return count_cases(connection, since=since, until=until, now=now)

    def log(self, case_id: str) -> list[CaseLogEntry]:
        """Return what happened to a case, the oldest first."""
        wanted = select(case_log).where(case_log.c.case_id == case_id).order_by(case_log.c.position)
        with self._reading() as connection:
            return [log_entry_of(row) for row in connection.execute(wanted)]

    def photo_doubts(self, case_id: str) -> list[NotedDoubt]:
        """Return why photos of a case are doubted, the oldest first."""
        wanted = (
            select(photo_doubts, cases.c.number.label("like_number"))
            .outerjoin(cases, cases.c.case_id == photo_doubts.c.like_case_id)
            .where(photo_doubts.c.case_id == case_id)
            .order_by(photo_doubts.c.number)
        )
        with self._reading() as connection:
            return [noted_doubt_of(row) for row in connection.execute(wanted)]

    def ground_check_at(self, place_id: str) -> GroundCheck | None:
        """Return the newest check whether a place was swept after an emptying, or None."""
        with self._reading() as connection:
            return ground_check_at(connection, place_id)

    def ground_check_of_case(self, case_id: str) -> GroundCheck | None:
        """Return the check that a case of ground not swept rests on, or None."""
        with self._reading() as connection:
            return ground_check_of_case(connection, case_id)

    def open_alerts(self) -> list[Alert]:
        """Return every open alert, of places and devices, the newest first."""
        with self._reading() as connection:
            return find_alerts(connection, alerts.c.resolved_at.is_(None))

    def alerts_at(self, place_id: str, limit: int = 20) -> list[Alert]:
        """Return the newest alerts of a place and its devices, the newest first."""
        with self._reading() as connection:
            return find_alerts(connection, alerts.c.place_id == place_id, limit=limit)

    def messages(self, case_id: str) -> list[OutboxMessage]:
        """Return what was said to whom about a case, the oldest first."""
        wanted = select(outbox).where(outbox.c.case_id == case_id).order_by(outbox.c.position)
        with self._reading() as connection:
            return [message_of(row) for row in connection.execute(wanted)]

    def message(self, message_id: str) -> OutboxMessage | None:
        """Return one message, such as the one a ``notice`` change names, or None."""
        wanted = select(outbox).where(outbox.c.message_id == message_id)
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else message_of(row)

    def undelivered_messages(self, limit: int = 100) -> list[OutboxMessage]:
        """Return the messages that have not arrived and that a dispatcher should know of."""
        refused = outbox.c.state == str(MessageState.REFUSED)
        stuck = outbox.c.state.in_([str(MessageState.WAITING), str(MessageState.SENDING)])
        wanted = (
            select(outbox)
            .where(refused | (stuck & (outbox.c.attempts >= UNDELIVERED_AFTER_ATTEMPTS)))
            .order_by(outbox.c.position.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            return [message_of(row) for row in connection.execute(wanted)]

    def waiting_messages(self) -> tuple[int, datetime | None]:
        """Return how many messages are still to arrive, and when the oldest was written."""
        unsettled = outbox.c.state.in_([str(MessageState.WAITING), str(MessageState.SENDING)])
        wanted = select(func.count(), func.min(outbox.c.created_at)).where(unsettled)
        with self._reading() as connection:
            count, oldest = connection.execute(wanted).one()
        return count, oldest

    def journal_position(self) -> int:
        """Return up to where the journal has been evaluated, 0 before the first entry."""
        wanted = select(cursors.c.position).where(cursors.c.name == CURSOR)
        with self._reading() as connection:
            return connection.execute(wanted).scalar() or 0

    def newest_change(self) -> int:
        """Return the position of the newest change, 0 when there is none."""
        with self._reading() as connection:
            return connection.execute(select(func.max(changes.c.position))).scalar() or 0

    def changes(self, after: int, limit: int = 500) -> list[Change]:
        """Return up to ``limit`` changes behind position ``after``, the oldest first."""
        wanted = (
            select(changes)
            .where(changes.c.position > after)
            .order_by(changes.c.position)
            .limit(limit)
        )
        with self._reading() as connection:
            return [change_of(row) for row in connection.execute(wanted)]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection


class BookChangeFeed:
    """The changes of a book as a feed (``domain.ports.change_feed.ChangeFeed``)."""

    def __init__(self, book: CaseBook) -> None:
        self._book = book

    def read(self, *, after: int, limit: int) -> Sequence[Change]:
        """Return up to ``limit`` changes behind position ``after``, oldest first."""
        return self._book.changes(after, limit)

    def newest_position(self) -> int:
        """Return the position of the newest change, 0 when there is none."""
        return self._book.newest_change()

    def close(self) -> None:
        """Close the reader."""
        self._book.close()
