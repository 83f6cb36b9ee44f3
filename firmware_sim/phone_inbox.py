"""The crews' phones: every web-hook message as it came, and faults a messenger may show."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
import structlog

from firmware_sim.metrics import PagesMetrics

_log = structlog.get_logger()

MOST_DELIVERIES = 500
"""Per phone; the oldest fall out, as they scroll away on a real one."""

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class MessageLevel(StrEnum):
    """Why a crew is told."""

    NEW = "new"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    REWORK = "rework"
    CLOSED = "closed"


class CrewMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The web-hook message, schema 1, exactly as the centre promises it."""

    schema: Literal[1]
    message_id: _Id
    key: _Id
    to: _Id
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    text: Annotated[str, msgspec.Meta(max_length=4000)]
    link: Annotated[str, msgspec.Meta(max_length=2000)] | None
    level: MessageLevel
    repeat: bool
    sent_at: Annotated[datetime, msgspec.Meta(tz=True)]


class PhoneFault(StrEnum):
    """How the messenger misbehaves."""

    NONE = "none"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"


class MessageRefusal(StrEnum):
    """Why a message was not taken; also the label of its counter."""

    UNREADABLE = "unreadable"
    OTHER_PHONE = "other_phone"
    KEY_MISMATCH = "key_mismatch"
    FOREIGN_LINK = "foreign_link"


class RefusedMessageError(Exception):
    """The message is not what the centre promises to send."""

    def __init__(self, refusal: MessageRefusal, detail: str) -> None:
        super().__init__(f"{refusal}: {detail}")
        self.refusal = refusal
        self.detail = detail


class UnknownPhoneError(KeyError):
    """No crew of that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message on a phone. ``position`` counts per phone from 1; ``copies`` counts how often
    a message of this id arrived.
    """

    position: int
    message: CrewMessage
    received_at: datetime
    copies: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the messenger answers to a post. ``hold_s``: technical seconds it keeps silent first."""

    status: int
    code: int
    text: str
    hold_s: float = 0.0


ACCEPTED = Answer(status=200, code=0, text="ok")
HOLD_S = 30.0
"""Longer than any web hook waits for its answer."""

_FAULT_ANSWERS: Mapping[PhoneFault, Answer] = {
    PhoneFault.NONE: ACCEPTED,
    PhoneFault.SERVER_ERROR: Answer(status=500, code=-1, text="system busy"),
    PhoneFault.TIMEOUT: Answer(status=504, code=-1, text="no answer"),
    # WeCom's code for "too many messages": it comes with HTTP 200.
    PhoneFault.RATE_LIMITED: Answer(status=200, code=45009, text="api freq out of limit"),
}
_KEEPING = frozenset({PhoneFault.NONE, PhoneFault.TIMEOUT})


def read_message(crew_id: str, body: bytes, idempotency_key: str | None) -> CrewMessage:
    """Return the message of a posted body; raise :class:`RefusedMessageError` with the reason."""
    try:
        message = msgspec.json.decode(body, type=CrewMessage)
    except msgspec.DecodeError as error:
        raise RefusedMessageError(MessageRefusal.UNREADABLE, str(error)[:200]) from error
    if message.to != crew_id:
        raise RefusedMessageError(MessageRefusal.OTHER_PHONE, "to is another crew")
    if idempotency_key != message.message_id:
        detail = "Idempotency-Key is not the message_id"
        raise RefusedMessageError(MessageRefusal.KEY_MISMATCH, detail)
    if message.link is not None and urlsplit(message.link).scheme not in {"http", "https"}:
        raise RefusedMessageError(MessageRefusal.FOREIGN_LINK, "link is no web address")
    return message


class Phone:
    """One crew's phone. Not thread-safe by itself: :class:`PhoneInbox` guards it."""

    def __init__(self) -> None:
        self.deliveries: deque[Delivery] = deque(maxlen=MOST_DELIVERIES)
        self.received = 0
        self.read_through = 0
        self.fault = PhoneFault.NONE

    def take(self, message: CrewMessage, received_at: datetime) -> bool:
        """Keep a message; False when it only raised the copies of one that is here."""
        for index, known in enumerate(self.deliveries):
            if known.message.message_id == message.message_id:
                self.deliveries[index] = replace(known, copies=known.copies + 1)
                return False
        self.received += 1
        self.deliveries.append(
            Delivery(position=self.received, message=message, received_at=received_at)
        )
        return True


class PhoneInbox:
    """All phones by crew id. Thread-safe; keeps everything in memory."""

    def __init__(
        self,
        crew_ids: frozenset[str],
        *,
        now: Callable[[], datetime],
        metrics: PagesMetrics,
        hold_s: float = HOLD_S,
    ) -> None:
        self._hold_s = hold_s
        self._phones = {crew_id: Phone() for crew_id in sorted(crew_ids)}
        self._now = now
        self._metrics = metrics
        self._mutex = threading.Lock()

    @property
    def crew_ids(self) -> tuple[str, ...]:
        """All crews that have a phone, by id."""
        return tuple(self._phones)

    def receive(self, crew_id: str, body: bytes, idempotency_key: str | None) -> Answer:
        """Take a posted message and say what the messenger answers.

        A messenger that fails or limits keeps nothing. With a time-out the message arrives and
        only the answer is lost: the hard case for whoever sent it. Raises
        :class:`UnknownPhoneError` and :class:`RefusedMessageError`.
        """
        phone, fault = self._phone(crew_id), self.fault(crew_id)
        try:
            message = read_message(crew_id, body, idempotency_key)
        except RefusedMessageError as error:
            self._metrics.messages.labels(error.refusal.value).inc()
            _log.warning("message refused", crew_id=crew_id, reason=str(error))
            raise
        result = fault.value
        if fault in _KEEPING:
            with self._mutex:
                result = "accepted" if phone.take(message, self._now()) else "repeated"
        self._metrics.messages.labels(result).inc()
        answer = _FAULT_ANSWERS[fault]
        return replace(answer, hold_s=self._hold_s) if fault is PhoneFault.TIMEOUT else answer

    def deliveries(self, crew_id: str, *, after: int = 0) -> tuple[Delivery, ...]:
        """Return the messages of a phone behind position ``after``, oldest first."""
        phone = self._phone(crew_id)
        with self._mutex:
            return tuple(d for d in phone.deliveries if d.position > after)

    def unread(self, crew_id: str) -> int:
        """Return how many messages nobody has looked at yet."""
        phone = self._phone(crew_id)
        with self._mutex:
            return sum(d.position > phone.read_through for d in phone.deliveries)

    def mark_read(self, crew_id: str, *, through: int) -> None:
        """Note that somebody has seen every message up to position ``through``."""
        phone = self._phone(crew_id)
        with self._mutex:
            phone.read_through = max(phone.read_through, min(through, phone.received))

    def fault(self, crew_id: str) -> PhoneFault:
        """Return how the messenger misbehaves for this phone now."""
        phone = self._phone(crew_id)
        with self._mutex:
            return phone.fault

    def set_fault(self, crew_id: str, fault: PhoneFault) -> None:
        """Make the messenger misbehave for this phone, or heal it."""
        phone = self._phone(crew_id)
        with self._mutex:
            phone.fault = fault
        _log.info("phone fault set", crew_id=crew_id, fault=fault.value)

    def _phone(self, crew_id: str) -> Phone:
        try:
            return self._phones[crew_id]
        except KeyError as error:
            raise UnknownPhoneError(crew_id) from error
