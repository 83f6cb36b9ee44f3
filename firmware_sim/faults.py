"""Faults applied: pure functions from a good report to what reaches the door, and when."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from firmware_sim.chance import draw
from firmware_sim.device_payloads import Frame, FrameFaults, encode, encode_restart
from firmware_sim.scenario import Fault, FaultKind, Scenario
from firmware_sim.sensors import (
    NO_ECHO_MM,
    SAMPLES,
    Measurement,
    SensorDevice,
    first_number,
)

_UPTIME_S = 40.0
"""A device of ours that has restarted and not yet heard the time counts from 1970."""

_JOINING_S = 4.0
"""So long after its first words a restarted LoRaWAN device sends its first reading."""

_LORAWAN_STRANGER, _OWN_STRANGER = "24e124713cffffff", "fill-of-nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One frame on its way. ``frame`` None: it never leaves; ``copy`` counts repetitions."""

    at_s: float
    device_id: str
    measurement: Measurement
    frame: Frame | None
    faults: tuple[FaultKind, ...]
    copy: int = 0


class FaultPlan:
    """Says which faults act on which report; pure by seed."""

    def __init__(self, scenario: Scenario, *, seed: int, started_s: float) -> None:
        self.scenario = scenario
        self._seed = seed
        self._started_s = started_s
        self._restarts: dict[str, tuple[int, ...]] = {}

    def acting(self, device: SensorDevice, number: int, at_s: float) -> dict[FaultKind, Fault]:
        """Return the faults that act on that report; of two of a kind the first."""
        found: dict[FaultKind, Fault] = {}
        for index, fault in enumerate(self.scenario.faults):
            minute = (at_s - self._started_s) / 60
            if fault.kind in found or not fault.from_min <= minute < fault.until_min:
                continue
            if not self._befalls(index, fault, device.sensor.device_id):
                continue
            restarts = fault.kind is FaultKind.REBOOT
            if restarts and number != self._first(fault, device):
                continue
            coin = self._coin(f"{index}/{device.sensor.device_id}/{number}")
            if restarts or coin < fault.ratio:
                found[fault.kind] = fault
        return found

    def frame_count(self, device: SensorDevice, number: int) -> int:
        """Return how many reports the device has made since its last restart, from 0."""
        starts = self._restarts.get(device.sensor.device_id)
        if starts is None:
            starts = self._restarts[device.sensor.device_id] = self._starts(device)
        return number - max((start for start in starts if start <= number), default=number)

    def stuck_since(self, device: SensorDevice, fault: Fault) -> int:
        """Return the number of the report whose distances a stuck sensor goes on telling."""
        return self._first(fault, device)

    def _starts(self, device: SensorDevice) -> tuple[int, ...]:
        """Return the numbers of the reports that a device made first after each start."""
        restarts = (
            self._first(fault, device)
            for index, fault in enumerate(self.scenario.faults)
            if fault.kind is FaultKind.REBOOT
            and self._befalls(index, fault, device.sensor.device_id)
        )
        return (first_number(device, self._started_s), *restarts)

    def _first(self, fault: Fault, device: SensorDevice) -> int:
        return first_number(device, self._started_s + fault.from_min * 60)

    def _befalls(self, index: int, fault: Fault, device_id: str) -> bool:
        if fault.devices:
            return device_id in fault.devices
        return self._coin(f"{index}/{device_id}") < fault.share

    def _coin(self, purpose: str) -> float:
        return draw(f"{self._seed}/fault/{purpose}")


def deliveries(
    device: SensorDevice,
    measurement: Measurement,
    acting: Mapping[FaultKind, Fault],
    *,
    frame_count: int,
    stuck_distances: Callable[[], tuple[int, ...]],
) -> Sequence[Delivery]:
    """Return what becomes of a report. ``stuck_distances`` is asked when the sensor is stuck."""
    if not acting:
        return (_delivery(device, measurement, encode(device, measurement, frame_count), ()),)
    kinds = tuple(sorted(acting))
    told = _mistold(device, measurement, acting, stuck_distances)
    if FaultKind.SILENT in acting or FaultKind.LOST in acting:
        return (_delivery(device, told, None, kinds),)
    frame = encode(device, told, frame_count, _frame_faults(device, told, acting))
    return tuple(_on_the_way(device, told, frame, acting, kinds))


def _on_the_way(
    device: SensorDevice,
    told: Measurement,
    frame: Frame,
    acting: Mapping[FaultKind, Fault],
    kinds: tuple[FaultKind, ...],
) -> Iterator[Delivery]:
    first = _delivery(device, told, frame, kinds)
    if FaultKind.REBOOT in acting:
        hello = encode_restart(device, told)
        if hello is not None:
            yield replace(first, frame=hello)
            first = replace(first, at_s=round(first.at_s + _JOINING_S, 3))
    if FaultKind.DELAYED in acting:
        late_s = acting[FaultKind.DELAYED].delay_s
        first = replace(first, at_s=round(first.at_s + late_s, 3))
    elif FaultKind.REORDERED in acting:
        # Behind the next report, whatever its jitter.
        late_s = device.sensor.report_interval_s + 6.0
        first = replace(first, at_s=round(first.at_s + late_s, 3))
    yield first
    if FaultKind.DUPLICATED in acting:
        yield replace(first, at_s=round(first.at_s + 0.9, 3), copy=1)
    if FaultKind.RETAINED in acting:
        late_s = acting[FaultKind.RETAINED].delay_s
        yield replace(first, at_s=round(first.at_s + late_s, 3), copy=2)


def _mistold(
    device: SensorDevice,
    measurement: Measurement,
    acting: Mapping[FaultKind, Fault],
    stuck_distances: Callable[[], tuple[int, ...]],
) -> Measurement:
    if FaultKind.SENTINEL in acting:
        return replace(measurement, distances_mm=(NO_ECHO_MM,))
    if FaultKind.STUCK in acting:
        return replace(measurement, distances_mm=stuck_distances())
    if FaultKind.SPIKE in acting:
        rng = Random(f"{device.seed}/spike/{device.sensor.device_id}/{measurement.number}")  # noqa: S311
        floor_mm = device.container.sensor_above_rim_mm + device.container.depth_mm
        wrong_mm = rng.uniform(device.sensor.dead_zone_mm + 10, floor_mm)
        samples = tuple(round(wrong_mm + rng.gauss(0, 3)) for _ in range(SAMPLES))
        return replace(measurement, distances_mm=samples)
    return measurement


def _frame_faults(
    device: SensorDevice, told: Measurement, acting: Mapping[FaultKind, Fault]
) -> FrameFaults:
    skew_s = acting[FaultKind.CLOCK_SKEW].skew_s if FaultKind.CLOCK_SKEW in acting else 0.0
    if FaultKind.REBOOT in acting:
        skew_s = _UPTIME_S - told.at_s
    stranger = _LORAWAN_STRANGER if device.sensor.dev_eui else _OWN_STRANGER
    unknown = stranger if FaultKind.UNKNOWN_DEVICE in acting else None
    return FrameFaults(
        clock_skew_s=skew_s,
        cut=FaultKind.TRUNCATED in acting,
        named=stranger if FaultKind.WRONG_ID in acting else unknown,
        topic_named=unknown,
    )


def _delivery(
    device: SensorDevice,
    measurement: Measurement,
    frame: Frame | None,
    kinds: tuple[FaultKind, ...],
) -> Delivery:
    return Delivery(
        at_s=measurement.at_s,
        device_id=device.sensor.device_id,
        measurement=measurement,
        frame=frame,
        faults=kinds,
    )
