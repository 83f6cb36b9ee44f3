"""Hostile and broken messages through the real broker: each refused with a reason, none harmful."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.records import FillReading, MeasurementQuality, Record, UplinkId
from huanwei.run_files import JOURNAL
from ingest.record_feed import SqliteRecordFeed
from tests import loopback
from tests.whole_run import GATEWAY_ID, WholeRun, distance_of, small_registry, until
from wire.batches import UplinkBatch, encode_batch
from wire.client import MqttClient
from wire.device_messages import DeviceMessage, encode_device_message
from wire.records import encode_record
from wire.topics import device_topic, picture_topic, up_topic

pytestmark = pytest.mark.takes_s(12)

GOOD_READINGS = 40
BOOT_ID = "00000000deadbeef"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[WholeRun]:
    whole = WholeRun(tmp_path / "run", small_registry(3, webhook_url="http://127.0.0.1:9/none"))
    whole.start("broker")
    whole.wait_ready("broker")
    whole.start("edge", "ingest")
    whole.wait_ready("edge", "ingest")
    yield whole
    whole.stop()


def client_of(run: WholeRun, user: str, password: str) -> MqttClient:
    return MqttClient(
        host="127.0.0.1",
        port=run.settings.broker.mqtt_port,
        client_id=f"hostile-{user}",
        username=user,
        password=password,
        subscriptions=[],
        on_message=lambda _message: None,
    )


def message_of(device_id: str, observed_at: datetime) -> bytes:
    return encode_device_message(
        DeviceMessage(
            device_id=device_id, observed_at=observed_at, distances_mm=(distance_of(0.4),) * 5
        )
    )


def hostile_device_messages(now: datetime) -> list[tuple[str, bytes]]:
    """Return (topic, payload) of every kind of bad message at the device door."""
    topic, good = device_topic("bin-001"), message_of("bin-001", now)
    with_value = good.replace(b'"distances_mm":[', b'"distances_mm":[%s,')
    deep = b"[" * 5_000 + b"]" * 5_000
    return [
        (topic, b""),
        (topic, b"\xff\xfe not json"),
        (topic, good[: len(good) // 2]),
        (topic, deep),
        (topic, b'{"v":1,"device_id":"bin-001","observed_at":' + deep + b"}"),
        (topic, b"x" * 600_000),
        (topic, with_value % b"NaN"),
        (topic, with_value % b"1e999"),
        (topic, with_value % b'"12"'),
        (topic, with_value % b"true"),
        (topic, good.replace(b'"v":1', b'"v":1,"extra":1')),
        (topic, good.replace(b'"v":1', b'"v":99')),
        (topic, message_of("bin-002", now)),
        (topic, message_of("bin-001", datetime(1970, 1, 1, tzinfo=UTC))),
        (topic, message_of("bin-001", datetime(2099, 1, 1, tzinfo=UTC))),
        (device_topic("bin-999"), message_of("bin-999", now)),
        ("huanwei/v1/dev/BIN-1/up", good),
        ("application/one/device/0011223344556677/event/up", b'{"data":"!!!"}'),
    ]


def hostile_batches(now: datetime) -> list[bytes]:
    """Return batches that a broken gateway might send: all bad but for one record."""

    def record(device_id: str, at: datetime) -> bytes:
        values = FillReading(
            measurement_quality=MeasurementQuality.ACCEPTED, filling_level=0.2, distance_mm=900
        )
        return encode_record(
            Record(device_id=device_id, observed_at=at, gateway_at=now, values=values)
        )

    items = (
        (1, record("bin-002", now)),
        (2, record("bin-999", now)),
        (3, b"{not json}"),
        (4, record("bin-002", datetime(1970, 1, 1, tzinfo=UTC))),
        (5, record("bin-002", datetime(2099, 1, 1, tzinfo=UTC))),
        (6, b"[" * 400 + b"]" * 400),
    )
    whole = encode_batch(UplinkBatch(gateway_id=GATEWAY_ID, boot_id=BOOT_ID, oldest=1, items=items))
    other = encode_batch(
        UplinkBatch(gateway_id="gw-other", boot_id=BOOT_ID, oldest=1, items=items[:1])
    )
    return [whole, whole, b"", b"\x00" * 100, whole[: len(whole) // 3], other]


def metric(url: str, name: str) -> float:
    text = loopback.get(f"{url}/metrics").text
    return sum(
        float(v) for v in re.findall(rf"^{name}(?:{{.*}})? ([0-9.e+]+)$", text, re.MULTILINE)
    )


def listing(run: WholeRun, command: str) -> set[str]:
    """Return the reasons that a listing command prints for scripts."""
    done = subprocess.run(
        (
            *(sys.executable, "-m", "huanwei", command, "--settings", str(run.path)),
            *("--json", "--limit", "1000"),
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    return {row["reason"] for row in json.loads(done.stdout)}


def send_good_between_bad(run: WholeRun, now: datetime) -> None:
    devices = client_of(run, "devices", run.settings.broker.devices_password.get_secret_value())
    gateway = client_of(run, GATEWAY_ID, run.settings.broker.gateway_password.get_secret_value())
    devices.start()
    gateway.start()
    bad = hostile_device_messages(now)
    try:
        assert until(lambda: devices.connected and gateway.connected, within_s=10)
        for number in range(GOOD_READINGS):
            assert devices.publish(*bad[number % len(bad)], qos=1)
            good = message_of("bin-000", now + timedelta(milliseconds=number))
            assert devices.publish(device_topic("bin-000"), good, qos=1)
        for payload in hostile_batches(now):
            assert gateway.publish(up_topic(GATEWAY_ID), payload)
        assert gateway.publish(picture_topic(GATEWAY_ID), b"not a picture message")
        assert gateway.publish(picture_topic(GATEWAY_ID), b"\x93" * 250_000)
        edge = f"http://127.0.0.1:{run.settings.edge.health_port}"
        refused = "huanwei_gateway_refused_total"
        assert until(lambda: metric(edge, refused) >= GOOD_READINGS, within_s=20)
    finally:
        devices.stop()
        gateway.stop()


def test_bad_input_is_refused_with_a_reason_and_harms_no_other_device(run: WholeRun) -> None:
    send_good_between_bad(run, run.clock.now())

    feed = SqliteRecordFeed(run.settings.run.data / JOURNAL)
    try:
        until(lambda: len(feed.read(after=0, limit=1_000)) > GOOD_READINGS, within_s=20)
        journalled = feed.read(after=0, limit=1_000)
    finally:
        feed.close()
    by_device = [entry.record.device_id for entry in journalled]
    assert by_device.count("bin-000") == GOOD_READINGS
    assert [e.uplink_id for e in journalled if e.record.device_id == "bin-002"] == [
        UplinkId(gateway_id=GATEWAY_ID, boot_id=BOOT_ID, sequence=1)
    ]
    assert set(by_device) == {"bin-000", "bin-002"}
    edge = f"http://127.0.0.1:{run.settings.edge.health_port}"
    ingest = f"http://127.0.0.1:{run.settings.ingest.health_port}"
    assert metric(edge, "huanwei_gateway_refused_total") == GOOD_READINGS
    assert loopback.get(f"{edge}/readyz").status_code == 200
    assert loopback.get(f"{ingest}/readyz").status_code == 200
    assert listing(run, "dead-letters") >= {
        "unknown_device",
        "unreadable_record",
        "unreadable_batch",
        "unreadable_picture",
        "observed_before_2020",
        "observed_in_future",
    }
    assert listing(run, "refused-messages") >= {
        "empty",
        "malformed",
        "too_large",
        "id_mismatch",
        "unknown_device",
        "bad_topic",
        "observed_before_2020",
        "observed_in_future",
    }
