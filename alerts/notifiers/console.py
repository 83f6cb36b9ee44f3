"""The dispatchers' console: a change that every open console sees and sounds."""

from sqlalchemy import select

from alerts.change_log import record_change
from alerts.notifier import DeliveryRefusedError, Message
from alerts.schema import cases, changes
from alerts.store import CaseStore
from domain.changes import ChangeKind


class ConsoleNotifier:
    """Leaves one change of kind ``notice`` a message, whose subject is the message's id."""

    def __init__(self, store: CaseStore) -> None:
        self._store = store

    def send(self, message: Message) -> None:
        """Record the change; a message that has one already leaves no second."""
        with self._store.transaction() as connection:
            place_id = connection.execute(
                select(cases.c.place_id).where(cases.c.case_id == message.case_id)
            ).scalar()
            if place_id is None:
                raise DeliveryRefusedError(permanent=True, code="unknown_case")
            known = select(changes.c.position).where(
                changes.c.kind == str(ChangeKind.NOTICE),
                changes.c.subject_id == message.message_id,
            )
            if connection.execute(known).first() is not None:
                return
            record_change(
                connection,
                ChangeKind.NOTICE,
                at=message.sent_at,
                place_id=str(place_id),
                subject_id=message.message_id,
                values={
                    "case_id": message.case_id,
                    "level": str(message.level),
                    "recipient": message.recipient,
                },
            )

    def close(self) -> None:
        """Nothing to give up."""
