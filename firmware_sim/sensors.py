"""A simulated fill sensor: a pure function of business time, its surroundings and its own seed.

It knows nothing of the network. Asked twice for the same report it gives the same one.
"""

from dataclasses import dataclass
from math import floor
from random import Random
from statistics import median

from domain.devices import FillSensor
from domain.places import WasteContainer
from firmware_sim.chance import draw

SAMPLES = 5
NO_ECHO_MM = 0
"""What a sensor of ours sends when none of its samples brought an echo."""

_NOISE_MM, _NOISE_RATIO = 3.0, 0.003
_SURFACE_MM = 15.0
_SPIKE_RATIO, _MISSING_RATIO, _MISSING_RATIO_HEAPED = 0.015, 0.01, 0.08
_JITTER_S = 2.0
_YEAR_S = 365 * 86_400
_LOW_BATTERY_RATIO = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a sensor feels: the true level below it and the air around it."""

    level: float
    air_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorDevice:
    """A device with its traits; ``seed`` is the run's."""

    sensor: FillSensor
    container: WasteContainer
    seed: int
    phase_s: float
    battery_at_start: float
    signal_dbm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a device measured: samples without the missing echoes, or only :data:`NO_ECHO_MM`."""

    number: int
    at_s: float
    distances_mm: tuple[int, ...]
    temperature_c: float
    battery_ratio: float
    signal_dbm: int
    tilted: bool = False

    @property
    def median_mm(self) -> int:
        """The middle of the samples, as a device that sends only one value takes it."""
        return round(median(self.distances_mm))


def sensor_device(sensor: FillSensor, container: WasteContainer, seed: int) -> SensorDevice:
    """Return the device that stands for this entry of the registry."""
    rng = Random(f"{seed}/device/{sensor.device_id}")  # noqa: S311 - a simulation
    weak = rng.random() < _LOW_BATTERY_RATIO
    return SensorDevice(
        sensor=sensor,
        container=container,
        seed=seed,
        phase_s=rng.uniform(_JITTER_S, sensor.report_interval_s - _JITTER_S),
        battery_at_start=rng.uniform(0.16, 0.28) if weak else rng.uniform(0.55, 1.0),
        signal_dbm=rng.uniform(-108, -74),
    )


def wake_s(device: SensorDevice, number: int) -> float:
    """Return when the device makes its report of that number, in seconds since the epoch."""
    interval_s = device.sensor.report_interval_s
    jitter_s = _JITTER_S * _swing(device, f"wake/{number}")
    return round(number * interval_s + device.phase_s + jitter_s, 3)


def first_number(device: SensorDevice, after_s: float) -> int:
    """Return the number of the first report later than that time."""
    number = floor((after_s - device.phase_s) / device.sensor.report_interval_s)
    while wake_s(device, number) <= after_s:
        number += 1
    return number


def measure(
    device: SensorDevice, number: int, surroundings: Surroundings, *, age_s: float = 0.0
) -> tuple[Measurement, float]:
    """Return the report of that number, and when the device wants to wake next.

    ``age_s``: how long the device has run since the start, for its battery.
    """
    rng = _rng(device, f"report/{number}")
    at_s = wake_s(device, number)
    # The surface of the waste is not flat and changes over hours, for all samples alike.
    surface = _SURFACE_MM * _swing(device, f"surface/{int(at_s // 10_800)}")
    samples = (_sample(device, surroundings.level, surface, rng) for _ in range(SAMPLES))
    heard = tuple(sample for sample in samples if sample is not None)
    measurement = Measurement(
        number=number,
        at_s=at_s,
        distances_mm=heard or (NO_ECHO_MM,),
        temperature_c=round(surroundings.air_c + rng.gauss(1.0, 0.4), 1),
        battery_ratio=round(max(0.0, device.battery_at_start - age_s / (4 * _YEAR_S)), 4),
        signal_dbm=round(device.signal_dbm + rng.gauss(0, 3)),
    )
    return measurement, wake_s(device, number + 1)


def _sample(device: SensorDevice, level: float, surface_mm: float, rng: Random) -> int | None:
    container, sensor = device.container, device.sensor
    floor_mm = container.sensor_above_rim_mm + container.depth_mm
    missing = _MISSING_RATIO if level < 1 else _MISSING_RATIO_HEAPED
    if rng.random() < missing:
        return None
    if rng.random() < _SPIKE_RATIO:
        return round(rng.uniform(sensor.dead_zone_mm, floor_mm))
    true_mm = floor_mm - level * container.depth_mm
    bent_mm = surface_mm if level > 0.03 else 0.0  # noqa: PLR2004 - an empty floor is flat
    distance = true_mm + bent_mm + rng.gauss(0, _NOISE_MM + _NOISE_RATIO * true_mm)
    # Too near: the ringing of the membrane hides the echo and a too short distance comes out.
    return (
        max(1, round(min(distance, 0.9 * sensor.dead_zone_mm)))
        if (distance < sensor.dead_zone_mm)
        else round(distance)
    )


def _rng(device: SensorDevice, purpose: str) -> Random:
    return Random(f"{device.seed}/{device.sensor.device_id}/{purpose}")  # noqa: S311 - a simulation


def _swing(device: SensorDevice, purpose: str) -> float:
    """Return a number from -1 to 1."""
    return 2 * draw(f"{device.seed}/{device.sensor.device_id}/{purpose}") - 1
