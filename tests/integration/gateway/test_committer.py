import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.records import Emptied, Record
from gateway.acceptance import Acceptance, AcceptanceLog
from gateway.committer import Committer
from gateway.device_door import Arrival, DeviceDoor, Source
from gateway.emptying import EmptyingRule
from gateway.errors import RefusalReason, SpoolFailedError, SpoolFullError
from gateway.filling import FillingLimits
from gateway.intake import MessageIntake
from gateway.metrics import GatewayMetrics
from gateway.refusals import MOST_KEPT, Refusal, RefusalLog, read_refusals
from gateway.sources import read_own_device
from gateway.spool import SpoolLimits
from gateway.spool_file import SpoolFile
from gateway.sqlite_spool import SqliteSpool
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.recording_connection import RecordingConnection
from tests.gateway_material import device_payload, registry_of_site
from wire.client import Message
from wire.topics import DEVICE_FILTER, device_probe_topic, device_topic

GATEWAY = "gw-1"


class Bench:
    """A committer over a real file, with a recorded connection."""

    def __init__(self, folder: Path, *, room: int) -> None:
        self.path = folder / "spool.db"
        self.log_path = folder / "accepted.jsonl"
        self.file = SpoolFile(self.path)
        self.spool = SqliteSpool(self.file, SpoolLimits(records=room))
        self.log = AcceptanceLog(self.log_path)
        self.registry = CollectorRegistry()
        self.connection = RecordingConnection()
        self.inbox: queue.Queue[Arrival] = queue.Queue()
        self.failures: list[str] = []
        self.woken = 0
        clock = ManualClock()
        metrics = GatewayMetrics(self.registry)
        self.door = DeviceDoor(
            Source(
                name="devices",
                topic_filter=DEVICE_FILTER,
                probe_topic=device_probe_topic(GATEWAY),
                read=read_own_device,
            ),
            inbox=self.inbox,
            clock=clock,
            metrics=metrics,
        )
        self.door.attach(self.connection)
        self.acceptance = Acceptance(
            gateway_id=GATEWAY,
            spool=self.spool,
            metrics=metrics,
            on_accepted=self._wake,
            log=self.log,
        )
        self.committer = Committer(
            inbox=self.inbox,
            doors=[self.door],
            intake=MessageIntake(
                gateway_id=GATEWAY,
                emptying=EmptyingRule(),
                limits=FillingLimits(),
                notes=self.spool.notes(),
            ),
            acceptance=self.acceptance,
            refusals=RefusalLog(self.file),
            registry=MemoryRegistry(registry_of_site(GATEWAY)),
            clock=clock,
            metrics=metrics,
            on_failed=self.failures.append,
            retry_s=0.02,
        )

    def _wake(self) -> None:
        self.woken += 1

    def arrival(self, payload: bytes, mid: int = 1) -> Arrival:
        return Arrival(
            self.door,
            Message(device_topic("sensor-1"), payload, 1, retained=False, mid=mid, epoch=1),
        )

    def is_full(self) -> bool:
        return self.committer.full

    def acked(self) -> list[int]:
        return [message.mid for message in self.connection.acked]

    def close(self) -> None:
        self.committer.stop()
        self.log.close()
        self.file.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, room=100)
    yield bench
    bench.close()


GOOD = device_payload("sensor-1", START, 600)


def test_a_group_is_committed_logged_and_only_then_acknowledged(bench: Bench) -> None:
    bench.committer.commit([bench.arrival(GOOD, 1), bench.arrival(GOOD, 2)])
    assert bench.spool.extent().records == 2
    assert bench.acked() == [1, 2]
    assert bench.woken == 1
    lines = [json.loads(line) for line in bench.log_path.read_text(encoding="utf-8").splitlines()]
    assert [line["sequence"] for line in lines] == [1, 2]
    assert lines[0] == {
        "gateway_id": GATEWAY,
        "boot_id": bench.spool.boot_id,
        "sequence": 1,
        "device_id": "sensor-1",
        "observed_at": START.isoformat(),
        "kind": "fill",
    }


