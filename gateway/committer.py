"""Commits what devices sent: a few milliseconds' messages in one transaction, then their acks."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence

import structlog

from domain.ports.clock import Clock
from domain.ports.registry import Registry
from domain.records import Record
from gateway.acceptance import Acceptance
from gateway.device_door import Arrival, DeviceDoor
from gateway.errors import (
    RefusalReason,
    RefusedMessageError,
    SpoolFailedError,
    SpoolFullError,
)
from gateway.intake import MessageIntake
from gateway.metrics import GatewayMetrics
from gateway.refusals import Refusal, RefusalLog

GROUP_MESSAGES = 500
GROUP_WAIT_S = 0.004
RETRY_S = 1.0
REFUSAL_LOG_INTERVAL_S = 1.0
"""All refusals are counted and the newest kept; a flood of them must not become one of the log."""

_POLL_S = 0.2

_log = structlog.get_logger(__name__)


class Committer:
    """Takes arrivals from the inbox, in order: reads them, commits, logs, acknowledges.

    While the spool has no room a group waits here and its messages stay unacknowledged, so they
    stay with the broker. One thread; ``on_failed`` is told when the spool cannot be trusted.
    """

    def __init__(  # noqa: PLR0913  the parts it ties together
        self,
        *,
        inbox: "queue.Queue[Arrival]",
        doors: Sequence[DeviceDoor],
        intake: MessageIntake,
        acceptance: Acceptance,
        refusals: RefusalLog,
        registry: Registry,
        clock: Clock,
        metrics: GatewayMetrics,
        on_failed: Callable[[str], None],
        retry_s: float = RETRY_S,
    ) -> None:
        self._inbox = inbox
        self._doors = doors
        self._intake = intake
        self._acceptance = acceptance
        self._refusals = refusals
        self._registry = registry
        self._clock = clock
        self._metrics = metrics
        self._on_failed = on_failed
        self._retry_s = retry_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-committer", daemon=False)
        self._refusal_logged_at_s = -REFUSAL_LOG_INTERVAL_S
        self.full = False

    def start(self) -> None:
        """Begin to take arrivals."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is not committed is not acknowledged. May be called twice."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def commit(self, group: Sequence[Arrival]) -> None:
        """Commit one group and acknowledge it; returns early, unacknowledged, only on stop."""
        records: list[Record] = []
        notes: dict[str, bytes] = {}
        refused: list[Refusal] = []
        for arrival in group:
            try:
                taken = self._read(arrival)
            except RefusedMessageError as error:
                refused.append(self._refusal_of(arrival, error.reason, error.detail))
            else:
                records += taken[0]
                notes |= taken[1]
        if not self._keep_trying(records, notes):
            return
        if refused:
            self._keep_refusals(refused)
        for arrival in group:
            arrival.door.ack(arrival.message)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                for door in self._doors:
                    door.check()
                group = self._gather()
                if group:
                    self.commit(group)
            except SpoolFailedError as error:
                self._on_failed(str(error))
                return
            except Exception:  # noqa: BLE001  the loop lives: logged, counted; unacked comes again
                self._metrics.failures.labels("committer").inc()
                _log.exception("committer_failed")

    def _gather(self) -> Sequence[Arrival]:
        try:
            group = [self._inbox.get(timeout=_POLL_S)]
        except queue.Empty:
            return ()
        if self._inbox.qsize() < GROUP_MESSAGES:
            self._stopping.wait(GROUP_WAIT_S)
        while len(group) < GROUP_MESSAGES:
            try:
                group.append(self._inbox.get_nowait())
            except queue.Empty:
                break
        return group

    def _read(self, arrival: Arrival) -> tuple[Sequence[Record], Mapping[str, bytes]]:
        taken = self._intake.take(
            arrival.door.source.read,
            topic=arrival.message.topic,
            payload=arrival.message.payload,
            registry=self._registry.current(),
            gateway_at=self._clock.now(),
        )
        return taken.records, taken.notes

    def _keep_trying(self, records: Sequence[Record], notes: Mapping[str, bytes]) -> bool:
        while True:
            try:
                self._acceptance.accept(records, notes)
            except SpoolFullError as error:
                self._metrics.not_accepted.inc()
                if not self.full:
                    _log.error("spool_full", detail=str(error))
                self.full = True
                if self._stopping.wait(self._retry_s):
                    return False
            else:
                if self.full:
                    _log.info("spool_has_room_again")
                self.full = False
                return True

    def _refusal_of(self, arrival: Arrival, reason: RefusalReason, detail: str) -> Refusal:
        source = arrival.door.source.name
        self._metrics.refused.labels(source, reason.value).inc()
        self._log_refusal(source, reason, detail)
        return Refusal(
            refused_at=self._clock.now(),
            source=source,
            reason=reason,
            detail=detail,
            topic=arrival.message.topic,
            payload_bytes=len(arrival.message.payload),
            payload_head=arrival.message.payload,
        )

    def _log_refusal(self, source: str, reason: RefusalReason, detail: str) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._refusal_logged_at_s >= REFUSAL_LOG_INTERVAL_S:
            self._refusal_logged_at_s = now_s
            _log.warning("message_refused", source=source, reason=reason.value, detail=detail[:200])

    def _keep_refusals(self, refused: Sequence[Refusal]) -> None:
        try:
            self._refusals.keep(refused)
        except SpoolFullError:
            # They are counted and logged; keeping them is a convenience that needs room.
            self._metrics.ignored.labels("refusals_not_kept").inc(len(refused))
