"""The fleet: every simulated fill sensor at the broker, on the business clock.

A shell: what is sent and when comes from :class:`SensorField`; this publishes it, keeps it while
the broker is away, and writes the ledger.
"""

import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from domain.ports.clock import Clock
from firmware_sim.device_payloads import Frame
from firmware_sim.faults import FaultPlan
from firmware_sim.fleet_metrics import FleetMetrics
from firmware_sim.ledger import EndLine, LedgerFile, SentLine, truth_line
from firmware_sim.scenario import Scenario
from firmware_sim.seconds import datetime_of, seconds_of
from firmware_sim.sensor_field import Sending, SensorField
from firmware_sim.simulate import run_line
from firmware_sim.world import World
from wire.client import BrokerAddress, MqttClient

LONGEST_WAIT_S = 0.2
"""The pace of the business clock may change; so long it may go unnoticed."""

MOST_WAITING = 5_000
"""Frames kept while the broker is away: about seven minutes at 60 x, oldest dropped first."""

DROPPED = "broker_away"
CLIENT_ID = "sim-fleet"
_SETTLE_EVERY_S = 60.0
_DEVICE_QOS = 1

_log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """The part of ``wire.client.MqttClient`` that devices need."""

    def start(self) -> None:
        """Begin to connect."""
        ...

    def stop(self) -> None:
        """End the connection."""
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 0) -> bool:
        """Take a message, or return False: the caller keeps it."""
        ...


def build_fleet(
    *,
    world: World,
    clock: Clock,
    broker: BrokerAddress,
    ledger_path: Path,
    scenario: Scenario,
    metrics: FleetMetrics,
) -> "SensorFleet":
    """Return a fleet that sends through a connection of its own, beginning now."""
    now_s = seconds_of(clock.now())
    faults = FaultPlan(scenario, seed=world.district.seed, started_s=seconds_of(world.started_at))
    ledger = LedgerFile(ledger_path)
    ledger.write([run_line(world, scenario)])
    return SensorFleet(
        world=world,
        field=SensorField(world, faults, begin_s=now_s),
        clock=clock,
        publisher=MqttClient(
            host=broker.host,
            port=broker.port,
            client_id=CLIENT_ID,
            subscriptions=(),
            on_message=lambda _: None,
            username=broker.username,
            password=broker.password,
            tls=broker.tls,
        ),
        ledger=ledger,
        metrics=metrics,
    )


class SensorFleet:
    """Publishes the field's frames when they are due, at QoS 1; starts and stops ``publisher``.

    The ledger gets every frame and, each business minute, what truly changed; it is flushed then
    and closed by :meth:`stop`.
    """

    def __init__(
        self,
        *,
        world: World,
        field: SensorField,
        clock: Clock,
        publisher: Publisher,
        ledger: LedgerFile,
        metrics: FleetMetrics,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._world = world
        self._field = field
        self._clock = clock
        self._publisher = publisher
        self._ledger = ledger
        self._metrics = metrics
        self._most_waiting = most_waiting
        self._waiting: deque[tuple[Frame, SentLine]] = deque()
        self._settled_s = seconds_of(clock.now())
        self._counts = {"sent": 0, "withheld": 0}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._ended = False

    def start(self) -> None:
        """Begin to send."""
        if self._thread is None:
            self._publisher.start()
            self._thread = threading.Thread(target=self._run, name="sensor-fleet", daemon=False)
            self._thread.start()

    def stop(self) -> None:
        """Stop sending, settle the truth, close the ledger. May be called twice, or first."""
        self._stopping.set()
        if not self._ended:
            self._ended = True
            if self._thread is not None:
                self._thread.join()
                self._publisher.stop()
            self._settle(seconds_of(self._clock.now()), last=True)
            self._ledger.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                wait_s = self.work()
            except Exception:  # noqa: BLE001 - the loop must live: count, log, go on
                _log.exception("fleet_round_failed")
                self._metrics.failures.inc()
                wait_s = LONGEST_WAIT_S
            self._stopping.wait(wait_s)

    def work(self) -> float:
        """Do what is due now; return how many technical seconds may pass before the next call."""
        now_s = seconds_of(self._clock.now())
        lines = [self._take(sending) for sending in self._field.due(now_s)]
        self._ledger.write(lines)
        self._publish_waiting()
        if now_s - self._settled_s >= _SETTLE_EVERY_S:
            self._settle(now_s)
        next_s = min(self._field.next_s, self._settled_s + _SETTLE_EVERY_S)
        return min(LONGEST_WAIT_S, self._clock.technical_s(max(0.0, next_s - now_s)))

    def _take(self, sending: Sending) -> SentLine:
        if sending.frame is None:
            self._metrics.withheld.inc()
            self._counts["withheld"] += 1
        else:
            self._waiting.append((sending.frame, sending.line))
        return sending.line

    def _publish_waiting(self) -> None:
        while self._waiting:
            frame, _ = self._waiting[0]
            if not self._publisher.publish(frame.topic, frame.payload, qos=_DEVICE_QOS):
                break
            self._waiting.popleft()
            self._metrics.sent.inc()
            self._counts["sent"] += 1
        self._ledger.write(self._drop_oldest())
        self._metrics.waiting.set(len(self._waiting))

    def _drop_oldest(self) -> Iterable[SentLine]:
        while len(self._waiting) > self._most_waiting:
            _, line = self._waiting.popleft()
            self._metrics.dropped.inc()
            self._counts["withheld"] += 1
            faults = (*line.faults, DROPPED)
            yield msgspec.structs.replace(line, faults=faults, withheld=True)

    def _settle(self, until_s: float, *, last: bool = False) -> None:
        truth = self._world.settle(datetime_of(until_s))
        self._ledger.write(truth_line(change) for change in truth)
        if last:
            at = datetime_of(until_s)
            self._ledger.write([EndLine(at=at, **self._counts)])
        self._ledger.flush()
        self._settled_s = until_s
