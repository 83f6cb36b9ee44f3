"""A device is itself only, and only by TLS: at the real brokers, with the files that we ship."""

import os
import shutil
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from huanwei.broker.accounts import write_accounts
from huanwei.broker.device_passwords import FILE_NAME, read_passwords
from huanwei.broker.nats_server import BrokerPorts, prepare_broker
from huanwei.new_run import write_settings
from huanwei.settings import load_settings
from tests.certificates import Authority
from tests.servers import free_ports, skip_without
from tests.whole_run import GATEWAY_ID, small_registry
from wire.client import Message, MqttClient
from wire.tls import Tls, UnusableTlsFilesError
from wire.topics import DEVICE_FILTER, UP_FILTER, ack_topic, device_topic, up_topic

DEPLOY = Path(__file__).parents[3] / "deploy"
DEVICE, OTHER_DEVICE = "bin-000", "bin-001"


class TlsBroker:
    """A broker with TLS and an account per device, started with the project's own files."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.authority = Authority(folder / "authority")
        server = self.authority.issue("server")
        settings = load_settings(write_settings(folder / "run", gateway_id=GATEWAY_ID))
        self.accounts = folder / "accounts"
        registry = small_registry(2, webhook_url="http://127.0.0.1:9/")
        said: list[str] = []
        write_accounts(
            settings,
            registry,
            self.accounts,
            kind="nats" if kind == "nats" else "mosquitto",
            yes=True,
            say=said.append,
        )
        broker = settings.broker
        self.passwords = {
            **read_passwords(self.accounts / FILE_NAME),
            "ingest": broker.ingest_password.get_secret_value(),
            GATEWAY_ID: broker.gateway_password.get_secret_value(),
        }
        self.port = free_ports(1)[0]
        environment: dict[str, str] = {}
        if kind == "nats":
            _, administration, monitoring = free_ports(3)
            ports = BrokerPorts(
                host="127.0.0.1",
                mqtt=self.port,
                administration=administration,
                monitoring=monitoring,
            )
            prepared = prepare_broker(folder / "broker", ports, ())
            prepared.store_lock.release()
            shutil.copyfile(DEPLOY / "nats/nats-server-tls.conf", folder / "broker/tls.conf")
            shutil.copytree(self.accounts, folder / "broker/accounts")
            environment = {
                **prepared.environment,
                "HUANWEI_MQTT_CERTIFICATE": f'"{server.certificate}"',
                "HUANWEI_MQTT_KEY": f'"{server.key}"',
            }
            command = [prepared.command[0], "-c", str(folder / "broker/tls.conf")]
        else:
            text = (DEPLOY / "mosquitto/mosquitto-tls.conf").read_text("utf-8")
            for shipped, here in {
                "listener 8883 0.0.0.0": f"listener {self.port} 127.0.0.1",
                "/mosquitto/accounts": str(self.accounts),
                "/mosquitto/tls/server.pem": str(server.certificate),
                "/mosquitto/tls/server.key": str(server.key),
                "/mosquitto/data/": f"{folder}/",
                # Started by root it becomes another user, whom pytest's folders are closed to.
                "per_listener_settings": "user root\nper_listener_settings",
            }.items():
                assert shipped in text
                text = text.replace(shipped, here)
            (folder / "mosquitto.conf").write_text(text, "utf-8")
            found = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
            skip_without("mosquitto", found)
            command = [str(found), "-c", str(folder / "mosquitto.conf")]
        log = (folder / "broker.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environment}, stdout=log, stderr=log
            )
        self._wait_for_port(folder / "broker.log")

    def client(
        self,
        user: str,
        *,
        hears: tuple[str, ...] = (),
        on_message: Callable[[Message], None] = lambda _message: None,
        password: str | None = None,
        tls: Tls | None = None,
    ) -> MqttClient:
        return MqttClient(
            host="127.0.0.1",
            port=self.port,
            client_id=f"test-{user}",
            username=user,
            password=password or self.passwords[user],
            tls=tls or Tls(authority=self.authority.certificate),
            subscriptions=[(topic, 0) for topic in hears],
            on_message=on_message,
        )

    def _wait_for_port(self, log: Path) -> None:
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                threading.Event().wait(0.02)
            else:
                return
        self.stop()
        raise AssertionError(f"the broker did not start: {log.read_text('utf-8')[-2000:]}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture(scope="module", params=["nats", "mosquitto"])
def tls_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TlsBroker]:
    running = TlsBroker(tmp_path_factory.mktemp("tls"), request.param)
    from tests.conftest import _SERVERS_OF_THE_RUN  # noqa: PLC0415

    _SERVERS_OF_THE_RUN.add(running._process.pid)
    yield running
    running.stop()


def until(condition: Callable[[], bool], *, within_s: float = 5.0) -> bool:
    for _ in range(int(within_s / 0.01)):
        if condition():
            return True
        threading.Event().wait(0.01)
    return condition()


def test_a_device_is_heard_on_its_own_topic_only(tls_broker: TlsBroker) -> None:
    heard: list[str] = []
    gateway = tls_broker.client(
        GATEWAY_ID, hears=(DEVICE_FILTER,), on_message=lambda m: heard.append(m.topic)
    )
    ingest = tls_broker.client(
        "ingest", hears=(UP_FILTER,), on_message=lambda m: heard.append(m.topic)
    )
    device, other = tls_broker.client(DEVICE), tls_broker.client(OTHER_DEVICE)
    parts = [gateway, ingest, device, other]
    for part in parts:
        part.start()
    try:
        assert until(lambda: all(part.connected for part in parts) and gateway.subscribed)
        assert until(lambda: ingest.subscribed)
        device.publish(device_topic(OTHER_DEVICE), b"as another device")
        device.publish(up_topic(GATEWAY_ID), b"as a gateway")
        device.publish(f"application/a/device/{DEVICE}/event/up", b"as a network server")
        device.publish(device_topic(DEVICE), b"as itself")
        assert until(lambda: device_topic(DEVICE) in heard)
        other.publish(device_topic(OTHER_DEVICE), b"the other as itself")
        assert until(lambda: len(heard) == 2)
    finally:
        for part in parts:
            part.stop()

    assert heard == [device_topic(DEVICE), device_topic(OTHER_DEVICE)]


def test_a_device_hears_nothing(tls_broker: TlsBroker) -> None:
    heard: list[str] = []
    device = tls_broker.client(
        DEVICE,
        hears=(device_topic(DEVICE), ack_topic(GATEWAY_ID), "#"),
        on_message=lambda m: heard.append(m.topic),
    )
    gateway = tls_broker.client(GATEWAY_ID)
    ingest = tls_broker.client("ingest")
    sender = tls_broker.client(OTHER_DEVICE)
    parts = [device, gateway, ingest, sender]
    for part in parts:
        part.start()
    try:
        assert until(lambda: all(part.connected for part in parts))
        # NATS says no at once; Mosquitto grants the subscription and delivers nothing.
        assert until(lambda: device.subscribed or bool(device.refused_subscriptions))
        ingest.publish(ack_topic(GATEWAY_ID), b"for the gateway")
        sender.publish(device_topic(OTHER_DEVICE), b"for the gateway")
        device.publish(device_topic(DEVICE), b"own")
        threading.Event().wait(0.2)
    finally:
        for part in parts:
            part.stop()

    assert heard == []


def test_who_cannot_prove_both_sides_is_not_connected(
    tls_broker: TlsBroker, tmp_path: Path
) -> None:
    foreign = Tls(authority=Authority(tmp_path / "foreign").certificate)
    own = Tls(authority=tls_broker.authority.certificate)
    password = tls_broker.passwords[DEVICE]
    attempts = {
        "the right one": ("127.0.0.1", password, own),
        "wrong password": ("127.0.0.1", "x" * 32, own),
        "password of another": ("127.0.0.1", tls_broker.passwords[OTHER_DEVICE], own),
        "foreign authority": ("127.0.0.1", password, foreign),
        "no encryption": ("127.0.0.1", password, None),
        # The certificate is for 127.0.0.1, not for this name, which leads to the same socket.
        "another name": ("localhost", password, own),
    }
    clients = {
        name: MqttClient(
            host=host,
            port=tls_broker.port,
            client_id=name.replace(" ", "-"),
            username=DEVICE,
            password=secret,
            tls=tls,
            subscriptions=(),
            on_message=lambda _: None,
        )
        for name, (host, secret, tls) in attempts.items()
    }
    for client in clients.values():
        client.start()
    try:
        assert until(lambda: clients["the right one"].connected)
        threading.Event().wait(0.5)
        connected = [name for name, client in clients.items() if client.connected]
    finally:
        for client in clients.values():
            client.stop()

    assert connected == ["the right one"]


def test_passwords_are_the_owners_alone_and_the_brokers_files_have_only_hashes(
    tls_broker: TlsBroker,
) -> None:
    for path in tls_broker.accounts.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        if path.name != FILE_NAME:
            text = path.read_text("utf-8")
            assert DEVICE in text
            assert not [name for name, each in tls_broker.passwords.items() if each in text]


def test_tls_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("no certificate", "ascii")

    with pytest.raises(UnusableTlsFilesError, match=r"ca\.pem"):
        Tls(authority=empty).context()
