"""Alerts: a condition at a place that wants attention, from firing to resolved."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.checks import check_id, check_utc
from domain.problems import ProblemClass


class AlertLevel(StrEnum):
    """How bad it is."""

    WARNING = "warning"
    CRITICAL = "critical"


class DeviceCondition(StrEnum):
    """What can be wrong with a device; such alerts never open a case."""

    SILENT = "silent"
    BATTERY_LOW = "battery_low"
    CAMERA_UNUSABLE = "camera_unusable"
    SENSOR_SUSPECT = "sensor_suspect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One episode of one condition. Open while ``resolved_at`` is None.

    ``subject`` is the problem class of a place alert or the device condition of a device alert;
    at most one alert is open per place and problem class, and per device and condition.
    ``device_id`` is the device that saw it first; ``reasons`` are codes for people to look up
    (``texts``): everything that spoke for it so far.
    """

    alert_id: str
    place_id: str
    device_id: str | None
    subject: ProblemClass | DeviceCondition
    level: AlertLevel
    fired_at: datetime
    resolved_at: datetime | None = None
    case_id: str | None = None
    picture_sha256: str | None = None
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_id("alert_id", self.alert_id)
        check_id("place_id", self.place_id)
        check_utc("fired_at", self.fired_at)
