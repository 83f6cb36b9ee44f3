"""The outbox: messages written in the transaction that made them necessary, sent afterwards."""

import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from alerts.schema import outbox

LANES = 16
"""A recipient's messages keep to one lane, so that they go out in order, one at a time."""

DISPATCHERS = "dispatchers"
"""The recipient of everything on the console channel."""


class Channel(StrEnum):
    """By which way a message goes."""

    WEBHOOK = "webhook"
    CONSOLE = "console"


class NoticeLevel(StrEnum):
    """What a message is about."""

    NEW = "new"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    REWORK = "rework"
    CLOSED = "closed"


class MessageState(StrEnum):
    """How far a message has come. The first two are under way, the others settled."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    REFUSED = "refused"
    OBSOLETE = "obsolete"


UNDELIVERED_AFTER_ATTEMPTS = 4
"""From then on people are shown that a message has not arrived; it is still tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A message and what became of it. ``repeat``: an earlier attempt may have arrived."""

    message_id: str
    case_id: str
    episode: str
    occasion: str
    channel: Channel
    recipient: str
    level: NoticeLevel
    title: str
    text: str
    link: str | None
    created_at: datetime
    state: MessageState
    repeat: bool
    attempts: int
    last_error: str | None
    settled_at: datetime | None

    @property
    def undelivered(self) -> bool:
        """Whether a dispatcher should know that it has not arrived."""
        tried = self.state in (MessageState.WAITING, MessageState.SENDING)
        return self.state is MessageState.REFUSED or (
            tried and self.attempts >= UNDELIVERED_AFTER_ATTEMPTS
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is to be said to whom. ``occasion`` is unique for its episode, channel and recipient."""

    case_id: str
    episode: str
    occasion: str
    channel: Channel
    recipient: str
    level: NoticeLevel
    title: str
    text: str
    link: str | None = None


def post(connection: Connection, notice: Notice, *, store_id: str, now: datetime) -> bool:
    """Put a message into the outbox; return False when it has been there already."""
    identity = (notice.episode, notice.occasion, str(notice.channel), notice.recipient)
    known = select(outbox.c.position).where(
        outbox.c.episode == identity[0],
        outbox.c.occasion == identity[1],
        outbox.c.channel == identity[2],
        outbox.c.recipient == identity[3],
    )
    if connection.execute(known).first() is not None:
        return False
    digest = hashlib.sha256("|".join((store_id, *identity)).encode())
    connection.execute(
        insert(outbox).values(
            message_id=digest.hexdigest()[:32],
            case_id=notice.case_id,
            episode=notice.episode,
            occasion=notice.occasion,
            channel=str(notice.channel),
            recipient=notice.recipient,
            level=str(notice.level),
            title=notice.title,
            body=notice.text,
            link=notice.link,
            created_at=now,
            lane=lane_of(notice.channel, notice.recipient),
            state=str(MessageState.WAITING),
            repeat=False,
            attempts=0,
        )
    )
    return True


def lane_of(channel: Channel, recipient: str) -> int:
    """Return the lane that a recipient's messages keep to."""
    return zlib.crc32(f"{channel}/{recipient}".encode()) % LANES


def message_of(row: Row[Any]) -> OutboxMessage:
    """Return the message of a row of ``outbox``."""
    return OutboxMessage(
        message_id=row.message_id,
        case_id=row.case_id,
        episode=row.episode,
        occasion=row.occasion,
        channel=Channel(row.channel),
        recipient=row.recipient,
        level=NoticeLevel(row.level),
        title=row.title,
        text=row.body,
        link=row.link,
        created_at=row.created_at,
        state=MessageState(row.state),
        repeat=row.repeat,
        attempts=row.attempts,
        last_error=row.last_error,
        settled_at=row.settled_at,
    )
