"""The MQTT client against a real NATS server that is killed under it."""

import queue
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.servers import GATEWAY_ID, PASSWORDS, RunningBroker
from wire.client import Message, MqttClient
from wire.topics import DEVICE_FILTER, device_topic

TOPIC = device_topic("sensor-1")


def eventually(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    for _ in range(int(within_s / 0.01)):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not happen in time")


class Door:
    """A persistent session that acknowledges nothing by itself."""

    def __init__(self, broker: RunningBroker, *, in_bulk: bool) -> None:
        self.arrived: queue.Queue[Message] = queue.Queue()
        self.fail_on = b""
        self.client = MqttClient(
            host=broker.host,
            port=broker.port,
            client_id="door",
            subscriptions=[(DEVICE_FILTER, 1)],
            on_message=self._receive,
            clean_session=False,
            manual_ack=True,
            username=GATEWAY_ID,
            password=PASSWORDS[GATEWAY_ID],
            random_source=random.Random(1),
            in_bulk=in_bulk,
        )

    def _receive(self, message: Message) -> None:
        self.arrived.put(message)
        if message.payload == self.fail_on:
            raise RuntimeError

    def next(self, within_s: float = 20.0) -> Message:
        return self.arrived.get(timeout=within_s)


@pytest.fixture(params=[False, True], ids=["one by one", "in bulk"])
def door(broker: RunningBroker, request: pytest.FixtureRequest) -> Door:
    return Door(broker, in_bulk=request.param)


@contextmanager
def running(client: MqttClient) -> Iterator[MqttClient]:
    client.start()
    try:
        eventually(lambda: client.connected)
        yield client
    finally:
        client.stop()


def sender(broker: RunningBroker, *hears: str) -> MqttClient:
    return MqttClient(
        host=broker.host,
        port=broker.port,
        client_id="sender",
        subscriptions=[(topic_filter, 0) for topic_filter in hears],
        on_message=lambda _: None,
        username="devices",
        password=PASSWORDS["devices"],
    )


def test_an_ack_of_a_former_connection_is_not_sent(broker: RunningBroker, door: Door) -> None:
    with running(door.client), running(sender(broker)) as devices:
        devices.publish(TOPIC, b"one", qos=1)
        first = door.next()
        broker.kill()
        eventually(lambda: not door.client.connected)
        broker.start()
        assert not door.client.ack(first)
        eventually(lambda: door.client.connected and devices.connected)
        devices.publish(TOPIC, b"two", qos=1)
        second = door.next()
        assert second.epoch > first.epoch
        assert not door.client.ack(first)
        assert door.client.ack(second)


def test_a_handler_that_raises_ends_neither_thread_nor_connection(
    broker: RunningBroker, door: Door
) -> None:
    door.fail_on = b"bad"
    with running(door.client), running(sender(broker)) as devices:
        devices.publish(TOPIC, b"bad", qos=1)
        devices.publish(TOPIC, b"good", qos=1)
        assert [door.next().payload, door.next().payload] == [b"bad", b"good"]
        assert door.client.callback_failures == 1
        assert door.client.connected


def test_a_message_taken_at_qos_1_arrives_though_the_broker_is_killed(
    broker: RunningBroker, door: Door
) -> None:
    with running(door.client), running(sender(broker)) as devices:
        taken = [number for number in range(200) if devices.publish(TOPIC, b"%d" % number, qos=1)]
        broker.kill()
        broker.start()
        got: set[bytes] = set()
        while len(got) < len(taken):
            message = door.next(within_s=40)
            got.add(message.payload)
            door.client.ack(message)
        assert got == {b"%d" % number for number in taken}


def test_the_order_of_one_sender_is_kept(broker: RunningBroker, door: Door) -> None:
    with running(door.client), running(sender(broker)) as devices:
        for number in range(1_000):
            assert devices.publish(TOPIC, b"%d" % number)
        got = [door.next().payload for _ in range(1_000)]
        assert got == [b"%d" % number for number in range(1_000)]


def test_several_threads_may_publish_large_messages_at_once(
    broker: RunningBroker, door: Door
) -> None:
    with running(door.client), running(sender(broker)) as devices:

        def send(letter: bytes) -> None:
            for _ in range(20):
                while not devices.publish(TOPIC, letter * 200_000):
                    threading.Event().wait(0.001)

        threads = [threading.Thread(target=send, args=(letter,)) for letter in (b"a", b"b", b"c")]
        for thread in threads:
            thread.start()
        got = [door.next().payload for _ in range(60)]
        for thread in threads:
            thread.join()
    assert sorted(got) == sorted([letter * 200_000 for letter in (b"a", b"b", b"c")] * 20)


def test_a_subscription_that_the_broker_refuses_is_known(broker: RunningBroker) -> None:
    client = sender(broker, "huanwei/v1/ack/gw-test")
    with running(client):
        eventually(lambda: client.refused_subscriptions == {"huanwei/v1/ack/gw-test"})


def test_a_wrong_password_never_connects(broker: RunningBroker) -> None:
    client = MqttClient(
        host=broker.host,
        port=broker.port,
        client_id="stranger",
        subscriptions=[],
        on_message=lambda _: None,
        username="devices",
        password="wrong",  # noqa: S106  that is the point
    )
    client.start()
    threading.Event().wait(0.3)
    assert not client.connected
    assert not client.publish(TOPIC, b"x")
    client.stop()


def test_after_subscribing_anew_messages_still_arrive(broker: RunningBroker, door: Door) -> None:
    with running(door.client), running(sender(broker)) as devices:
        door.client.resubscribe()
        eventually(lambda: door.client.subscribed)
        devices.publish(TOPIC, b"one", qos=1)
        assert door.next().payload == b"one"
