"""The device door: where one kind of source comes in, QoS 1 with a persistent session.

Devices do not send again, so the broker keeps their messages until our own commit. One client id
has exactly one filter: several filters in one session share one window and stall each other.
"""

import queue
from dataclasses import dataclass
from typing import Protocol

import structlog

from domain.ports.clock import Clock
from gateway.metrics import GatewayMetrics
from gateway.sources import SourceReader
from wire.client import Message
from wire.topics import is_probe

DEAF_AFTER_S = 30.0
"""Twice the broker's ``ack_wait``. After a crash with a full window the broker is silent for one
``ack_wait`` and then delivers; subscribing anew before that would throw away what it holds.
"""

QUIET_S = 60.0
"""A door that has heard nothing for so long probes itself: in a cluster the node that delivers may
end while the one that the door is connected to lives.
"""

INBOX_MESSAGES = 1_000
"""More than the broker leaves unacknowledged (500) in each of two sessions."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of source: its name, its filter, where probes go, and who reads its messages."""

    name: str
    topic_filter: str
    probe_topic: str
    read: SourceReader


class DoorConnection(Protocol):
    """A persistent QoS 1 session with manual acks (``wire.client.MqttClient``)."""

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 0) -> bool:
        """Hand over a message; False: not taken."""
        ...

    def ack(self, message: Message) -> bool:
        """Acknowledge a message; False: its connection is gone, it comes again."""
        ...

    def resubscribe(self) -> None:
        """Unsubscribe and subscribe anew."""
        ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """A device's message that waits to be committed, and the door to acknowledge it at."""

    door: "DeviceDoor"
    message: Message


class DeviceDoor:
    """Takes messages of one source to the inbox, and checks that the door really lets them in.

    A broker can say "session present", accept the subscription and deliver nothing for ever. So
    after each connect, and when it has been quiet for a minute, the door sends itself a probe; when
    nothing at all has arrived within 30 s, it subscribes anew and raises an alarm, again and again
    until something does.
    """

    def __init__(
        self,
        source: Source,
        *,
        inbox: "queue.Queue[Arrival]",
        clock: Clock,
        metrics: GatewayMetrics,
    ) -> None:
        self.source = source
        self._inbox = inbox
        self._clock = clock
        self._metrics = metrics
        self._connection: DoorConnection | None = None
        self._probe_wanted = False
        self._probed_at_s: float | None = None
        self._heard_at_s = clock.monotonic_s()
        self.deaf = False

    def attach(self, connection: DoorConnection) -> None:
        """Give the door its connection, once, before the connection starts."""
        self._connection = connection

    def connected(self) -> None:
        """Take note of a new connection: it must prove itself."""
        self._probe_wanted = True

    def receive(self, message: Message) -> None:
        """Take a message of the connection."""
        self._heard()
        if is_probe(message.topic):
            self.ack(message)
        elif message.retained:
            # A retained message is an old one, told again to every new subscription.
            self._metrics.ignored.labels("retained").inc()
            self.ack(message)
        else:
            self._metrics.received.labels(self.source.name).inc()
            try:
                self._inbox.put_nowait(Arrival(self, message))
            except queue.Full:
                # Not acknowledged: the broker sends it again.
                self._metrics.ignored.labels("inbox_full").inc()

    def ack(self, message: Message) -> None:
        """Acknowledge a message that is committed, or that never will be."""
        if self._connection is not None:
            self._connection.ack(message)

    def check(self) -> None:
        """Send the probe that is due, and notice when nothing came back. Called now and then."""
        connection = self._connection
        if connection is None or not connection.connected:
            self._probed_at_s = None
            return
        now_s = self._clock.monotonic_s()
        probed_at_s = self._probed_at_s
        is_quiet = probed_at_s is None and now_s - self._heard_at_s >= QUIET_S
        if self._probe_wanted or is_quiet:
            self._probe(connection, now_s)
        elif probed_at_s is not None and now_s - probed_at_s >= DEAF_AFTER_S:
            if not self.deaf:
                _log.error("device_door_deaf", source=self.source.name)
            self.deaf = True
            self._metrics.probes_lost.labels(self.source.name).inc()
            connection.resubscribe()
            self._probe(connection, now_s)

    def _probe(self, connection: DoorConnection, now_s: float) -> None:
        self._probed_at_s = now_s
        if connection.publish(self.source.probe_topic, b"probe", qos=1):
            self._probe_wanted = False

    def _heard(self) -> None:
        self._heard_at_s = self._clock.monotonic_s()
        self._probed_at_s = None
        if self.deaf:
            self.deaf = False
            _log.info("device_door_hears_again", source=self.source.name)
