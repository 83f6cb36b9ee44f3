"""What the rules remember, kept in memory and written in the transaction that changed it."""

from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from alerts.rules.ground_check import GroundCheck
from alerts.rules.ground_pictures import PictureTrail
from alerts.rules.silence import DeviceWatch, FeedFlow
from alerts.rules.threshold import FillWatch
from alerts.rules.verdicts import VerdictWatch
from alerts.schema import rule_states
from alerts.verification import ReadingCheck

State = (
    FillWatch | VerdictWatch | DeviceWatch | FeedFlow | GroundCheck | ReadingCheck | PictureTrail
)
_Kind = TypeVar(
    "_Kind",
    FillWatch,
    VerdictWatch,
    DeviceWatch,
    FeedFlow,
    GroundCheck,
    ReadingCheck,
    PictureTrail,
)

_RULES: dict[type[State], str] = {
    FillWatch: "fill",
    VerdictWatch: "verdict",
    DeviceWatch: "device",
    FeedFlow: "feed",
    GroundCheck: "ground_check",
    ReadingCheck: "reading_check",
    PictureTrail: "picture_trail",
}
_OF_CASE = "ground_check_of_case"
"""The check that a case rests on, by the case. Written once and shown; no rule remembers it."""
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    rule: msgspec.json.Decoder(kind) for kind, rule in _RULES.items()
}
_ENCODER = msgspec.json.Encoder()


class RuleStates:
    """All rule states by kind and subject. Used by one thread.

    After a rollback :meth:`load` brings back what is committed.
    """

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], State] = {}
        self._changed: set[tuple[str, str]] = set()

    def load(self, connection: Connection) -> None:
        """Forget everything and read what is committed."""
        self._changed.clear()
        self._states = {
            (row.rule, row.subject): _DECODERS[row.rule].decode(row.state)
            for row in connection.execute(
                select(rule_states).where(rule_states.c.rule.in_(sorted(_DECODERS)))
            )
        }

    def get(self, kind: type[_Kind], subject: str) -> _Kind | None:
        """Return the state of that kind and subject, None when there is none."""
        state = self._states.get((_RULES[kind], subject))
        return state if isinstance(state, kind) else None

    def subjects(self, kind: type[State]) -> list[str]:
        """Return every subject that has a state of that kind."""
        rule = _RULES[kind]
        return [subject for known, subject in self._states if known == rule]

    def put(self, subject: str, state: State) -> None:
        """Remember a state."""
        key = (_RULES[type(state)], subject)
        if self._states.get(key) != state:
            self._states[key] = state
            self._changed.add(key)

    def forget(self, kind: type[State], subject: str) -> None:
        """Remember nothing any more."""
        key = (_RULES[kind], subject)
        if self._states.pop(key, None) is not None:
            self._changed.add(key)

    def flush(self, connection: Connection) -> None:
        """Write what has changed since the last flush or load."""
        rows, gone = [], []
        for rule, subject in sorted(self._changed):
            state = self._states.get((rule, subject))
            if state is None:
                gone.append((rule, subject))
            else:
                row = {"rule": rule, "subject": subject, "state": _ENCODER.encode(state)}
                rows.append(row)
        if rows:
            connection.execute(_upsert(connection), rows)
        for rule, subject in gone:
            connection.execute(
                delete(rule_states).where(
                    rule_states.c.rule == rule, rule_states.c.subject == subject
                )
            )
        self._changed.clear()


def keep_for_case(connection: Connection, case_id: str, check: GroundCheck) -> None:
    """Keep the newest ground check that speaks for a case, for as long as the case is kept."""
    row = {"rule": _OF_CASE, "subject": case_id, "state": _ENCODER.encode(check)}
    connection.execute(_upsert(connection), [row])


def ground_check_of_case(connection: Connection, case_id: str) -> GroundCheck | None:
    """Return the committed ground check that a case rests on, if it rests on one."""
    return _find_check(connection, _OF_CASE, case_id)


def ground_check_at(connection: Connection, place_id: str) -> GroundCheck | None:
    """Return the committed ground check of a place, the newest there is."""
    return _find_check(connection, _RULES[GroundCheck], place_id)


def _find_check(connection: Connection, rule: str, subject: str) -> GroundCheck | None:
    wanted = select(rule_states.c.state).where(
        rule_states.c.rule == rule, rule_states.c.subject == subject
    )
    state = connection.execute(wanted).scalar()
    return None if state is None else _DECODERS[_RULES[GroundCheck]].decode(state)


def _upsert(connection: Connection) -> Any:  # noqa: ANN401  two dialects' inserts, one shape
    insert = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    statement = insert(rule_states)
    return statement.on_conflict_do_update(
        index_elements=[rule_states.c.rule, rule_states.c.subject],
        set_={"state": statement.excluded.state},
    )
