"""The present state of a place in one word, for the map. Offline is not clean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.alerts import Alert, AlertLevel
from domain.cases import OPEN_STATES, Case, CaseState
from domain.device_health import DEFAULT_HEALTH_LIMITS, HealthLimits, is_fresh
from domain.devices import Camera, Device, FillSensor
from domain.fill import FULL_FROM
from domain.problems import ProblemClass
from domain.records import (
    FillReading,
    MeasurementQuality,
    Record,
    SnapshotVerdicts,
    Verdict,
    VerdictState,
)

_CLOCK_STANDS_STILL = frozenset(
    {
        CaseState.AWAITING_VERIFICATION,
        CaseState.RETURNED,
        CaseState.DEFERRED,
        CaseState.SUSPENDED,
    }
)


class PlaceState(StrEnum):
    """How a place stands. From ``clean`` on, each one weighs more; ``unknown`` is none of them."""

    CLEAN = "clean"
    WARNING = "warning"
    PROBLEM = "problem"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceDevices:
    """The devices at a place and the newest record of each that has ever spoken."""

    sensors: Sequence[FillSensor]
    cameras: Sequence[Camera]
    latest: Mapping[str, Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentPlace:
    """A place now. ``highest_level`` is the highest fresh accepted level (a ratio), None without
    one; ``fresh_devices`` of ``devices`` speak for the present.
    """

    state: PlaceState
    highest_level: float | None
    fresh_devices: int
    devices: int


def present_place(
    at_place: PlaceDevices,
    *,
    alerts: Sequence[Alert],
    cases: Sequence[Case],
    now: datetime,
    limits: HealthLimits = DEFAULT_HEALTH_LIMITS,
) -> PresentPlace:
    """Return how a place stands, from its fresh records and its own alerts and cases.

    It is ``clean`` only when each of its bins has been measured or seen lately, below the warning
    level, and nothing fresh shows a problem. Without such evidence it is ``unknown``.
    """
    levels = _fresh_levels(at_place, now, limits)
    verdicts = _fresh_verdicts(at_place, now, limits)
    known = [level for level in levels.values() if level is not None]
    devices: list[Device] = [*at_place.sensors, *at_place.cameras]
    return PresentPlace(
        state=_state(at_place, levels, verdicts, alerts=alerts, cases=cases, now=now),
        highest_level=max(known, default=None),
        fresh_devices=sum(
            is_fresh(device, at_place.latest.get(device.device_id), now, limits)
            for device in devices
        ),
        devices=len(devices),
    )


def is_overdue(case: Case, now: datetime) -> bool:
    """Return whether the handling of an open case is beyond its time limit.

    A case that waits for verification has been handled: its limit no longer runs. Nor does that
    of a returned, deferred or suspended one: what was left runs on when a crew is sent again.
    """
    return (
        case.state in OPEN_STATES
        and case.state not in _CLOCK_STANDS_STILL
        and case.due_at is not None
        and case.due_at < now
    )


def _state(
    at_place: PlaceDevices,
    levels: Mapping[str, float | None],
    verdicts: Sequence[tuple[Camera, Verdict]],
    *,
    alerts: Sequence[Alert],
    cases: Sequence[Case],
    now: datetime,
) -> PlaceState:
    open_cases = [case for case in cases if case.state in OPEN_STATES]
    if any(is_overdue(case, now) for case in open_cases):
        return PlaceState.OVERDUE
    open_alerts = [
        alert
        for alert in alerts
        if alert.resolved_at is None and isinstance(alert.subject, ProblemClass)
    ]
    if open_cases or any(alert.level is AlertLevel.CRITICAL for alert in open_alerts):
        return PlaceState.PROBLEM
    if (
        open_alerts
        or any(level is not None and level >= FULL_FROM for level in levels.values())
        or any(verdict.state is VerdictState.PRESENT for _, verdict in verdicts)
    ):
        return PlaceState.WARNING
    return PlaceState.CLEAN if _is_observed(at_place, levels, verdicts) else PlaceState.UNKNOWN


def _is_observed(
    at_place: PlaceDevices,
    levels: Mapping[str, float | None],
    verdicts: Sequence[tuple[Camera, Verdict]],
) -> bool:
    """Whether every bin with a sensor was measured or seen, or where there is none, anything."""
    clear = [(camera, verdict) for camera, verdict in verdicts if _is_clear(verdict)]
    if not at_place.sensors:
        return bool(clear)
    seen = {
        zone.container_id
        for camera, verdict in clear
        for zone in camera.zones
        if zone.zone_id == verdict.zone_id
    }
    return all(level is not None or container_id in seen for container_id, level in levels.items())


def _is_clear(verdict: Verdict) -> bool:
    return verdict.state is VerdictState.CLEAR


def _fresh_levels(
    at_place: PlaceDevices, now: datetime, limits: HealthLimits
) -> dict[str, float | None]:
    """The level by container; None where no fresh accepted reading tells it."""
    levels: dict[str, float | None] = {}
    for sensor in at_place.sensors:
        record = at_place.latest.get(sensor.device_id)
        values = record.values if record is not None else None
        believable = (
            isinstance(values, FillReading)
            and values.measurement_quality is MeasurementQuality.ACCEPTED
            and is_fresh(sensor, record, now, limits)
        )
        level = values.filling_level if believable and isinstance(values, FillReading) else None
        levels[sensor.container_id] = level
    return levels


def _fresh_verdicts(
    at_place: PlaceDevices, now: datetime, limits: HealthLimits
) -> tuple[tuple[Camera, Verdict], ...]:
    verdicts: list[tuple[Camera, Verdict]] = []
    for camera in at_place.cameras:
        record = at_place.latest.get(camera.device_id)
        if (
            record is not None
            and isinstance(record.values, SnapshotVerdicts)
            and is_fresh(camera, record, now, limits)
        ):
            verdicts.extend((camera, verdict) for verdict in record.values.verdicts)
    return tuple(verdicts)
