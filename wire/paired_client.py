"""A connection to a clustered broker that outlives any one of its nodes without a pause.

A broker whose leading node dies may let nobody connect for ten seconds and more, while those who
are connected to another node go on undisturbed. So there are two connections, to two nodes.
"""

import random
import threading
from collections.abc import Callable, Sequence

from wire.broker_hosts import HostTurns, parse_hosts
from wire.client import KEEPALIVE_S, BrokerAddress, Message, MqttClient

PAIRED_KEEPALIVE_S = 4
"""A node that hangs, or whose machine is gone, is noticed within twice this time."""

_NAMES_OF_CLIENTS = ("", "-2")


class PairedClient:
    """A clean session that with one host is one connection, with several hosts two to different.

    Both hear the same. One speaks, and what the other hears is dropped; when the one is lost the
    other takes its place at once. ``on_connected`` is called then too: what was on its way may be
    lost. For QoS 0 only: neither connection knows what the other has left unfinished.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        *,
        client_id: str,
        subscriptions: Sequence[tuple[str, int]],
        on_message: Callable[[Message], None],
        on_connected: Callable[[], None],
        in_bulk: bool = False,
        random_source: random.Random | None = None,
    ) -> None:
        self._on_connected = on_connected
        self._lock = threading.Lock()
        self._speaks = 0
        source = random_source or random.Random()  # noqa: S311  jitter, no secret
        turns = HostTurns(parse_hosts(broker.host, broker.port).begin_anywhere(source))
        names = _NAMES_OF_CLIENTS if turns.addresses > 1 else _NAMES_OF_CLIENTS[:1]
        self._clients = tuple(
            MqttClient(
                host=broker.host,
                port=broker.port,
                client_id=f"{client_id}{name}",
                subscriptions=subscriptions,
                on_message=on_message,
                on_connected=self._look,
                on_lost=self._look,
                username=broker.username,
                password=broker.password,
                tls=broker.tls,
                random_source=source,
                in_bulk=in_bulk,
                turns=turns,
                keepalive_s=PAIRED_KEEPALIVE_S if len(names) > 1 else KEEPALIVE_S,
            )
            for name in names
        )
        self._told: tuple[int, int] | None = None
        for client in self._clients[1:]:
            client.heeds_messages = False

    @property
    def connected(self) -> bool:
        """Whether the connection that speaks is there."""
        return self._speaker.connected

    @property
    def subscribed(self) -> bool:
        """Whether the connection that speaks has been granted every subscription."""
        return self._speaker.subscribed

    @property
    def reads_in_bulk(self) -> bool:
        """Whether many messages are taken a read."""
        return self._speaker.reads_in_bulk

    @property
    def connections(self) -> int:
        """How many connections there are now; with two the death of a node does not matter."""
        return sum(client.connected for client in self._clients)

    def start(self) -> None:
        """Begin to connect."""
        for client in self._clients:
            client.start()

    def stop(self) -> None:
        """Say goodbye. May be called twice."""
        for client in self._clients:
            client.stop()

    def publish(self, topic: str, payload: bytes, *, qos: int = 0) -> bool:
        """Hand a message to the connection that speaks; False: not taken, the caller keeps it."""
        if qos:
            msg = f"a paired client sends at QoS 0 only: {topic}"
            raise ValueError(msg)
        return self._speaker.publish(topic, payload)

    @property
    def _speaker(self) -> MqttClient:
        return self._clients[self._speaks]

    def _look(self) -> None:
        """Let one that is connected speak, and tell of each new connection that does."""
        with self._lock:
            # Before asking who is connected: a number read too early is only told once more.
            epochs = [client.epoch for client in self._clients]
            if not self._speaker.connected:
                connected = [n for n, client in enumerate(self._clients) if client.connected]
                if not connected:
                    return
                (self._speaks, *_) = connected
                for n, client in enumerate(self._clients):
                    client.heeds_messages = n == self._speaks
            now = (self._speaks, epochs[self._speaks])
            if now == self._told:
                return
            self._told = now
        self._on_connected()
