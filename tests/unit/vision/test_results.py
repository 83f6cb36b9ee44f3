import subprocess
import sys
import threading
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from domain.records import CameraHealth, Record, SnapshotVerdicts
from tests.fakes.manual_clock import ManualClock
from tests.fakes.sample_pictures import street_camera
from vision.metrics import VisionMetrics
from vision.result_queue import MOST_PICTURES, MOST_RESULTS, ResultQueue
from vision.results import (
    Beat,
    Looked,
    SnapshotResult,
    UnreadableMessageError,
    decode_message,
    encode_message,
)
from vision.unknown_verdicts import failed_camera

AT = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
VALUES = failed_camera(street_camera(), CameraHealth.DARK)


def result(number: int = 0, jpeg: bytes | None = None) -> SnapshotResult:
    return SnapshotResult(
        record=Record(device_id=f"cam-{number:05d}", observed_at=AT, gateway_at=AT, values=VALUES),
        jpeg=jpeg,
    )


class Gateway:
    """Takes results, or refuses them while a test says so."""

    def __init__(self) -> None:
        self.taken: list[SnapshotResult] = []
        self.refusing = False
        self.offered = threading.Semaphore(0)

    def take(self, offered: SnapshotResult) -> None:
        self.offered.release()
        if self.refusing:
            msg = "the disk is full"
            raise OSError(msg)
        self.taken.append(offered)


def queue_to(gateway: Gateway) -> tuple[ResultQueue, CollectorRegistry]:
    registry = CollectorRegistry()
    metrics = VisionMetrics(registry)
    return ResultQueue(on_result=gateway.take, clock=ManualClock(), metrics=metrics), registry


def dropped(registry: CollectorRegistry, reason: str) -> float:
    name = "huanwei_vision_results_dropped_total"
    return registry.get_sample_value(name, {"reason": reason}) or 0.0


def test_what_the_child_says_arrives_as_it_was_said() -> None:
    message = Looked(device_id="cam-01", observed_at=AT, values=VALUES, jpeg=b"jpeg")
    read = decode_message(encode_message(message))
    assert read == message
    assert isinstance(read, Looked)
    assert read.result(AT).record.values == VALUES
    beat = Beat(busy_with="cam-01", counts={"judged": 3})
    assert decode_message(encode_message(beat)) == beat


@given(st.binary(max_size=300))
def test_a_child_that_was_taken_over_can_say_nothing_but_verdicts(payload: bytes) -> None:
    try:
        message = decode_message(payload)
    except UnreadableMessageError:
        return
    assert isinstance(message, Beat | Looked)


def test_values_that_the_domain_refuses_are_refused_from_the_child_too() -> None:
    forged = msgspec.msgpack.encode(
        {
            "type": "looked",
            "device_id": "cam-01",
            "observed_at": AT,
            "values": {"camera_health": "ok", "verdicts": [], "picture_sha256": "no hash"},
        }
    )
    with pytest.raises(UnreadableMessageError):
        decode_message(forged)
    with pytest.raises(UnreadableMessageError):
        Looked(device_id="../../etc", observed_at=AT, values=VALUES).result(AT)


def test_a_result_stays_queued_until_it_was_taken_and_keeps_its_place() -> None:
    gateway = Gateway()
    gateway.refusing = True
    queue, _ = queue_to(gateway)
    queue.start()
    for number in range(3):
        queue.put(result(number))
    assert gateway.offered.acquire(timeout=5)
    assert gateway.taken == []
    gateway.refusing = False
    queue.stop()
    assert [taken.record.device_id for taken in gateway.taken] == [
        "cam-00000",
        "cam-00001",
        "cam-00002",
    ]


def test_pictures_are_given_up_before_verdicts_and_both_are_counted() -> None:
    gateway = Gateway()
    queue, registry = queue_to(gateway)
    for number in range(MOST_RESULTS + 5):
        queue.put(result(number, jpeg=b"jpeg"))
    assert dropped(registry, "queue_full") == 5
    assert dropped(registry, "picture_given_up") == MOST_RESULTS + 5 - MOST_PICTURES
    queue.start()
    queue.stop()
    assert len(gateway.taken) == MOST_RESULTS
    assert sum(taken.jpeg is not None for taken in gateway.taken) == MOST_PICTURES
    assert gateway.taken[-1].record.device_id == f"cam-{MOST_RESULTS + 4:05d}"


def test_the_parents_side_loads_no_opencv() -> None:
    code = "import sys, vision.child, vision.photo_intake; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_camera_that_gave_nothing_says_unknown_with_the_reason() -> None:
    values: SnapshotVerdicts = failed_camera(street_camera(), CameraHealth.UNREACHABLE)
    assert {reason for v in values.verdicts for reason in v.reasons} == {"camera_unreachable"}
