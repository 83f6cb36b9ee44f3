import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from firmware_sim.faults import FaultPlan
from firmware_sim.fleet import DROPPED, LONGEST_WAIT_S, SensorFleet
from firmware_sim.fleet_metrics import FleetMetrics
from firmware_sim.ledger import EndLine, LedgerFile, SentLine, TruthLine, read_ledger
from firmware_sim.scenario import CALM
from firmware_sim.seconds import seconds_of
from firmware_sim.sensor_field import SensorField
from tests.fakes.manual_clock import ManualClock
from tests.fakes.recording_publisher import RecordingPublisher
from tests.fakes.simulated_district import FIRST_MORNING, world
from wire.topics import dev_eui_of_chirpstack, device_of

SENSORS = 66


class Rig:
    def __init__(self, path: Path, *, most_waiting: int = 1_000) -> None:
        self.path = path
        self.clock = ManualClock(FIRST_MORNING)
        self.publisher = RecordingPublisher()
        self.metrics = CollectorRegistry()
        self.world = world()
        faults = FaultPlan(CALM, seed=7, started_s=seconds_of(FIRST_MORNING))
        self.fleet = SensorFleet(
            world=self.world,
            field=SensorField(self.world, faults),
            clock=self.clock,
            publisher=self.publisher,
            ledger=LedgerFile(path),
            metrics=FleetMetrics(self.metrics),
            most_waiting=most_waiting,
        )

    def count(self, name: str) -> float:
        return self.metrics.get_sample_value(f"huanwei_firmware_sim_{name}") or 0.0


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path / "ledger.jsonl")
    yield rig
    rig.fleet.stop()


def test_every_sensor_reports_once_in_five_minutes_at_its_own_door(rig: Rig) -> None:
    rig.clock.advance(minutes=5, seconds=10)
    rig.fleet.work()
    senders = [
        device_of(topic) or dev_eui_of_chirpstack(topic) for topic, _, _ in rig.publisher.published
    ]
    registry = rig.world.district.registry
    assert set(senders) == {
        sensor.dev_eui or sensor.device_id for sensor in registry.sensors.values()
    }
    assert {qos for _, _, qos in rig.publisher.published} == {1}
    assert rig.count("frames_sent_total") == len(senders)


def test_nothing_is_sent_before_it_is_due_or_while_the_clock_stands(rig: Rig) -> None:
    rig.fleet.work()
    assert rig.publisher.published == []
    rig.clock.advance(minutes=2)
    rig.fleet.work()
    so_far = len(rig.publisher.published)
    assert 0 < so_far < SENSORS
    rig.fleet.work()
    assert len(rig.publisher.published) == so_far


def test_it_looks_at_the_clock_again_soon_enough(rig: Rig) -> None:
    assert 0 < rig.fleet.work() <= LONGEST_WAIT_S


def test_what_the_broker_cannot_take_waits_and_goes_out_in_order(rig: Rig) -> None:
    rig.publisher.away = True
    rig.clock.advance(minutes=6)
    rig.fleet.work()
    assert rig.count("frames_waiting") >= SENSORS
    rig.publisher.away = False
    rig.fleet.work()
    assert rig.count("frames_waiting") == 0
    rig.fleet.stop()
    lines = [line for line in read_ledger(rig.path) if isinstance(line, SentLine)]
    assert len(rig.publisher.published) == len(lines)
    assert [len(payload) for _, payload, _ in rig.publisher.published] == [
        line.payload_bytes for line in lines
    ]


def test_what_waits_too_long_is_dropped_oldest_first_and_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "ledger.jsonl", most_waiting=10)
    rig.publisher.away = True
    rig.clock.advance(minutes=6)
    rig.fleet.work()
    dropped = rig.count("frames_dropped_total")
    assert dropped >= SENSORS - 10
    rig.fleet.stop()
    lines = [line for line in read_ledger(rig.path) if isinstance(line, SentLine)]
    told = [line for line in lines if DROPPED in line.faults]
    assert len(told) == dropped
    kept = [line for line in lines if not line.withheld][-10:]
    assert max(line.at for line in told) <= min(line.at for line in kept)


def test_the_ledger_gets_the_truth_each_minute_also_what_a_crew_did(rig: Rig) -> None:
    rig.clock.advance(minutes=1, seconds=1)
    rig.fleet.work()
    rig.world.empty("bin-015-a", rig.clock.now(), actor="crew-visitor")
    rig.clock.advance(minutes=1, seconds=1)
    rig.fleet.work()
    truth = [line for line in read_ledger(rig.path) if isinstance(line, TruthLine)]
    assert [line.subject for line in truth if line.actor == "crew-visitor"] == ["bin-015-a"]


def test_it_starts_and_stops_with_its_connection_and_ends_the_ledger(rig: Rig) -> None:
    rig.clock.advance(minutes=5, seconds=10)
    rig.fleet.start()
    deadline = threading.Event()
    while not rig.publisher.published and not deadline.wait(0.01):
        pass
    rig.fleet.stop()
    rig.fleet.stop()
    assert (rig.publisher.started, rig.publisher.stopped) == (1, 1)
    *_, last = read_ledger(rig.path)
    assert isinstance(last, EndLine)
    assert last.sent == len(rig.publisher.published)
    assert not [one for one in threading.enumerate() if one.name == "sensor-fleet"]
