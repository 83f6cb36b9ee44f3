"""Two connections to two hosts, against two real servers of which either is killed.

The servers are no cluster: what one hears the other does not, which tells the connections apart.
tests/drills/test_cluster.py has a real one.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers import PASSWORDS, RunningBroker, start_broker
from wire.client import BrokerAddress, Message, MqttClient
from wire.paired_client import PairedClient
from wire.topics import UP_FILTER, ack_topic, up_topic

GATEWAY_ID = "gw-test"


def eventually(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    for _ in range(int(within_s / 0.01)):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not happen in time")


class Hearer:
    """Ingest's side of a pair, with what it heard and how often it was told to say hello."""

    def __init__(self, *brokers: RunningBroker) -> None:
        self.heard: queue.Queue[Message] = queue.Queue()
        self.told = 0
        self.pair = PairedClient(
            BrokerAddress(
                host=",".join(f"{broker.host}:{broker.port}" for broker in brokers),
                port=1,
                username="ingest",
                password=PASSWORDS["ingest"],
            ),
            client_id="ingest",
            subscriptions=[(UP_FILTER, 0)],
            on_message=self.heard.put,
            on_connected=self._connected,
            in_bulk=True,
        )

    def _connected(self) -> None:
        self.told += 1


def speaker_at(broker: RunningBroker) -> MqttClient:
    return MqttClient(
        host=broker.host,
        port=broker.port,
        client_id="speaker",
        subscriptions=[],
        on_message=lambda _: None,
        username=GATEWAY_ID,
        password=PASSWORDS[GATEWAY_ID],
    )


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[tuple[RunningBroker, RunningBroker]]:
    with ExitStack() as running:
        one = start_broker(tmp_path / "one")
        running.callback(one.stop)
        two = start_broker(tmp_path / "two")
        running.callback(two.stop)
        yield one, two


def says(broker: RunningBroker, payload: bytes) -> None:
    speaker = speaker_at(broker)
    speaker.start()
    try:
        eventually(lambda: speaker.connected)
        assert speaker.publish(up_topic(GATEWAY_ID), payload)
    finally:
        speaker.stop()


def test_when_one_host_dies_the_connection_to_the_other_takes_its_place_at_once(
    brokers: tuple[RunningBroker, RunningBroker],
) -> None:
    hearer = Hearer(*brokers)
    hearer.pair.start()
    try:
        eventually(lambda: hearer.pair.connections == 2 and hearer.pair.subscribed)
        assert hearer.told == 1
        for broker in brokers:
            says(broker, b"once")
        assert hearer.heard.get(timeout=5).payload == b"once"
        threading.Event().wait(0.1)
        assert hearer.heard.empty(), "what the second connection hears is dropped"

        for dies, lives in (brokers, brokers[::-1]):
            dies.kill()
            eventually(lambda: hearer.pair.connections == 1)
            assert hearer.pair.connected
            assert hearer.pair.publish(ack_topic(GATEWAY_ID), b"x")
            says(lives, b"after")
            assert hearer.heard.get(timeout=5).payload == b"after"
            dies.start()
            eventually(lambda: hearer.pair.connections == 2)
        # Told again only when the connection that spoke was lost: at the second death in any case.
        assert hearer.told in {2, 3}
    finally:
        hearer.pair.stop()
    assert hearer.pair.connections == 0


def test_with_one_host_there_is_one_connection(broker: RunningBroker) -> None:
    hearer = Hearer(broker)
    hearer.pair.start()
    try:
        eventually(lambda: hearer.pair.subscribed)
        assert hearer.pair.connections == 1
        broker.kill()
        eventually(lambda: not hearer.pair.connected)
        assert not hearer.pair.publish(ack_topic(GATEWAY_ID), b"x")
        broker.start()
        eventually(lambda: hearer.told == 2)
    finally:
        hearer.pair.stop()


def test_what_must_not_be_lost_is_not_sent_by_a_pair() -> None:
    pair = PairedClient(
        BrokerAddress(host="127.0.0.1", port=1),
        client_id="ingest",
        subscriptions=[],
        on_message=lambda _: None,
        on_connected=lambda: None,
    )
    with pytest.raises(ValueError, match="QoS 0 only"):
        pair.publish("huanwei/v1/hello/1", b"", qos=1)
