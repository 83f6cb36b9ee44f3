"""The whole gateway against a real NATS server, with a stand-in for ingest that only acks."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.records import Record, RecordKind
from gateway.metrics import GatewayMetrics
from gateway.site import SiteGateway
from tests.fakes.manual_clock import START
from tests.fakes.memory_registry import MemoryRegistry
from tests.gateway_material import (
    DEV_EUI,
    LoopbackClock,
    device_payload,
    registry_of_site,
    uplink_payload,
)
from tests.servers import GATEWAY_ID, PASSWORDS, RunningBroker
from wire.acks import Ack, encode_ack
from wire.batches import decode_batch
from wire.client import BrokerAddress, Message, MqttClient
from wire.pictures import decode_picture
from wire.records import decode_record
from wire.topics import (
    PICTURE_FILTER,
    UP_FILTER,
    ack_topic,
    chirpstack_topic,
    device_topic,
    hello_topic,
    shard_of,
)

JPEG = b"\xff\xd8\xff" + bytes(1000)


def eventually(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    pause = threading.Event()
    for _ in range(int(within_s / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it did not happen in time")


class AckingIngest:
    """Takes batches as ingest does, keeps records by sequence, and acks when it is told to."""

    def __init__(self, broker: RunningBroker) -> None:
        self.records: dict[int, Record] = {}
        self.pictures: list[str] = []
        self.batches = 0
        self.acking = True
        self.client = client_of(
            broker,
            "ingest",
            [(UP_FILTER, 0), (PICTURE_FILTER, 0)],
            self._receive,
            on_connected=self.say_hello,
        )

    def say_hello(self) -> None:
        self.client.publish(hello_topic(shard_of(GATEWAY_ID)), b"")

    def _receive(self, message: Message) -> None:
        self.batches += 1
        if message.topic.startswith("huanwei/v1/picture"):
            picture = decode_picture(message.payload)
            self.pictures.append(picture.sha256)
            self._ack(Ack(pictures=(picture.sha256,)))
            return
        batch = decode_batch(message.payload)
        for sequence, body in batch.items:
            self.records[sequence] = decode_record(body)
        through = max(self.records)
        gaps = sorted(set(range(batch.oldest, through)) - self.records.keys())
        missing = tuple((gap, gap) for gap in gaps)
        self._ack(Ack(boot_id=batch.boot_id, through=through, missing=missing))

    def _ack(self, ack: Ack) -> None:
        if self.acking:
            self.client.publish(ack_topic(GATEWAY_ID), encode_ack(ack))

    def times(self) -> set[datetime]:
        return {record.observed_at for record in self.records.copy().values()}

    def values(self, kind: RecordKind) -> list[Record]:
        return [record for _, record in sorted(self.records.items()) if record.kind is kind]


def client_of(
    broker: RunningBroker,
    user: str,
    subscriptions: list[tuple[str, int]],
    on_message: Callable[[Message], None],
    on_connected: Callable[[], None] | None = None,
) -> MqttClient:
    return MqttClient(
        host=broker.host,
        port=broker.port,
        client_id=f"test-{user}",
        subscriptions=subscriptions,
        on_message=on_message,
        on_connected=on_connected,
        username=user,
        password=PASSWORDS[user],
    )


@pytest.fixture
def ingest(broker: RunningBroker) -> Iterator[AckingIngest]:
    ingest = AckingIngest(broker)
    ingest.client.start()
    eventually(lambda: ingest.client.connected)
    yield ingest
    ingest.client.stop()


@pytest.fixture
def devices(broker: RunningBroker) -> Iterator[MqttClient]:
    client = client_of(broker, "devices", [], lambda _: None)
    client.start()
    eventually(lambda: client.connected)
    yield client
    client.stop()


@pytest.fixture
def metrics() -> CollectorRegistry:
    return CollectorRegistry()


def open_gateway(
    broker: RunningBroker, tmp_path: Path, metrics: CollectorRegistry | None = None
) -> SiteGateway:
    gateway = SiteGateway(
        gateway_id=GATEWAY_ID,
        clock=LoopbackClock(),
        registry=MemoryRegistry(registry_of_site(GATEWAY_ID)),
        spool_path=tmp_path / "spool.db",
        broker=BrokerAddress(
            host=broker.host,
            port=broker.port,
            username=GATEWAY_ID,
            password=PASSWORDS[GATEWAY_ID],
        ),
        metrics=GatewayMetrics(metrics or CollectorRegistry()),
        acceptance_log=tmp_path / "accepted.jsonl",
    )
    gateway.start()
    return gateway


@pytest.fixture
def gateway(
    broker: RunningBroker, tmp_path: Path, metrics: CollectorRegistry
) -> Iterator[SiteGateway]:
    gateway = open_gateway(broker, tmp_path, metrics)
    eventually(lambda: not gateway.readiness())
    yield gateway
    gateway.stop()


def spooled(metrics: CollectorRegistry) -> float | None:
    return metrics.get_sample_value("huanwei_gateway_spooled_records")


def test_readings_of_both_kinds_of_device_reach_ingest_and_leave_the_spool(
    gateway: SiteGateway,
    ingest: AckingIngest,
    devices: MqttClient,
    metrics: CollectorRegistry,
    tmp_path: Path,
) -> None:
    devices.publish(device_topic("sensor-1"), device_payload("sensor-1", START, 500), qos=1)
    devices.publish(chirpstack_topic("app-1", DEV_EUI), uplink_payload(DEV_EUI, START, 500), qos=1)
    eventually(lambda: len(ingest.records) == 2)
    eventually(lambda: spooled(metrics) == 0)
    assert {record.device_id for record in ingest.records.values()} == {"sensor-1", "lora-1"}
    assert len((tmp_path / "accepted.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_an_emptying_is_told_once_with_the_time_of_the_first_low_reading(
    gateway: SiteGateway, ingest: AckingIngest, devices: MqttClient
) -> None:
    times = [START + timedelta(minutes=5 * step) for step in range(3)]
    for at, distance_mm in zip(times, (300, 1_050, 1_040), strict=True):
        devices.publish(
            device_topic("sensor-1"), device_payload("sensor-1", at, distance_mm), qos=1
        )
    eventually(lambda: len(ingest.records) == 4)
    (emptied,) = ingest.values(RecordKind.EMPTIED)
    assert emptied.observed_at == times[1]


def test_a_picture_reaches_ingest(gateway: SiteGateway, ingest: AckingIngest) -> None:
    sha256 = hashlib.sha256(JPEG).hexdigest()
    gateway.accept_picture("camera-1", START, sha256, JPEG)
    eventually(lambda: ingest.pictures == [sha256])


def test_a_hello_of_ingest_brings_what_it_never_acknowledged_again(
    gateway: SiteGateway, ingest: AckingIngest, devices: MqttClient, metrics: CollectorRegistry
) -> None:
    ingest.acking = False
    devices.publish(device_topic("sensor-1"), device_payload("sensor-1", START, 500), qos=1)
    eventually(lambda: ingest.batches == 1)
    ingest.acking = True
    ingest.say_hello()
    eventually(lambda: ingest.batches == 2)
    eventually(lambda: spooled(metrics) == 0)


def test_what_devices_send_while_the_gateway_is_down_arrives_later(
    broker: RunningBroker, tmp_path: Path, ingest: AckingIngest, devices: MqttClient
) -> None:
    first = open_gateway(broker, tmp_path)
    eventually(lambda: not first.readiness())
    devices.publish(device_topic("sensor-1"), device_payload("sensor-1", START, 500), qos=1)
    eventually(lambda: len(ingest.records) == 1)
    first.stop()
    for minute in range(1, 6):
        at = START + timedelta(minutes=minute)
        devices.publish(device_topic("sensor-1"), device_payload("sensor-1", at, 500), qos=1)
    second = open_gateway(broker, tmp_path)
    try:
        eventually(lambda: len(ingest.records) == 6)
    finally:
        second.stop()


def test_a_killed_broker_loses_nothing_that_was_accepted(
    gateway: SiteGateway,
    broker: RunningBroker,
    ingest: AckingIngest,
    metrics: CollectorRegistry,
    devices: MqttClient,
    tmp_path: Path,
) -> None:
    for minute in range(300):
        at = START + timedelta(minutes=minute)
        devices.publish(device_topic("sensor-1"), device_payload("sensor-1", at, 500), qos=1)
    eventually(lambda: (tmp_path / "accepted.jsonl").stat().st_size > 0)
    broker.kill()
    broker.start()
    accepted = tmp_path / "accepted.jsonl"
    eventually(lambda: len(ingest.times()) == 300, within_s=40)
    eventually(lambda: spooled(metrics) == 0, within_s=30)
    lines = accepted.read_bytes().count(b"\n")
    assert sorted(ingest.records) == list(range(1, lines + 1))


def test_a_refused_message_is_counted_and_harms_no_other(
    gateway: SiteGateway, ingest: AckingIngest, devices: MqttClient, metrics: CollectorRegistry
) -> None:
    devices.publish(device_topic("sensor-1"), b"[" * 4000, qos=1)
    devices.publish(device_topic("sensor-9"), device_payload("sensor-9", START, 500), qos=1)
    devices.publish(device_topic("sensor-1"), device_payload("sensor-1", START, 500), qos=1)
    eventually(lambda: len(ingest.records) == 1)

    def refused(reason: str) -> float | None:
        labels = {"source": "devices", "reason": reason}
        return metrics.get_sample_value("huanwei_gateway_refused_total", labels)

    assert refused("unknown_device") == 1
    assert sum(refused(reason) or 0 for reason in ("wrong_shape", "malformed", "too_deep")) == 1
