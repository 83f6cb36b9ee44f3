"""Sends what the spools hold to ingest, and lets go of it when ingest has committed it.

Everything goes at QoS 0: reliability is the spool, the resends and ingest's own ack. The broker
keeps nothing of ours, so nothing it loses matters.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

import structlog

from domain.ports.clock import Clock
from gateway.errors import SpoolFailedError, SpoolFullError
from gateway.flow import RESEND_AFTER_S, FlowControl
from gateway.metrics import GatewayMetrics
from gateway.spool import PictureSpool, Spool
from wire.acks import Ack, decode_ack
from wire.batches import (
    MAX_BATCH_RECORDS,
    UplinkBatch,
    encode_batch,
    line_bytes,
    room_for_lines,
)
from wire.client import Message
from wire.errors import UnreadablePayloadError
from wire.pictures import encode_picture
from wire.topics import ack_topic, picture_topic, up_topic

PICTURES_IN_THE_AIR = 8
LINGER_S = 0.01
"""What is accepted within this time of each other travels in one batch."""

_LINE_OVERHEAD = line_bytes(2**62, b"")
_POLL_S = 0.2

_log = structlog.get_logger(__name__)


class Uplink(Protocol):
    """The connection that batches leave by (``wire.client.MqttClient``)."""

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 0) -> bool:
        """Hand over a message; False: not taken."""
        ...


class Forwarder:
    """Moves records, then pictures, from the spools to the broker. One thread does all of it.

    ``on_failed`` is told when the spool cannot be trusted any more: the process should end.
    """

    def __init__(
        self,
        *,
        gateway_id: str,
        spool: Spool,
        pictures: PictureSpool,
        uplink: Uplink,
        clock: Clock,
        metrics: GatewayMetrics,
        on_failed: Callable[[str], None],
    ) -> None:
        self._gateway_id = gateway_id
        self._spool = spool
        self._pictures = pictures
        self._uplink = uplink
        self._clock = clock
        self._metrics = metrics
        self._on_failed = on_failed
        self._flow = FlowControl()
        self._acks: deque[Ack] = deque()
        self._again = threading.Event()
        self._pictures_in_the_air: dict[str, float] = {}
        self._newest_picture = 0
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-forwarder", daemon=False)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sending; what is unacknowledged stays in the spool. May be called twice."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def wake(self) -> None:
        """Say that something was put into a spool."""
        self._wake.set()

    def send_all_again(self) -> None:
        """Take what is unacknowledged as lost: after a connect, or when ingest says hello."""
        self._again.set()
        self._wake.set()

    def receive(self, message: Message) -> None:
        """Take a message of the uplink connection: an ack, or ingest's hello."""
        if message.retained:
            self._metrics.ignored.labels("retained").inc()
        elif message.topic == ack_topic(self._gateway_id):
            try:
                self._acks.append(decode_ack(message.payload))
            except UnreadablePayloadError as error:
                self._metrics.ignored.labels("unreadable_ack").inc()
                _log.warning("unreadable_ack", reason=error.reason, detail=error.detail)
            self._wake.set()
        else:
            self.send_all_again()

    def pump(self) -> None:
        """Do what there is to do now: take acks, send again, send new. Called by the thread."""
        while self._acks:
            self._take_ack(self._acks.popleft())
        if self._again.is_set():
            self._again.clear()
            self._flow.send_all_again()
            self._forget_pictures_in_the_air()
        now_s = self._clock.monotonic_s()
        overdue = self._flow.expire(now_s)
        self._metrics.timeouts.inc(overdue)
        if self._uplink.connected and self._send_records(now_s):
            self._send_pictures(now_s)
        self._metrics.window.set(self._flow.window)
        self._metrics.spooled_records.set(self._spool.extent().records)
        self._metrics.spooled_pictures.set(self._pictures.held())

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._wake.wait(_POLL_S):
                self._wake.clear()
                self._stopping.wait(LINGER_S)
            try:
                self.pump()
            except SpoolFullError as error:
                # Deleting needs room too: the disk is full, and what is confirmed comes again.
                self._metrics.failures.labels("forwarder").inc()
                _log.error("spool_cannot_shrink", detail=str(error))
                self._stopping.wait(1)
            except SpoolFailedError as error:
                self._on_failed(str(error))
                return
            except Exception:  # noqa: BLE001  the loop lives: logged, counted, tried again
                self._metrics.failures.labels("forwarder").inc()
                _log.exception("forwarder_failed")
                self._stopping.wait(1)

    def _take_ack(self, ack: Ack) -> None:
        if ack.pictures:
            self._pictures.confirm(ack.pictures)
            for sha256 in ack.pictures:
                self._pictures_in_the_air.pop(sha256, None)
        if ack.boot_id is None or not ack.through:
            return
        if ack.boot_id != self._spool.boot_id or ack.through > self._spool.extent().newest:
            # Of another spool file's life, or beyond anything we ever sent: it frees nothing.
            self._metrics.ignored.labels("foreign_ack").inc()
            return
        gone = self._spool.confirm(through=ack.through, missing=ack.missing)
        self._metrics.records_confirmed.inc(gone)
        self._flow.acknowledged(ack.through, ack.missing, self._clock.monotonic_s())

    def _send_records(self, now_s: float) -> bool:
        """Send batches while the window has room; return whether no record is left to send."""
        extent = self._spool.extent()
        while self._flow.has_room:
            flight = self._flow.to_send_again()
            if flight is not None:
                sent = self._send_batch(flight.first, flight.last, extent.oldest)
                if sent is None:
                    return False
                if sent:
                    self._flow.sent_again(flight, now_s)
                    self._metrics.batches_sent.labels("yes").inc()
                else:
                    self._flow.forget(flight)
                continue
            sent = self._send_batch(self._flow.newest_sent + 1, extent.newest, extent.oldest)
            if not sent:
                return sent is not None
            self._flow.sent(sent[0], sent[-1], now_s)
            self._metrics.batches_sent.labels("no").inc()
        return False

    def _send_batch(self, first: int, last: int, oldest: int) -> list[int] | None:
        """Send held records from ``first`` to ``last``, as many as fit; return their sequences.

        Empty: none is held. None: the connection did not take them.
        """
        if first > last:
            return []
        held = self._spool.peek(
            first=first, last=last, most_records=MAX_BATCH_RECORDS, most_bytes=room_for_lines()
        )
        items: list[tuple[int, bytes]] = []
        room = room_for_lines()
        for record in held:
            room -= len(record.body) + _LINE_OVERHEAD
            if items and room < 0:
                break
            items.append((record.sequence, record.body))
        if not items:
            return []
        batch = UplinkBatch(
            gateway_id=self._gateway_id,
            boot_id=self._spool.boot_id,
            oldest=oldest,
            items=tuple(items),
        )
        taken = self._uplink.publish(up_topic(self._gateway_id), encode_batch(batch))
        return [sequence for sequence, _ in items] if taken else None

    def _send_pictures(self, now_s: float) -> None:
        if any(now_s - sent >= RESEND_AFTER_S for sent in self._pictures_in_the_air.values()):
            self._forget_pictures_in_the_air()
        in_the_air = len(self._pictures_in_the_air)
        room = PICTURES_IN_THE_AIR - in_the_air
        if room <= 0 or self._pictures.held() <= in_the_air:
            return
        for picture in self._pictures.peek(after=self._newest_picture, limit=room):
            topic = picture_topic(self._gateway_id)
            if not self._uplink.publish(topic, encode_picture(picture.message)):
                return
            self._pictures_in_the_air[picture.message.sha256] = now_s
            self._newest_picture = picture.number
            self._metrics.pictures_sent.inc()

    def _forget_pictures_in_the_air(self) -> None:
        self._pictures_in_the_air.clear()
        self._newest_picture = 0
