import queue
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from gateway.device_door import DEAF_AFTER_S, QUIET_S, Arrival, DeviceDoor, Source
from gateway.metrics import GatewayMetrics
from gateway.sources import read_own_device
from tests.fakes.manual_clock import ManualClock
from tests.fakes.recording_connection import RecordingConnection
from wire.client import Message
from wire.topics import DEVICE_FILTER, device_probe_topic, device_topic

PROBE = device_probe_topic("gw-1")


def message(topic: str = device_topic("sensor-1"), *, retained: bool = False) -> Message:
    return Message(topic, b"{}", 1, retained, 7, 1)


@dataclass
class Bench:
    clock: ManualClock = field(default_factory=ManualClock)
    connection: RecordingConnection = field(default_factory=RecordingConnection)
    inbox: "queue.Queue[Arrival]" = field(default_factory=lambda: queue.Queue(2))
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.door = DeviceDoor(
            Source(
                name="devices",
                topic_filter=DEVICE_FILTER,
                probe_topic=PROBE,
                read=read_own_device,
            ),
            inbox=self.inbox,
            clock=self.clock,
            metrics=GatewayMetrics(self.registry),
        )
        self.door.attach(self.connection)

    def probes(self) -> int:
        taken = self.connection.take()
        assert all((topic, qos) == (PROBE, 1) for topic, _, qos in taken)
        return len(taken)

    def lost(self) -> float | None:
        labels = {"source": "devices"}
        return self.registry.get_sample_value("huanwei_gateway_probes_lost_total", labels)

    def ignored(self, what: str) -> float | None:
        return self.registry.get_sample_value("huanwei_gateway_ignored_total", {"what": what})


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_message_waits_unacknowledged_in_the_inbox(bench: Bench) -> None:
    bench.door.receive(message())
    assert bench.inbox.get_nowait().message == message()
    assert bench.connection.acked == []


def test_a_retained_message_is_counted_acknowledged_and_goes_no_further(bench: Bench) -> None:
    bench.door.receive(message(retained=True))
    assert bench.inbox.empty()
    assert len(bench.connection.acked) == 1
    assert bench.ignored("retained") == 1


def test_what_does_not_fit_stays_with_the_broker(bench: Bench) -> None:
    for _ in range(3):
        bench.door.receive(message())
    assert bench.inbox.qsize() == 2
    assert bench.connection.acked == []
    assert bench.ignored("inbox_full") == 1


def test_after_each_connect_the_door_probes_itself_once(bench: Bench) -> None:
    bench.door.check()
    assert bench.probes() == 0
    for _ in range(2):
        bench.door.connected()
        bench.door.check()
        bench.door.receive(message(PROBE))
        bench.door.check()
        assert bench.probes() == 1
    assert len(bench.connection.acked) == 2
    assert bench.inbox.empty()


def test_a_door_that_is_quiet_probes_itself_and_subscribes_anew_when_it_stays_quiet(
    bench: Bench,
) -> None:
    bench.door.receive(message())
    bench.clock.advance(seconds=QUIET_S - 0.1)
    bench.door.check()
    assert bench.probes() == 0
    bench.clock.advance(seconds=0.1)
    bench.door.check()
    bench.door.check()
    assert bench.probes() == 1
    bench.clock.advance(seconds=DEAF_AFTER_S)
    bench.door.check()
    assert (bench.connection.resubscribed, bench.door.deaf) == (1, True)


def test_a_probe_that_could_not_be_sent_is_sent_later(bench: Bench) -> None:
    bench.door.connected()
    bench.connection.takes = 0
    bench.door.check()
    bench.connection.takes = 1
    bench.door.check()
    assert bench.probes() == 1


def test_when_nothing_comes_back_the_door_subscribes_anew_until_something_does(
    bench: Bench,
) -> None:
    bench.door.connected()
    bench.door.check()
    bench.clock.advance(seconds=DEAF_AFTER_S - 0.1)
    bench.door.check()
    assert (bench.connection.resubscribed, bench.door.deaf) == (0, False)
    for times in (1, 2):
        bench.clock.advance(seconds=DEAF_AFTER_S)
        bench.door.check()
        assert (bench.connection.resubscribed, bench.door.deaf) == (times, True)
        assert bench.lost() == times
    assert bench.probes() == 3
    bench.door.receive(message())
    assert not bench.door.deaf
    bench.clock.advance(seconds=10 * DEAF_AFTER_S)
    bench.door.check()
    assert bench.connection.resubscribed == 2


def test_while_there_is_no_connection_nothing_is_expected(bench: Bench) -> None:
    bench.door.connected()
    bench.door.check()
    bench.connection.connected = False
    bench.clock.advance(seconds=DEAF_AFTER_S + 1)
    bench.door.check()
    assert not bench.door.deaf
