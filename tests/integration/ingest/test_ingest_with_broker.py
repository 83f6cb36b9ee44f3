"""The whole of ingest against a real NATS server, with a stand-in for the gateway."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.records import RecordKind
from ingest.dead_letters import read_dead_letters
from ingest.history import SqliteHistory
from ingest.journal_stores import SqliteJournalStore
from ingest.metrics import IngestMetrics
from ingest.reasons import RefusalReason
from ingest.record_feed import SqliteRecordFeed
from ingest.service import IngestService
from storage.lock_file import FileInUseError
from storage.picture_folder import PictureFolder
from tests.fakes.ingest_samples import (
    BOOT,
    CAMERA,
    batch,
    fill_record,
    sample_registry,
    sensor_id,
    series_of_records,
)
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_registry import MemoryRegistry
from tests.servers import GATEWAY_ID, PASSWORDS, RunningBroker
from wire.acks import Ack, decode_ack
from wire.client import BrokerAddress, Message, MqttClient
from wire.pictures import PictureMessage, encode_picture
from wire.topics import (
    SHARDS,
    ack_topic,
    hello_topic,
    picture_topic,
    up_topic,
)

JPEG = b"\xff\xd8\xff" + bytes(1000)


def eventually(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    pause = threading.Event()
    for _ in range(int(within_s / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it did not happen in time")


class StandInGateway:
    """Publishes what a test says, and keeps the acks and hellos it hears."""

    def __init__(self, broker: RunningBroker) -> None:
        self.acks: list[Ack] = []
        self.hellos: set[str] = set()
        self.client = MqttClient(
            host=broker.host,
            port=broker.port,
            client_id=GATEWAY_ID,
            subscriptions=[(ack_topic(GATEWAY_ID), 0), ("huanwei/v1/hello/+", 0)],
            on_message=self._receive,
            username=GATEWAY_ID,
            password=PASSWORDS[GATEWAY_ID],
        )

    def _receive(self, message: Message) -> None:
        if message.topic == ack_topic(GATEWAY_ID):
            self.acks.append(decode_ack(message.payload))
        else:
            self.hellos.add(message.topic)

    def send(self, payload: bytes) -> None:
        assert self.client.publish(up_topic(GATEWAY_ID), payload)

    def send_picture(self, device_id: str = CAMERA) -> str:
        sha256 = hashlib.sha256(JPEG).hexdigest()
        message = PictureMessage(
            gateway_id=GATEWAY_ID, device_id=device_id, observed_at=START, sha256=sha256, jpeg=JPEG
        )
        assert self.client.publish(picture_topic(GATEWAY_ID), encode_picture(message))
        return sha256


@pytest.fixture
def gateway(broker: RunningBroker) -> Iterator[StandInGateway]:
    gateway = StandInGateway(broker)
    gateway.client.start()
    eventually(lambda: gateway.client.subscribed)
    yield gateway
    gateway.client.stop()


def open_ingest(broker: RunningBroker, folder: Path) -> IngestService:
    service = IngestService(
        clock=ManualClock(),
        registry=MemoryRegistry(sample_registry(gateway_id=GATEWAY_ID)),
        journal=SqliteJournalStore(folder / "journal.db"),
        series_path=folder / "series.db",
        pictures=PictureFolder(folder / "pictures"),
        broker=BrokerAddress(
            host=broker.host,
            port=broker.port,
            username="ingest",
            password=PASSWORDS["ingest"],
        ),
        metrics=IngestMetrics(CollectorRegistry()),
    )
    service.start()
    return service


def wait_until_ready(service: IngestService) -> None:
    eventually(lambda: not service.readiness())


def wait_for_acks(gateway: StandInGateway, acks: list[Ack]) -> None:
    eventually(lambda: gateway.acks == acks)


@pytest.fixture
def service(
    broker: RunningBroker, gateway: StandInGateway, tmp_path: Path
) -> Iterator[IngestService]:
    service = open_ingest(broker, tmp_path)
    wait_until_ready(service)
    yield service
    service.stop()


def payload_of(first: int, count: int) -> bytes:
    records = series_of_records(first + count - 1)[first - 1 :]
    return batch(dict(enumerate(records, first)), gateway_id=GATEWAY_ID)


def test_a_batch_comes_back_as_an_ack_and_stands_in_journal_and_series(
    gateway: StandInGateway, service: IngestService, tmp_path: Path
) -> None:
    gateway.send(payload_of(1, 40))
    eventually(lambda: bool(gateway.acks))
    assert gateway.acks == [Ack(boot_id=BOOT, through=40)]
    feed = SqliteRecordFeed(tmp_path / "journal.db")
    entries = feed.read(after=0, limit=100)  # what is acknowledged can be read at once
    assert [entry.record for entry in entries] == series_of_records(40)
    feed.close()
    history = SqliteHistory(tmp_path / "series.db")
    eventually(lambda: len(history.latest(RecordKind.FILL)) == 4)
    newest = series_of_records(40)[36:]
    assert history.latest(RecordKind.FILL) == {record.device_id: record for record in newest}
    history.close()


def test_ingest_says_hello_to_every_shard_when_it_comes(
    gateway: StandInGateway, service: IngestService
) -> None:
    eventually(lambda: gateway.hellos == {hello_topic(shard) for shard in range(SHARDS)})


def test_a_picture_is_acknowledged_when_it_lies_in_the_folder(
    gateway: StandInGateway, service: IngestService, tmp_path: Path
) -> None:
    sha256 = gateway.send_picture()
    eventually(lambda: bool(gateway.acks))
    assert gateway.acks == [Ack(pictures=(sha256,))]
    assert PictureFolder(tmp_path / "pictures").get(sha256) == JPEG


def test_hostile_payloads_stop_nothing(
    gateway: StandInGateway, service: IngestService, tmp_path: Path
) -> None:
    for payload in (b"", b"[" * 200_000, b"\xff\xfe\x00", b"x" * 300_000):
        gateway.send(payload)
        assert gateway.client.publish(picture_topic(GATEWAY_ID), payload)
    gateway.send(
        batch(
            {1: b'{"v":NaN}', 2: fill_record(), 3: fill_record(device_id="sensor-999")},
            gateway_id=GATEWAY_ID,
        )
    )
    eventually(lambda: Ack(boot_id=BOOT, through=3) in gateway.acks)
    reasons = {letter.reason for letter in read_dead_letters(tmp_path / "journal.db", limit=100)}
    assert reasons == {
        RefusalReason.UNREADABLE_BATCH,
        RefusalReason.UNREADABLE_PICTURE,
        RefusalReason.UNREADABLE_RECORD,
        RefusalReason.UNKNOWN_DEVICE,
    }
    assert service.readiness() == {}
    gateway.send(payload_of(4, 1))
    eventually(lambda: Ack(boot_id=BOOT, through=4) in gateway.acks)


def test_after_a_restart_a_resend_is_acknowledged_and_stored_once(
    broker: RunningBroker, gateway: StandInGateway, tmp_path: Path
) -> None:
    for times in (1, 2):
        service = open_ingest(broker, tmp_path)
        wait_until_ready(service)
        gateway.send(payload_of(1, 10))
        wait_for_acks(gateway, [Ack(boot_id=BOOT, through=10)] * times)
        service.stop()
        service.stop()  # the second time is no harm
    feed = SqliteRecordFeed(tmp_path / "journal.db")
    assert len(feed.read(after=0, limit=100)) == 10
    feed.close()


def test_a_broker_that_was_killed_is_found_again(
    broker: RunningBroker, gateway: StandInGateway, service: IngestService
) -> None:
    broker.kill()
    eventually(lambda: service.readiness().get("broker") == "not connected")
    broker.start()
    eventually(lambda: not service.readiness() and gateway.client.connected)

    def acknowledged() -> bool:
        gateway.client.publish(up_topic(GATEWAY_ID), payload_of(1, 1))
        return bool(gateway.acks)

    eventually(acknowledged)
    assert gateway.acks[0] == Ack(boot_id=BOOT, through=1)


def test_a_second_ingest_on_the_same_files_is_refused_and_leaves_nothing_open(
    broker: RunningBroker, service: IngestService, tmp_path: Path
) -> None:
    with pytest.raises(FileInUseError):
        open_ingest(broker, tmp_path)
    assert service.readiness() == {}


def test_the_latest_of_a_device_is_its_own(
    gateway: StandInGateway, service: IngestService, tmp_path: Path
) -> None:
    gateway.send(payload_of(1, 8))
    history = SqliteHistory(tmp_path / "series.db")
    eventually(lambda: sensor_id(3) in history.latest(RecordKind.FILL))
    at = series_of_records(8)[7].observed_at
    assert history.latest(RecordKind.FILL)[sensor_id(3)].observed_at == at
    history.close()
