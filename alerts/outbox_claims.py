"""The outbox as the senders see it: claim one, say what became of it.

A claim is committed before the message is sent. A message found claimed that nobody is sending was
left by a crash in between, or by an outcome that could not be written: it may have arrived, so it
goes out again marked as a repeat.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from alerts.outbox import MessageState, NoticeLevel, OutboxMessage, message_of
from alerts.schema import cases, outbox
from domain.cases import ENDED_STATES

_UNSETTLED = [str(MessageState.WAITING), str(MessageState.SENDING)]
_ENDED = sorted(ENDED_STATES)


def claim_next(
    connection: Connection,
    *,
    lanes: Collection[int],
    may_try: Callable[[Sequence[OutboxMessage]], int],
    now: datetime,
) -> list[OutboxMessage]:
    """Claim the oldest unsettled messages to one recipient in ``lanes``, in their order.

    ``may_try`` is given all that wait for a recipient and says how many of them may go together
    now. One of these lanes' senders calls this, and only while it is sending nothing. A message
    that has failed before and whose case has ended meanwhile is settled as obsolete instead.
    """
    rows = connection.execute(
        select(outbox)
        .where(outbox.c.lane.in_(list(lanes)), outbox.c.state.in_(_UNSETTLED))
        .order_by(outbox.c.position)
    )
    waiting: dict[tuple[str, str], list[OutboxMessage]] = {}
    for row in rows.all():
        message = message_of(row)
        waiting.setdefault((str(message.channel), message.recipient), []).append(message)
    for messages in waiting.values():
        most = may_try(messages)
        claimed: list[OutboxMessage] = []
        for message in messages if most else ():
            if _is_obsolete(connection, message):
                settle(connection, message, MessageState.OBSOLETE, now=now)
            else:
                claimed.append(_claim(connection, message))
            if len(claimed) == most:
                break
        if claimed:
            return claimed
    return []


def settle(
    connection: Connection,
    message: OutboxMessage,
    state: MessageState,
    *,
    now: datetime,
    error: str | None = None,
) -> None:
    """Write that nothing more is to be done about a message."""
    connection.execute(
        update(outbox)
        .where(outbox.c.message_id == message.message_id)
        .values(state=str(state), last_error=error, settled_at=now)
    )


def put_back(connection: Connection, message: OutboxMessage, *, error: str, repeat: bool) -> None:
    """Write that a message is to be tried again, marked as a repeat if it may have arrived."""
    connection.execute(
        update(outbox)
        .where(outbox.c.message_id == message.message_id)
        .values(state=str(MessageState.WAITING), last_error=error, repeat=message.repeat or repeat)
    )


def _claim(connection: Connection, message: OutboxMessage) -> OutboxMessage:
    left_behind = message.state is MessageState.SENDING
    claimed = replace(
        message,
        state=MessageState.SENDING,
        attempts=message.attempts + 1,
        repeat=message.repeat or left_behind,
    )
    connection.execute(
        update(outbox)
        .where(outbox.c.message_id == message.message_id)
        .values(state=str(claimed.state), attempts=claimed.attempts, repeat=claimed.repeat)
    )
    return claimed


def _is_obsolete(connection: Connection, message: OutboxMessage) -> bool:
    if message.attempts == 0 or message.level is NoticeLevel.CLOSED:
        return False
    ended = select(cases.c.case_id).where(
        cases.c.case_id == message.case_id, cases.c.state.in_(_ENDED)
    )
    return connection.execute(ended).first() is not None
