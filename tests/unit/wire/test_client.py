"""What the client promises without a broker; with one: tests/integration/wire."""

import pytest

from wire.client import Message, MqttClient


def new_client(client_id: str = "test-client") -> MqttClient:
    return MqttClient(
        host="127.0.0.1",
        port=1,
        client_id=client_id,
        subscriptions=[],
        on_message=lambda _: None,
        manual_ack=True,
    )


@pytest.mark.parametrize("client_id", ["", "a.b", "a b", "a*", "x" * 65, "a/b"])
def test_a_client_id_that_a_broker_refuses_is_refused_here(client_id: str) -> None:
    with pytest.raises(ValueError, match="client_id"):
        new_client(client_id)


def test_nothing_is_taken_without_a_connection() -> None:
    client = new_client()
    assert not client.connected
    assert not client.publish("huanwei/v1/up/1/gw-1", b"x")
    assert not client.publish("huanwei/v1/up/1/gw-1", b"x", qos=1)
    assert not client.ack(Message("t", b"", 1, retained=False, mid=1, epoch=0))


def test_a_client_that_finds_no_broker_stops_at_once_and_twice() -> None:
    client = new_client()
    client.start()
    client.stop()
    client.stop()
    assert not client.connected
