"""From the simulated devices' bytes through the gateway's reading to the ledger's verdict."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from domain.problems import ProblemClass
from domain.records import MeasurementQuality
from firmware_sim.ledger import Line
from firmware_sim.ledger_report import Judging, RaisedAlert, judge
from firmware_sim.scenario import CALM, SCENARIOS, Scenario, load_scenario
from firmware_sim.sensor_field import Sending
from firmware_sim.simulate import simulate
from gateway.errors import RefusedMessageError
from gateway.filling import FillingLimits, to_reading
from gateway.sources import read_chirpstack, read_own_device
from tests.fakes.simulated_district import world
from wire.errors import UnreadablePayloadError

LIMIT, CLEAR = 0.9, 0.75


@dataclass
class Supervisor:
    """Reads every frame as the gateway does; two readings at the limit raise an alert."""

    errors: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    alerts: list[RaisedAlert] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._registry = world().district.registry
        self._last: dict[str, deque[float]] = {}
        self._raised: set[str] = set()

    def write(self, lines: Iterable[Line]) -> None:
        self.lines.extend(lines)

    def hear(self, sending: Sending) -> None:
        if sending.frame is None:
            return
        read = read_own_device if sending.frame.topic.startswith("huanwei") else read_chirpstack
        try:
            sensor, measured = read(sending.frame.topic, sending.frame.payload, self._registry)
        except (RefusedMessageError, UnreadablePayloadError) as error:
            self.refused[str(error.reason)] += 1
            return
        container = self._registry.containers[sensor.container_id]
        reading = to_reading(measured, sensor=sensor, container=container, limits=FillingLimits())
        level = reading.filling_level
        if level is None or reading.measurement_quality is not MeasurementQuality.ACCEPTED:
            return
        self.errors.append(level - sending.line.true_level)
        self._judge(sensor.device_id, sensor.place_id, level, sending)

    def _judge(self, device_id: str, place_id: str, level: float, sending: Sending) -> None:
        last = self._last.setdefault(device_id, deque(maxlen=2))
        last.append(level)
        if level < CLEAR:
            self._raised.discard(device_id)
        if device_id not in self._raised and len(last) == 2 and min(last) >= LIMIT:
            self._raised.add(device_id)
            alert = RaisedAlert(
                place_id=place_id,
                problem_class=ProblemClass.BIN_OVERFLOW,
                fired_at=sending.line.at,
                resolved_at=sending.line.at,
            )
            self.alerts.append(alert)


def _supervise(scenario: Scenario, hours: float) -> Supervisor:
    one = Supervisor()
    simulate(
        world(),
        duration=timedelta(hours=hours),
        ledger=one,
        scenario=scenario,
        on_sending=one.hear,
    )
    return one


def test_every_frame_of_a_calm_day_is_read_and_levels_are_right() -> None:
    heard = _supervise(CALM, hours=4)
    assert not heard.refused
    assert len(heard.errors) > 0.98 * 66 * 48
    near = sum(abs(error) < 0.04 for error in heard.errors)
    assert near >= 0.985 * len(heard.errors)


def test_a_plain_rule_sees_every_long_overflow_within_minutes_and_cries_no_wolf() -> None:
    heard = _supervise(CALM, hours=4)
    sensed = frozenset(world().district.registry.sensors_at)
    judging = Judging(
        full_level=LIMIT,
        due_after=timedelta(minutes=25),
        watched={ProblemClass.BIN_OVERFLOW: sensed},
    )
    report = judge(heard.lines, heard.alerts, judging)[ProblemClass.BIN_OVERFLOW]
    assert report.due >= 8
    assert report.missed == ()
    assert report.false_alerts == ()
    assert report.median_delay_s is not None
    assert report.median_delay_s <= 20 * 60


def test_broken_frames_are_refused_by_reason_and_the_rest_is_read() -> None:
    heard = _supervise(load_scenario(SCENARIOS / "everything_fails.toml"), hours=3)
    assert len(heard.refused) >= 4
    assert sum(heard.refused.values()) < 200
    assert len(heard.errors) > 66 * 36 * 0.85
