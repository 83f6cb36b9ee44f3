"""Whether a device can be relied on now, told by what it said last. Silence is never good news."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.devices import Device, FillSensor
from domain.records import CameraHealth, FillReading, Record, SnapshotVerdicts


class DeviceState(StrEnum):
    """A device in the words of a dispatcher. ``unknown``: never heard of at all."""

    OK = "ok"
    SILENT = "silent"
    BATTERY_LOW = "battery_low"
    CAMERA_UNUSABLE = "camera_unusable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthLimits:
    """From when on a device counts as silent, and its battery as low."""

    silent_after_intervals: float = 3
    silent_after_at_least: timedelta = timedelta(hours=1)
    battery_low_ratio: float = 0.30


DEFAULT_HEALTH_LIMITS = HealthLimits()


def interval_s(device: Device) -> int:
    """Return how often the device speaks, in seconds."""
    if isinstance(device, FillSensor):
        return device.report_interval_s
    return device.snapshot_interval_s


def is_fresh(
    device: Device,
    latest: Record | None,
    now: datetime,
    limits: HealthLimits = DEFAULT_HEALTH_LIMITS,
) -> bool:
    """Return whether the device's newest record is young enough to speak for the present."""
    if latest is None:
        return False
    longest = max(
        limits.silent_after_at_least,
        timedelta(seconds=limits.silent_after_intervals * interval_s(device)),
    )
    return now - latest.observed_at <= longest


def device_state(
    device: Device,
    latest: Record | None,
    now: datetime,
    limits: HealthLimits = DEFAULT_HEALTH_LIMITS,
) -> DeviceState:
    """Return the device's state by its newest record (None: it has never spoken)."""
    if latest is None:
        return DeviceState.UNKNOWN
    if not is_fresh(device, latest, now, limits):
        return DeviceState.SILENT
    values = latest.values
    if isinstance(values, SnapshotVerdicts) and values.camera_health is not CameraHealth.OK:
        return DeviceState.CAMERA_UNUSABLE
    if (
        isinstance(values, FillReading)
        and values.battery_ratio is not None
        and values.battery_ratio < limits.battery_low_ratio
    ):
        return DeviceState.BATTERY_LOW
    return DeviceState.OK
