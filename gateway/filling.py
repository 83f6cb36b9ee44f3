"""From a measurement to a fill reading: which distance counts, and how far it can be believed.

A reading is called accepted only when it has a level; a level is given only where the distance can
be one. What is wrong with a number lowers the reading's quality and leaves the rest of it usable.
"""

from dataclasses import dataclass
from statistics import median

from domain.devices import FillSensor, SensorModel
from domain.fill import filling_level
from domain.places import WasteContainer
from domain.records import FillReading, MeasurementQuality
from gateway.measurements import Measurement

NO_ECHO_MM: dict[SensorModel, frozenset[float]] = {
    SensorModel.HUANWEI_JSON: frozenset({0, 65_535}),
    SensorModel.MILESIGHT_EM400_MUD: frozenset({0, 65_535}),
}
"""Numbers that are no distance but say that the sensor heard nothing."""

HIGHEST_LEVEL = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FillingLimits:
    """What still counts as a good measurement.

    ``below_floor_ratio``: how far beyond the floor (of the distance to it) an echo may seem to
    come from, at least ``below_floor_mm``. ``spread_mm``: the largest median deviation of samples.
    """

    below_floor_ratio: float = 0.10
    below_floor_mm: float = 50.0
    spread_mm: float = 100.0


def to_reading(
    measurement: Measurement,
    *,
    sensor: FillSensor,
    container: WasteContainer,
    limits: FillingLimits,
) -> FillReading:
    """Return the reading of a measurement by that sensor above that container."""
    samples = [
        sample for sample in measurement.distances_mm if sample not in NO_ECHO_MM[sensor.model]
    ]
    distance_mm = median(samples) if samples else None
    quality, level = _judge(distance_mm, samples, sensor, container, limits)
    temperature_c = _within(measurement.temperature_c, -60, 300)
    battery_v = _within(measurement.battery_v, 0, 60)
    rssi_dbm = _within(measurement.rssi_dbm, -200, 20)
    lost_a_value = (temperature_c, battery_v, rssi_dbm) != (
        measurement.temperature_c,
        measurement.battery_v,
        measurement.rssi_dbm,
    )
    looks_away = bool(measurement.cover_open or measurement.out_of_position)
    if quality is MeasurementQuality.ACCEPTED and (lost_a_value or looks_away):
        quality = MeasurementQuality.SUSPICIOUS
    return FillReading(
        measurement_quality=quality,
        filling_level=level,
        distance_mm=_within(distance_mm, 0, 20_000),
        temperature_c=temperature_c,
        battery_v=battery_v,
        battery_ratio=_within(measurement.battery_ratio, 0, 1),
        cover_open=measurement.cover_open,
        out_of_position=measurement.out_of_position,
        rssi_dbm=rssi_dbm,
    )


def _judge(
    distance_mm: float | None,
    samples: list[float],
    sensor: FillSensor,
    container: WasteContainer,
    limits: FillingLimits,
) -> tuple[MeasurementQuality, float | None]:
    if distance_mm is None:
        return MeasurementQuality.SUSPICIOUS, None
    if distance_mm <= sensor.dead_zone_mm:
        # "Too close to measure": waste under the lid, or a hand, or a spider. Never a level.
        return MeasurementQuality.SUSPICIOUS, None
    floor_mm = container.sensor_above_rim_mm + container.depth_mm
    if distance_mm > floor_mm + max(limits.below_floor_mm, limits.below_floor_ratio * floor_mm):
        return MeasurementQuality.REJECTED, None
    level = filling_level(distance_mm, container)
    if level > HIGHEST_LEVEL:
        return MeasurementQuality.REJECTED, None
    if median(abs(sample - distance_mm) for sample in samples) > limits.spread_mm:
        return MeasurementQuality.SUSPICIOUS, level
    return MeasurementQuality.ACCEPTED, level


def _within(value: float | None, low: float, high: float) -> float | None:
    return value if value is not None and low <= value <= high else None
