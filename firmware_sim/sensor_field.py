"""All fill sensors of a district on one agenda: what is due up to a time, in order. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from firmware_sim.device_payloads import Frame
from firmware_sim.faults import Delivery, FaultPlan, deliveries
from firmware_sim.ledger import SentLine
from firmware_sim.scenario import Fault, FaultKind
from firmware_sim.seconds import datetime_of, seconds_of
from firmware_sim.sensors import (
    Measurement,
    SensorDevice,
    Surroundings,
    first_number,
    measure,
    sensor_device,
    wake_s,
)
from firmware_sim.weather import air_c
from firmware_sim.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What goes out at ``at_s``: the frame (None: it was withheld) and its line for the ledger."""

    at_s: float
    frame: Frame | None
    line: SentLine


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wake:
    device: SensorDevice
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arriving:
    delivery: Delivery
    true_level: float


class SensorField:
    """The agenda of a district's sensors, from ``begin_s`` on (default: the world's start).

    Not thread-safe; it asks the world for the truth at each device's own time.
    """

    def __init__(self, world: World, faults: FaultPlan, *, begin_s: float | None = None) -> None:
        self._world = world
        self._faults = faults
        self._seed = world.district.seed
        self._started_s = seconds_of(world.started_at)
        begin_s = self._started_s if begin_s is None else begin_s
        registry = world.district.registry
        devices = [
            sensor_device(sensor, registry.containers[sensor.container_id], self._seed)
            for sensor in registry.sensors.values()
        ]
        self._agenda: list[tuple[float, int, _Wake | _Arriving]] = []
        for order, device in enumerate(devices):
            number = first_number(device, begin_s)
            entry = _Wake(device=device, number=number)
            self._agenda.append((wake_s(device, number), order, entry))
        heapify(self._agenda)
        self._order = len(devices)

    @property
    def next_s(self) -> float:
        """When something is due next, in seconds since the epoch."""
        return self._agenda[0][0]

    def due(self, until_s: float) -> Iterator[Sending]:
        """Yield everything due up to and including that time, by time."""
        while self._agenda and self._agenda[0][0] <= until_s:
            _, _, entry = heappop(self._agenda)
            if isinstance(entry, _Wake):
                self._wake(entry)
            else:
                yield _sending(entry)

    def _wake(self, wake: _Wake) -> None:
        device = wake.device
        measurement, level, next_s = self._measure(device, wake.number)
        acting = self._faults.acting(device, wake.number, measurement.at_s)
        sent = deliveries(
            device,
            measurement,
            acting,
            frame_count=self._faults.frame_count(device, wake.number),
            stuck_distances=lambda: self._stuck(device, acting[FaultKind.STUCK]),
        )
        for delivery in sent:
            self._add(delivery.at_s, _Arriving(delivery=delivery, true_level=level))
        self._add(next_s, _Wake(device=device, number=wake.number + 1))

    def _measure(self, device: SensorDevice, number: int) -> tuple[Measurement, float, float]:
        at_s = wake_s(device, number)
        truth = self._world.truth(device.sensor.place_id, datetime_of(at_s))
        level = truth.levels[device.sensor.container_id]
        surroundings = Surroundings(level=level, air_c=air_c(self._seed, at_s))
        measurement, next_s = measure(
            device, number, surroundings, age_s=max(0.0, at_s - self._started_s)
        )
        return measurement, level, next_s

    def _stuck(self, device: SensorDevice, fault: Fault) -> tuple[int, ...]:
        measurement, _, _ = self._measure(device, self._faults.stuck_since(device, fault))
        return measurement.distances_mm

    def _add(self, at_s: float, entry: _Wake | _Arriving) -> None:
        self._order += 1
        heappush(self._agenda, (at_s, self._order, entry))


def _sending(arriving: _Arriving) -> Sending:
    delivery = arriving.delivery
    measurement, frame = delivery.measurement, delivery.frame
    observed_at_s = frame.observed_at_s if frame else measurement.at_s
    line = SentLine(
        at=datetime_of(delivery.at_s),
        device_id=delivery.device_id,
        number=measurement.number,
        observed_at=datetime_of(observed_at_s),
        distances_mm=measurement.distances_mm,
        true_level=round(arriving.true_level, 4),
        payload_bytes=len(frame.payload) if frame else 0,
        copy=delivery.copy,
        faults=tuple(kind.value for kind in delivery.faults),
        withheld=frame is None,
    )
    return Sending(at_s=delivery.at_s, frame=frame, line=line)
