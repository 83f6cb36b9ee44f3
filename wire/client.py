"""The MQTT client: a connection that comes back by itself, and the thread it runs in.

MQTT 3.1.1. One thread of ours reads, writes and reconnects; ``publish`` and ``ack`` may be called
by any thread and never write to the socket themselves (two writers would mix their packets).
"""

import random
import re
import select
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from paho.mqtt.client import (
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
)
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from wire.broker_hosts import HostTurns, parse_hosts
from wire.bulk_reader import BulkReader, Publication
from wire.paho_clients import new_paho
from wire.subscriptions import Subscriptions
from wire.tls import Tls
from wire.unsent_bytes import UnsentBytes

CLIENT_ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
"""What every broker takes: NATS refuses dots, spaces and wildcards in client ids."""

KEEPALIVE_S = 15
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.2, 5.0

_LOOP_S = 0.2
_REST_S = 0.003  # after reading what was there: more comes together, and each wake costs less
_GOODBYE_LOOPS = 10

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where the broker listens and who we are to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None


class Message(NamedTuple):
    """A message as it arrived. ``epoch`` counts connections: an ack is good only in its own."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    mid: int
    epoch: int


class MqttClient:
    """A connection that comes back by itself (backoff 0.2 s to 5 s, with jitter).

    ``on_message`` and ``on_connected`` run in the client's thread: they must be quick. What they
    raise is logged and counted in ``callback_failures``, and the connection goes on; with
    ``manual_ack`` such a message stays unacknowledged and comes again after the next connect.
    All subscriptions are made anew after every connect, whatever the broker remembers. Raises
    ``UnusableTlsFilesError`` at once for files of ``tls`` that cannot be used. ``host`` may name
    all hosts of a cluster (:mod:`wire.broker_hosts`): after each connection the next one is tried.
    ``turns`` says instead where to connect, for clients that must not be at the same host.
    ``on_lost`` runs in the client's thread after each connection and each vain try to have one.

    ``in_bulk``: take many messages a read, for who hears many (see :mod:`wire.bulk_reader`). Where
    this release of paho does not allow it, that is logged and they come one by one.
    """

    def __init__(  # noqa: PLR0913  each is a different fact of one connection
        self,
        *,
        host: str,
        port: int,
        client_id: str,
        subscriptions: Sequence[tuple[str, int]],
        on_message: Callable[[Message], None],
        on_connected: Callable[[], None] | None = None,
        clean_session: bool = True,
        manual_ack: bool = False,
        username: str | None = None,
        password: str | None = None,
        tls: Tls | None = None,
        random_source: random.Random | None = None,
        in_bulk: bool = False,
        on_lost: Callable[[], None] | None = None,
        turns: HostTurns | None = None,
        keepalive_s: int = KEEPALIVE_S,
    ) -> None:
        if not CLIENT_ID_PATTERN.fullmatch(client_id):
            msg = f"client_id: not 1 to 64 of A-Z a-z 0-9 _ -: {client_id!r}"
            raise ValueError(msg)
        self._on_message = on_message
        self._on_connected = on_connected
        self._random = random_source or random.Random()  # noqa: S311  jitter, no secret
        self._on_lost = on_lost
        self._client_id = client_id
        self._keepalive_s = keepalive_s
        self._turns = turns or HostTurns(parse_hosts(host, port).begin_anywhere(self._random))
        self._log = _log.bind(client_id=client_id, broker=f"{host}:{port}")
        self._subscriptions = Subscriptions(subscriptions, self._log)
        self._paho = new_paho(
            client_id,
            clean_session=clean_session,
            manual_ack=manual_ack,
            in_bulk=in_bulk,
            on_publications=self._publications_callback,
            log=self._log,
        )
        if username is not None:
            self._paho.username_pw_set(username, password)
        if tls is not None:
            self._paho.tls_set_context(tls.context())
        self._paho.on_connect = self._connected_callback
        self._paho.on_disconnect = self._disconnected_callback
        self._paho.on_message = self._message_callback
        self._paho.on_subscribe = self._subscribed_callback
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._epoch = 0
        self._connected = False
        self._outage_logged = False
        self._received = False
        self._unsent = UnsentBytes()
        self.callback_failures = 0
        self.heeds_messages = True
        """What arrives while it is false is dropped; for one that only stands by."""

    @property
    def reads_in_bulk(self) -> bool:
        """Whether many messages are taken a read."""
        return isinstance(self._paho, BulkReader)

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us and has not been lost since, as far as we know.

        A half-open connection is noticed after about 25 s: health must come from what arrives.
        """
        return self._connected

    @property
    def subscribed(self) -> bool:
        """Whether we are connected and the broker has granted every subscription."""
        return self._connected and self._subscriptions.granted

    @property
    def refused_subscriptions(self) -> frozenset[str]:
        """The filters that the broker does not let us hear."""
        return frozenset(self._subscriptions.refused)

    @property
    def epoch(self) -> int:
        """The number of the present or next connection; it changes before each connect."""
        return self._epoch

    def start(self) -> None:
        """Begin to connect, in a thread of our own."""
        if self._thread is None:
            name = f"mqtt-{self._client_id}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=False)
            self._thread.start()

    def stop(self) -> None:
        """Say goodbye, and wait for the thread to end. May be called twice."""
        self._stopping.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
            # paho closes the socket pair that wakes its loop only when it is collected itself.
            self._paho._reset_sockets()  # noqa: SLF001  there is no public way

    def publish(self, topic: str, payload: bytes, *, qos: int = 0) -> bool:
        """Hand a message to the connection; False: not taken, the caller keeps it.

        It is not taken while there is no connection, or while 8 MiB wait for the socket. True
        says nothing of its arrival. A QoS 1 message that was taken is repeated by this client,
        also after a reconnect, until the broker has it.
        """
        if not self._connected or not self._unsent.has_room(self._epoch, len(payload)):
            return False
        epoch = self._epoch
        info = self._paho.publish(topic, payload, qos)
        if qos == 0:
            self._unsent.add(epoch, info, len(payload))
            return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS
        # For QoS 1 "no connection" means that paho has queued it: asking again would send it twice.
        return info.rc in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN)

    def ack(self, message: Message) -> bool:
        """Acknowledge a QoS 1 message (``manual_ack``); False: its connection is gone.

        Packet ids start again with every connection, so an old ack could release a message that
        nobody has stored. The broker sends the unacknowledged one again.
        """
        with self._lock:
            if message.epoch != self._epoch or not self._connected:
                return False
            return self._paho.ack(message.mid, message.qos) == MQTTErrorCode.MQTT_ERR_SUCCESS

    def resubscribe(self) -> None:
        """Unsubscribe and subscribe anew, which makes NATS rebuild a lost consumer.

        What a persistent session still holds is thrown away by this: only for one that is deaf.
        """
        self._subscriptions.want_anew()

    def _run(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while not self._stopping.is_set():
            try:
                was_connected = self._one_connection()
            except Exception:  # noqa: BLE001  the thread must live: log, wait, connect again
                self._log.exception("mqtt_loop_failed")
                self.callback_failures += 1
                was_connected = False
            self._connected = False
            if self._on_lost is not None:
                self._on_lost()
            backoff_s = FIRST_BACKOFF_S if was_connected else min(backoff_s * 2, LONGEST_BACKOFF_S)
            self._stopping.wait(backoff_s * self._random.uniform(0.5, 1.0))

    def _one_connection(self) -> bool:
        with self._lock:
            self._epoch += 1
        self._unsent.clear()
        try:
            self._paho.connect(*self._turns.next(self._client_id), keepalive=self._keepalive_s)
        except OSError as error:
            self._log_outage(str(error))
            return False
        was_connected = False
        while not self._stopping.is_set():
            self._received = False
            if self._paho.loop(_LOOP_S) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return was_connected
            was_connected = was_connected or self._connected
            self._subscriptions.make_anew_if_wanted(self._paho)
            if self._received and not self._has_more():
                self._stopping.wait(_REST_S)
        self._say_goodbye()
        return was_connected

    def _has_more(self) -> bool:
        connection = self._paho.socket()
        if connection is None:
            return False
        pending = getattr(connection, "pending", None)  # under TLS select does not see all
        if pending is not None and pending():
            return True
        return bool(select.select([connection], [], [], 0)[0])

    def _say_goodbye(self) -> None:
        """Send what is waiting, then DISCONNECT, unless the socket is stuck."""
        self._paho.disconnect()
        for _ in range(_GOODBYE_LOOPS):
            if self._paho.socket() is None:
                return
            self._paho.loop(_LOOP_S / 2)

    def _log_outage(self, reason: str) -> None:
        if not self._outage_logged and not self._stopping.is_set():
            self._log.warning("broker_lost", reason=reason)
            self._outage_logged = True

    def _connected_callback(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._log_outage(f"refused: {reason}")
            return
        self._subscriptions.make(self._paho)
        with self._lock:
            self._connected = True
        self._log.info("broker_reached")
        self._outage_logged = False
        if self._on_connected is not None:
            try:
                self._on_connected()
            except Exception:  # noqa: BLE001  what a callback raises would end paho's loop
                self._log.exception("on_connected_failed")
                self.callback_failures += 1

    def _disconnected_callback(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._lock:
            self._connected = False
        self._log_outage(str(reason))

    def _subscribed_callback(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._subscriptions.answered(mid, reasons)

    def _message_callback(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self._received = True
        if not self.heeds_messages:
            return
        try:
            self._on_message(
                Message(
                    message.topic,
                    bytes(message.payload),
                    message.qos,
                    message.retain,
                    message.mid,
                    self._epoch,
                )
            )
        except Exception:  # noqa: BLE001  what a callback raises would end paho's loop
            self._log.exception("on_message_failed", bytes=len(message.payload))
            self.callback_failures += 1

    def _publications_callback(self, publications: Sequence[Publication]) -> None:
        self._received = True
        if not self.heeds_messages:
            return
        receive, epoch = self._on_message, self._epoch
        for publication in publications:
            try:
                receive(Message(*publication, epoch))
            except Exception:  # noqa: BLE001  what a callback raises would end paho's loop
                self._log.exception("on_message_failed", bytes=len(publication.payload))
                self.callback_failures += 1
