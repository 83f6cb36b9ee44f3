"""Devices: silent, low on battery, or with a picture that nobody could judge."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from alerts.limits import AlertRules
from domain.records import CameraHealth


class BatteryBand(IntEnum):
    """How much is left, the worse the higher."""

    GOOD = 0
    LOW = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWatch:
    """What is known of one device's own state.

    ``heard_at``: the newest time it observed anything, or since when it is looked out for.
    ``unusable_since``: since when a camera's picture could not be judged, None while it can.
    """

    heard_at: datetime
    battery: BatteryBand = BatteryBand.GOOD
    unusable_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFlow:
    """Whether anything comes at all: a feed that stands still says nothing of a device."""

    newest_at: datetime
    flowing_since: datetime


def watch_flow(flow: FeedFlow | None, received_at: datetime, rules: AlertRules) -> FeedFlow:
    """Take the time one more entry was received."""
    if flow is None or received_at - flow.newest_at > rules.silent_at_least / 2:
        return FeedFlow(newest_at=received_at, flowing_since=received_at)
    return replace(flow, newest_at=max(flow.newest_at, received_at))


def silence_limit(interval_s: float, rules: AlertRules) -> timedelta:
    """Return how long a device with that report interval may be silent."""
    return max(rules.silent_after_intervals * timedelta(seconds=interval_s), rules.silent_at_least)


def is_silent(
    watch: DeviceWatch, flow: FeedFlow | None, interval_s: float, now: datetime, rules: AlertRules
) -> bool:
    """Whether the device has been silent for too long while others were heard."""
    if flow is None or now - flow.newest_at > rules.silent_at_least / 2:
        return False
    quiet_since = max(watch.heard_at, flow.flowing_since)
    return now - quiet_since > silence_limit(interval_s, rules)


def heard(watch: DeviceWatch, observed_at: datetime) -> DeviceWatch:
    """Take the time of one more observation."""
    if observed_at <= watch.heard_at:
        return watch
    return replace(watch, heard_at=observed_at)


def watch_battery(watch: DeviceWatch, ratio: float, rules: AlertRules) -> DeviceWatch:
    """Take one battery ratio; a band is left upwards only from ``battery_clears_ratio``."""
    if ratio <= rules.battery_critical_ratio:
        wanted = BatteryBand.CRITICAL
    elif ratio <= rules.battery_low_ratio:
        wanted = BatteryBand.LOW
    else:
        wanted = BatteryBand.GOOD
    if wanted < watch.battery and ratio < rules.battery_clears_ratio:
        wanted = watch.battery
    return watch if wanted is watch.battery else replace(watch, battery=wanted)


def watch_camera(watch: DeviceWatch, health: CameraHealth, observed_at: datetime) -> DeviceWatch:
    """Take one snapshot's camera health."""
    if health is CameraHealth.OK:
        return replace(watch, unusable_since=None)
    if watch.unusable_since is None:
        return replace(watch, unusable_since=observed_at)
    return watch


def is_unusable(watch: DeviceWatch, observed_at: datetime, rules: AlertRules) -> bool:
    """Whether the camera's picture could not be judged for too long."""
    since = watch.unusable_since
    return since is not None and observed_at - since >= rules.camera_unusable_after
