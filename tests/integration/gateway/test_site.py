import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.checks import InvalidValueError
from domain.records import Emptied, Record
from gateway.errors import SpoolFailedError, SpoolFullError
from gateway.metrics import GatewayMetrics
from gateway.site import GatewayRules, SiteGateway
from gateway.spool import SpoolLimits
from storage.lock_file import FileInUseError
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_registry import MemoryRegistry
from tests.gateway_material import registry_of_site
from wire.client import BrokerAddress

RECORD = Record(
    device_id="camera-1",
    observed_at=START,
    gateway_at=START,
    values=Emptied(level_before=0.8, level_after=0.1),
)


def new_gateway(folder: Path, registry: CollectorRegistry | None = None) -> SiteGateway:
    return SiteGateway(
        gateway_id="gw-1",
        clock=ManualClock(),
        registry=MemoryRegistry(registry_of_site("gw-1")),
        spool_path=folder / "spool.db",
        broker=BrokerAddress(host="127.0.0.1", port=1),
        metrics=GatewayMetrics(registry or CollectorRegistry()),
        acceptance_log=folder / "log" / "accepted.jsonl",
        rules=GatewayRules(spool=SpoolLimits(records=2, pictures=2)),
    )


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[SiteGateway]:
    gateway = new_gateway(tmp_path)
    yield gateway
    gateway.stop()


def put_picture(gateway: SiteGateway, jpeg: bytes) -> None:
    gateway.accept_picture("camera-1", START, hashlib.sha256(jpeg).hexdigest(), jpeg)


def test_a_record_is_durable_when_accept_returns(gateway: SiteGateway, tmp_path: Path) -> None:
    gateway.accept([RECORD])
    gateway.stop()
    again = new_gateway(tmp_path)
    assert again.boot_id == gateway.boot_id
    again.accept([RECORD])
    again.stop()
    lines = (tmp_path / "log" / "accepted.jsonl").read_text(encoding="ascii").splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == [1, 2]


def test_without_a_broker_records_are_accepted_until_the_spool_is_full(
    gateway: SiteGateway,
) -> None:
    gateway.start()
    gateway.accept([RECORD, RECORD])
    with pytest.raises(SpoolFullError):
        gateway.accept([RECORD])


def test_it_says_what_it_misses(gateway: SiteGateway) -> None:
    gateway.start()
    assert gateway.readiness().keys() == {"uplink", "door_devices", "door_chirpstack"}


def test_a_second_gateway_on_the_same_file_is_refused(gateway: SiteGateway, tmp_path: Path) -> None:
    with pytest.raises(FileInUseError):
        new_gateway(tmp_path)


def test_a_file_that_fails_is_said_loudly(gateway: SiteGateway) -> None:
    with gateway._file.transaction() as connection:
        connection.execute("DROP TABLE record")
    with pytest.raises(SpoolFailedError):
        gateway.accept([RECORD])
    assert gateway.failed.is_set()
    assert "spool" in gateway.readiness()


def test_pictures_push_out_the_oldest_and_are_counted(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    gateway = new_gateway(tmp_path, registry)
    for number in range(5):
        put_picture(gateway, bytes([number]))
    gateway.stop()
    assert registry.get_sample_value("huanwei_gateway_pictures_dropped_total") == 3


def test_a_picture_that_is_too_large_is_refused(gateway: SiteGateway) -> None:
    with pytest.raises(InvalidValueError):
        put_picture(gateway, bytes(256 * 1024 + 1))


def test_stopping_twice_is_no_error(gateway: SiteGateway) -> None:
    gateway.start()
    gateway.stop()
    gateway.stop()