def test_a_refused_message_is_kept_counted_and_acknowledged_beside_its_neighbours(
    bench: Bench,
) -> None:
    bench.committer.commit([bench.arrival(b"nonsense" * 100, 1), bench.arrival(GOOD, 2)])
    assert bench.spool.extent().records == 1
    assert bench.acked() == [1, 2]
    (refused,) = read_refusals(bench.path)
    assert (refused.reason, refused.source, refused.payload_bytes) == ("malformed", "devices", 800)
    assert refused.payload_head == (b"nonsense" * 100)[:512]
    labels = {"source": "devices", "reason": "malformed"}
    assert bench.registry.get_sample_value("huanwei_gateway_refused_total", labels) == 1


def test_without_room_nothing_is_acknowledged_until_there_is_some(tmp_path: Path) -> None:
    bench = Bench(tmp_path, room=1)
    bench.committer.commit([bench.arrival(GOOD, 1)])
    waiting = threading.Thread(target=bench.committer.commit, args=([bench.arrival(GOOD, 2)],))
    waiting.start()
    for _ in range(200):
        if bench.is_full():
            break
        waiting.join(0.01)
    assert bench.is_full()
    assert bench.acked() == [1]
    bench.spool.confirm(through=1, missing=())
    waiting.join(5)
    assert bench.acked() == [1, 2]
    assert not bench.is_full()
    assert bench.registry.get_sample_value("huanwei_gateway_not_accepted_total")
    bench.close()


def test_a_camera_is_told_when_there_is_no_room(tmp_path: Path) -> None:
    bench = Bench(tmp_path, room=1)
    values = Emptied(level_before=1, level_after=0)
    record = Record(device_id="camera-1", observed_at=START, gateway_at=START, values=values)
    with pytest.raises(SpoolFullError):
        bench.acceptance.accept([record, record])
    assert bench.log_path.read_bytes() == b""
    bench.close()


def test_stopping_while_there_is_no_room_acknowledges_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, room=0)
    bench.inbox.put(bench.arrival(GOOD))
    bench.committer.start()
    for _ in range(200):
        if bench.is_full():
            break
        threading.Event().wait(0.01)
    bench.close()
    assert bench.acked() == []


def test_a_file_that_fails_ends_the_committer_and_says_so(bench: Bench) -> None:
    with bench.file.transaction() as connection:
        connection.execute("DROP TABLE record")
    bench.inbox.put(bench.arrival(GOOD))
    bench.committer.start()
    for _ in range(200):
        if bench.failures:
            break
        threading.Event().wait(0.01)
    assert len(bench.failures) == 1
    assert bench.acked() == []


def test_the_thread_commits_what_arrives(bench: Bench) -> None:
    bench.committer.start()
    for mid in (1, 2, 3):
        bench.inbox.put(bench.arrival(GOOD, mid))
    for _ in range(200):
        if bench.acked() == [1, 2, 3]:
            break
        threading.Event().wait(0.01)
    assert bench.acked() == [1, 2, 3]
    assert bench.spool.extent().records == 3


def test_only_the_newest_refusals_are_kept(bench: Bench) -> None:
    refusals = [
        Refusal(
            refused_at=START,
            source="devices",
            reason=RefusalReason.MALFORMED,
            detail=str(number),
            topic="t",
            payload_bytes=1,
            payload_head=b"x",
        )
        for number in range(MOST_KEPT + 5)
    ]
    log = RefusalLog(bench.file)
    log.keep(refusals[:600])
    log.keep(refusals[600:])
    kept = read_refusals(bench.path, limit=10_000)
    assert (len(kept), kept[0].detail, kept[-1].detail) == (MOST_KEPT, "1004", "5")


def test_accepting_on_a_closed_file_is_a_failure(tmp_path: Path) -> None:
    bench = Bench(tmp_path, room=10)
    bench.close()
    with pytest.raises(SpoolFailedError):
        bench.spool.append([b"x"], notes={})
