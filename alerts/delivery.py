"""Delivery: takes messages from the outbox and hands them to their channels, one lane at a time."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from alerts.address_posts import address_key, note_post
from alerts.case_desk import CaseWorkshop
from alerts.case_records import CaseEvent
from alerts.cases import CaseWork
from alerts.digest import digest_of
from alerts.message_budget import MessageBudget
from alerts.metrics import AlertMetrics
from alerts.notices import Occasion
from alerts.notifier import DeliveryRefusedError, DeliveryUnknownError, Message, Notifier
from alerts.outbox import (
    LANES,
    UNDELIVERED_AFTER_ATTEMPTS,
    Channel,
    MessageState,
    NoticeLevel,
    OutboxMessage,
)
from alerts.outbox_claims import claim_next, put_back, settle
from alerts.store import CommitBell
from domain.cases import OPEN_STATES, Actor
from domain.ports.clock import Clock
from domain.ports.registry import Registry

_log = structlog.get_logger()

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_IDLE_S = 0.5
"""Technical seconds between looks when nobody rings: what waits for its backoff."""

_MUST_ARRIVE = frozenset({NoticeLevel.NEW, NoticeLevel.REWORK})
"""Without these a crew does not go; when they do not arrive, dispatchers are told."""


@dataclass(slots=True)
class _Backoff:
    failures: int
    not_before_s: float


class Delivery:
    """One sender thread over its share of the lanes. A lane's messages go out in order."""

    def __init__(  # noqa: PLR0913  a shell gets everything by its constructor
        self,
        workshop: CaseWorkshop,
        bell: CommitBell,
        notifiers: Mapping[Channel, Notifier],
        *,
        clock: Clock,
        registry: Registry,
        metrics: AlertMetrics,
        rng: random.Random,
        budget: MessageBudget,
        digest_title: Callable[[int], str],
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self._workshop = workshop
        self._budget = budget
        self._digest_title = digest_title
        self._bell = bell
        self._notifiers = notifiers
        self._clock = clock
        self._registry = registry
        self._metrics = metrics
        self._rng = rng
        index, of = share
        self._lanes = frozenset(range(index, LANES, of))
        self._backoffs: dict[tuple[Channel, str], _Backoff] = {}
        self._apart: dict[tuple[Channel, str], frozenset[str]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"alerts-delivery-{index}")
        self._failing = False

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the message in hand and stop. Idempotent."""
        self._stopping.set()
        self._bell.ring()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the sender is at work."""
        return self._thread.is_alive()

    def send_next(self) -> bool:
        """Send the next message that may be tried now, or several to one recipient in one.

        Returns whether there was one.
        """
        with self._workshop.begin() as work:
            messages = claim_next(
                work.connection, lanes=self._lanes, may_try=self._may_try, now=work.now
            )
            address = self._address_of(messages[0]) if messages else None
            if address is not None and self._budget.is_bound:
                note_post(work.connection, address_key(address), now=work.now)
        if not messages:
            return False
        channel = messages[0].channel
        outgoing = [self._outgoing(message) for message in messages]
        try:
            with self._metrics.send_seconds.time():
                digest = digest_of(outgoing, self._digest_title(len(outgoing)))
                self._notifiers[channel].send(digest)
        except DeliveryRefusedError as refusal:
            self._refused(messages, refusal)
        except DeliveryUnknownError as doubt:
            self._failed(messages, doubt.code, permanent=False, repeat=True)
        except Exception as error:  # noqa: BLE001  an adapter's slip must not hold up the lane
            _log.exception("notifier_failed", channel=str(channel))
            code = f"slip_{type(error).__name__}"[:40]
            self._failed(messages, code, permanent=False, repeat=True)
        else:
            self._delivered(messages)
        return True

    def _run(self) -> None:
        rung = 0
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and self.send_next():
                    pass
                self._recovered()
            except Exception as error:  # noqa: BLE001  one broad handler a loop: count, log, go on
                self._metrics.failures.inc()
                self._report(error)
            if not self._stopping.is_set():
                rung = self._bell.wait(rung, _IDLE_S)

    def _report(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            _log.error("delivery_failing", error=repr(error))
        self._stopping.wait(_IDLE_S)

    def _recovered(self) -> None:
        if self._failing:
            self._failing = False
            _log.info("delivery_recovered")

    def _may_try(self, waiting: Sequence[OutboxMessage]) -> int:
        """Return how many of what waits for one recipient may go now."""
        first = waiting[0]
        backoff = self._backoffs.get((first.channel, first.recipient))
        if backoff is not None and self._clock.monotonic_s() < backoff.not_before_s:
            return 0
        address = self._address_of(first)
        if address is None:
            return 1
        urgent = any(message.level is NoticeLevel.ESCALATION for message in waiting)
        goes_apart = self._goes_apart(first)
        may_go = self._budget.take(
            address_key(address), waiting=1 if goes_apart else len(waiting), urgent=urgent
        )
        if not may_go:
            self._metrics.held_back.inc()
        return min(may_go, 1) if goes_apart else may_go

    def _goes_apart(self, oldest: OutboxMessage) -> bool:
        """Whether the oldest message to a recipient stood in a digest that was refused."""
        key = (oldest.channel, oldest.recipient)
        if oldest.message_id in self._apart.get(key, ()):
            return True
        self._apart.pop(key, None)
        return False

    def _address_of(self, message: OutboxMessage) -> str | None:
        crew = self._registry.current().crews.get(message.recipient)
        return crew.webhook_url if message.channel is Channel.WEBHOOK and crew else None

    def _outgoing(self, message: OutboxMessage) -> Message:
        return Message(
            message_id=message.message_id,
            key=f"{message.episode}/{message.occasion}",
            case_id=message.case_id,
            recipient=message.recipient,
            address=self._address_of(message),
            level=message.level,
            title=message.title,
            text=message.text,
            link=message.link,
            repeat=message.repeat,
            sent_at=self._clock.now(),
        )

    def _delivered(self, messages: Sequence[OutboxMessage]) -> None:
        message = messages[0]
        with self._workshop.begin() as work:
            for one in messages:
                settle(work.connection, one, MessageState.DELIVERED, now=work.now)
        self._metrics.message(message.channel, "delivered", count=len(messages))
        if len(messages) > 1:
            self._metrics.digests.inc()
        if self._backoffs.pop((message.channel, message.recipient), None) is not None:
            _log.info("delivery_works_again", recipient=message.recipient)

    def _refused(self, messages: Sequence[OutboxMessage], refusal: DeliveryRefusedError) -> None:
        """One message of a digest may be to blame: each is tried by itself before it is given up.

        What is forgotten with the process is found out again: the digest is refused once more.
        """
        permanent = refusal.permanent
        if permanent and len(messages) > 1 and not refusal.of_address:
            first = messages[0]
            self._apart[first.channel, first.recipient] = frozenset(
                message.message_id for message in messages
            )
            _log.warning("digest_refused", recipient=first.recipient, code=refusal.code)
            permanent = False
        self._failed(messages, refusal.code, permanent=permanent, repeat=False)

    def _failed(
        self, messages: Sequence[OutboxMessage], code: str, *, permanent: bool, repeat: bool
    ) -> None:
        message = messages[0]
        with self._workshop.begin() as work:
            for one in messages:
                if permanent:
                    settle(work.connection, one, MessageState.REFUSED, now=work.now, error=code)
                else:
                    put_back(work.connection, one, error=code, repeat=repeat)
                if permanent or one.attempts == UNDELIVERED_AFTER_ATTEMPTS:
                    _tell_dispatchers(work, one, code)
        outcome = "refused" if permanent else "failed"
        self._metrics.message(message.channel, outcome, count=len(messages))
        if not permanent:
            self._back_off(message, code)
        else:
            _log.error("message_refused", recipient=message.recipient, code=code)

    def _back_off(self, message: OutboxMessage, code: str) -> None:
        key = (message.channel, message.recipient)
        failures = self._backoffs[key].failures + 1 if key in self._backoffs else 1
        wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (failures - 1))
        wait_s *= self._rng.uniform(0.5, 1.0)
        self._backoffs[key] = _Backoff(failures, self._clock.monotonic_s() + wait_s)
        if failures == 1:
            _log.warning("delivery_failed", recipient=message.recipient, code=code)


def _tell_dispatchers(work: CaseWork, message: OutboxMessage, code: str) -> None:
    """A crew that cannot be reached is a matter for people."""
    if message.channel is Channel.CONSOLE or message.level not in _MUST_ARRIVE:
        return
    file = work.find(message.case_id)
    if file is None or file.case.state not in OPEN_STATES:
        return
    if file.case.escalation_level == 0:
        work.escalate(file, Occasion.UNDELIVERED)
    else:
        work.note_event(file, CaseEvent.UNDELIVERED, Actor.RULE, code)
