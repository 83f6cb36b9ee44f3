"""Sensor, camera and ground of one place, put together into what is to be said of the place."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.alert_records import Cause
from alerts.limits import AlertRules
from alerts.rules.threshold import FillBand
from domain.problems import ProblemClass

FILL_CRITICAL = "fill_critical"
CAMERA_SEES_OVERFLOW = "camera_sees_overflow"
CAMERA_SEES_WASTE = "camera_sees_waste"
BAGS_BESIDE_BIN = "bags_beside_bin"
SENSOR_SILENT = "sensor_silent"
GROUND_NOT_SWEPT = "ground_not_swept"
FULL_BUT_CAMERA_CLEAR = "full_but_camera_clear"

_BESIDE_THE_BIN = (ProblemClass.BAGGED_WASTE_ON_GROUND, ProblemClass.EXPOSED_WASTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorView:
    """What a fill sensor says now. ``level`` is None until it has said one.

    ``believed``: an overflow that is open now has been raised by it.
    """

    device_id: str
    container_id: str
    band: FillBand
    level: float | None
    silent: bool
    believed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneView:
    """What a camera says now of one problem class in one zone.

    ``container_id`` is None for a zone that stands for no single container. ``clearly_gone``:
    it has lately seen, more than once, that nothing is there.
    """

    device_id: str
    problem_class: ProblemClass
    container_id: str | None
    present: bool
    clearly_gone: bool
    picture_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """Everything known of one place. ``not_swept_by``: cameras that saw waste after a collection
    and have not seen it gone.
    """

    sensors: tuple[SensorView, ...] = ()
    zones: tuple[ZoneView, ...] = ()
    not_swept_by: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFindings:
    """What is wrong at the place and by which causes, and which sensors are not to be believed."""

    problems: Mapping[ProblemClass, tuple[Cause, ...]] = field(default_factory=dict)
    suspect_sensors: frozenset[str] = frozenset()


def reconcile(place: PlaceView, rules: AlertRules) -> PlaceFindings:
    """Put the views together.

    - Sensor full and camera overflow: one problem with both causes.
    - Sensor at or above ``suspect_level`` while a camera lately saw that bin clean: the sensor is
      suspect and raises nothing new. An overflow it has raised on its way up stands: a camera
      that misses one must not talk it away. Between the critical and that level the two agree: a
      bin can be nearly full and show nothing.
    - Sensor silent and camera overflow: the problem stands, and the silence is a reason.
    - Sensor low and waste on the ground: the waste stands beside the bin.
    """
    suspects = frozenset(s.device_id for s in place.sensors if _is_suspect(s, place, rules))
    problems: dict[ProblemClass, list[Cause]] = {}
    for sensor in place.sensors:
        credible = sensor.believed or sensor.device_id not in suspects
        if sensor.band is FillBand.CRITICAL and credible:
            cause = Cause(device_id=sensor.device_id, reason=FILL_CRITICAL)
            problems.setdefault(ProblemClass.BIN_OVERFLOW, []).append(cause)
    for zone in place.zones:
        if zone.present:
            overflow = zone.problem_class is ProblemClass.BIN_OVERFLOW
            cause = Cause(
                device_id=zone.device_id,
                reason=CAMERA_SEES_OVERFLOW if overflow else CAMERA_SEES_WASTE,
                picture_sha256=zone.picture_sha256,
            )
            problems.setdefault(zone.problem_class, []).append(cause)
    if place.not_swept_by:
        problems[ProblemClass.NOT_SWEPT_AFTER_COLLECTION] = list(place.not_swept_by)
    _add_what_sensors_explain(problems, place, rules)
    return PlaceFindings(
        problems={problem: tuple(dict.fromkeys(causes)) for problem, causes in problems.items()},
        suspect_sensors=suspects,
    )


def _is_suspect(sensor: SensorView, place: PlaceView, rules: AlertRules) -> bool:
    if sensor.silent or sensor.level is None or sensor.level < rules.suspect_level:
        return False
    zones = [
        zone
        for zone in place.zones
        if zone.problem_class is ProblemClass.BIN_OVERFLOW
        and zone.container_id == sensor.container_id
    ]
    return bool(zones) and all(zone.clearly_gone for zone in zones)


def _add_what_sensors_explain(
    problems: dict[ProblemClass, list[Cause]], place: PlaceView, rules: AlertRules
) -> None:
    overflow = problems.get(ProblemClass.BIN_OVERFLOW)
    if overflow:
        silent = (s for s in place.sensors if s.silent)
        overflow.extend(Cause(device_id=s.device_id, reason=SENSOR_SILENT) for s in silent)
    heard = [s for s in place.sensors if not s.silent and s.level is not None]
    low = heard and all(s.level is not None and s.level < rules.low_level for s in heard)
    if low:
        for problem in _BESIDE_THE_BIN:
            if problem in problems:
                problems[problem].extend(
                    Cause(device_id=s.device_id, reason=BAGS_BESIDE_BIN) for s in heard
                )
