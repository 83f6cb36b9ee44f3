"""Delivery: takes messages from the outbox and hands them to their channels, one lane at a time."""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from alerts.case_desk import CaseWorkshop
from alerts.case_records import CaseEvent
from alerts.cases import CaseWork
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
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self._workshop = workshop
        self._bell = bell
        self._notifiers = notifiers
        self._clock = clock
        self._registry = registry
        self._metrics = metrics
        self._rng = rng
        index, of = share
        self._lanes = frozenset(range(index, LANES, of))
        self._backoffs: dict[tuple[Channel, str], _Backoff] = {}
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
        """Send the next message that may be tried now; return whether there was one."""
        with self._workshop.begin() as work:
            message = claim_next(
                work.connection, lanes=self._lanes, may_try=self._may_try, now=work.now
            )
        if message is None:
            return False
        try:
            with self._metrics.send_seconds.time():
                self._notifiers[message.channel].send(self._outgoing(message))
        except DeliveryRefusedError as refusal:
            self._failed(message, refusal.code, permanent=refusal.permanent, repeat=False)
        except DeliveryUnknownError as doubt:
            self._failed(message, doubt.code, permanent=False, repeat=True)
        except Exception as error:  # noqa: BLE001  an adapter's slip must not hold up the lane
            _log.exception("notifier_failed", channel=str(message.channel))
            code = f"slip_{type(error).__name__}"[:40]
            self._failed(message, code, permanent=False, repeat=True)
        else:
            self._delivered(message)
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

    def _may_try(self, message: OutboxMessage) -> bool:
        backoff = self._backoffs.get((message.channel, message.recipient))
        return backoff is None or self._clock.monotonic_s() >= backoff.not_before_s

    def _outgoing(self, message: OutboxMessage) -> Message:
        crew = self._registry.current().crews.get(message.recipient)
        on_web = message.channel is Channel.WEBHOOK and crew is not None
        return Message(
            message_id=message.message_id,
            key=f"{message.episode}/{message.occasion}",
            case_id=message.case_id,
            recipient=message.recipient,
            address=crew.webhook_url if on_web and crew is not None else None,
            level=message.level,
            title=message.title,
            text=message.text,
            link=message.link,
            repeat=message.repeat,
            sent_at=self._clock.now(),
        )

    def _delivered(self, message: OutboxMessage) -> None:
        with self._workshop.begin() as work:
            settle(work.connection, message, MessageState.DELIVERED, now=work.now)
        self._metrics.message(message.channel, "delivered")
        if self._backoffs.pop((message.channel, message.recipient), None) is not None:
            _log.info("delivery_works_again", recipient=message.recipient)

    def _failed(self, message: OutboxMessage, code: str, *, permanent: bool, repeat: bool) -> None:
        with self._workshop.begin() as work:
            if permanent:
                settle(work.connection, message, MessageState.REFUSED, now=work.now, error=code)
            else:
                put_back(work.connection, message, error=code, repeat=repeat)
            if permanent or message.attempts == UNDELIVERED_AFTER_ATTEMPTS:
                _tell_dispatchers(work, message, code)
        self._metrics.message(message.channel, "refused" if permanent else "failed")
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
