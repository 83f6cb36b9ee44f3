import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from huanwei.broker.cap import cap_stored_messages
from huanwei.broker.nats_server import find_nats_server, prepare_broker
from huanwei.broker.users import users_of_one_site
from storage.lock_file import FileInUseError
from tests.servers import GATEWAY_ID, RunningBroker
from wire.client import Message, MqttClient
from wire.topics import UP_FILTER, ack_topic, device_topic, up_topic


def client(
    broker: RunningBroker,
    user: str,
    *,
    hears: str | None = None,
    on_message: Callable[[Message], None] = lambda _message: None,
    on_connected: Callable[[], None] | None = None,
) -> MqttClient:
    return MqttClient(
        host=broker.host,
        port=broker.port,
        client_id=f"test-{user}",
        username=user,
        password=broker.passwords[user],
        subscriptions=[(hears, 0)] if hears else [],
        on_message=on_message,
        on_connected=on_connected,
    )


def until(condition: Callable[[], bool], *, within_s: float = 5.0) -> bool:
    for _ in range(int(within_s / 0.01)):
        if condition():
            return True
        threading.Event().wait(0.01)
    return condition()


def test_a_user_is_heard_only_on_its_own_topics(broker: RunningBroker) -> None:
    heard: list[str] = []
    ingest = client(broker, "ingest", hears=UP_FILTER, on_message=lambda m: heard.append(m.topic))
    gateway = client(broker, GATEWAY_ID)
    devices = client(broker, "devices")
    parts = [ingest, gateway, devices]
    for part in parts:
        part.start()
    try:
        assert until(lambda: all(part.connected for part in parts))
        threading.Event().wait(0.1)
        devices.publish(up_topic(GATEWAY_ID), b"forged by a device")
        gateway.publish(up_topic("gw-other"), b"forged for another gateway")
        ingest.publish(device_topic("bin-one"), b"ingest is no device")
        gateway.publish(up_topic(GATEWAY_ID), b"own")
        assert until(lambda: heard == [up_topic(GATEWAY_ID)])
    finally:
        for part in parts:
            part.stop()

    assert heard == [up_topic(GATEWAY_ID)]


def test_a_device_may_not_listen_to_acks(broker: RunningBroker) -> None:
    devices = client(broker, "devices", hears=ack_topic(GATEWAY_ID))
    devices.start()
    try:
        assert until(lambda: bool(devices.refused_subscriptions))
    finally:
        devices.stop()


def test_the_stored_stream_is_capped_once_there_is_one(broker: RunningBroker) -> None:
    assert not cap_stored_messages(broker.ports, broker.passwords["admin"])
    gateway = client(broker, GATEWAY_ID)
    gateway.start()
    try:
        assert until(lambda: gateway.connected)
        assert until(lambda: cap_stored_messages(broker.ports, broker.passwords["admin"]))
    finally:
        gateway.stop()


def test_two_launchers_cannot_share_a_store(broker: RunningBroker, tmp_path: Path) -> None:
    users = users_of_one_site(
        gateway_id="gw-two",
        gateway_password="x",  # noqa: S106  never used to connect
        ingest_password="x",  # noqa: S106
        devices_password="x",  # noqa: S106
        admin_password="x",  # noqa: S106
    )

    with pytest.raises(FileInUseError, match=r"store\.lock is in use by process \d+"):
        prepare_broker(tmp_path / "broker", broker.ports, users)


def test_a_server_on_the_path_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "nats-server"
    shutil.copyfile("/bin/true", own)
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_nats_server() == own
