"""How a place stands now: offline is not clean, and the worst thing known decides."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.alerts import Alert, AlertLevel, DeviceCondition
from domain.cases import Case, CaseSource, CaseState
from domain.device_health import DeviceState, device_state
from domain.devices import Camera, FillSensor, SensorModel, Zone, ZoneKind
from domain.place_state import PlaceDevices, PlaceState, PresentPlace, is_overdue, present_place
from domain.problems import ProblemClass
from domain.records import (
    CameraHealth,
    FillReading,
    MeasurementQuality,
    Record,
    SnapshotVerdicts,
    Values,
    Verdict,
    VerdictState,
)

NOW = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
SENSOR = FillSensor(
    device_id="sensor-1",
    place_id="place-1",
    container_id="bin-1",
    gateway_id="gateway-1",
    model=SensorModel.HUANWEI_JSON,
    report_interval_s=300,
    dead_zone_mm=30,
)
SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
CAMERA = Camera(
    device_id="camera-1",
    place_id="place-1",
    gateway_id="gateway-1",
    snapshot_url="http://127.0.0.1/camera-1",
    snapshot_interval_s=60,
    zones=(
        Zone(zone_id="zone-bin", kind=ZoneKind.BIN, polygon=SQUARE, container_id="bin-1"),
        Zone(zone_id="zone-ground", kind=ZoneKind.GROUND, polygon=SQUARE, area_m2=4),
    ),
    sign_posted=True,
    legal_basis="municipal order",
)
CASE = Case(
    case_id="case-1",
    number="2026-0001",
    place_id="place-1",
    problem_class=ProblemClass.BIN_OVERFLOW,
    source=CaseSource.SENSOR,
    state=CaseState.DISPATCHED,
    version=3,
    unit_id="unit-1",
    crew_id="crew-1",
    opened_at=NOW - timedelta(hours=1),
    due_at=NOW + timedelta(hours=1),
)
ALERT = Alert(
    alert_id="alert-1",
    place_id="place-1",
    device_id="sensor-1",
    subject=ProblemClass.BIN_OVERFLOW,
    level=AlertLevel.WARNING,
    fired_at=NOW - timedelta(minutes=5),
)


def record(device_id: str, values: Values, age: timedelta = timedelta(minutes=1)) -> Record:
    at = NOW - age
    return Record(device_id=device_id, observed_at=at, gateway_at=at, values=values)


def reading(level: float | None, *, minutes: float = 1, accepted: bool = True) -> Record:
    quality = MeasurementQuality.ACCEPTED if accepted else MeasurementQuality.REJECTED
    values = FillReading(measurement_quality=quality, filling_level=level)
    return record("sensor-1", values, timedelta(minutes=minutes))


def sight(**states: VerdictState) -> Record:
    classes = {
        "bin": ("zone-bin", ProblemClass.BIN_OVERFLOW),
        "ground": ("zone-ground", ProblemClass.SCATTERED_LITTER),
    }
    verdicts = tuple(
        Verdict(zone_id=classes[zone][0], problem_class=classes[zone][1], state=state, score=0.5)
        for zone, state in states.items()
    )
    return record("camera-1", SnapshotVerdicts(camera_health=CameraHealth.OK, verdicts=verdicts))


def stands(
    *records: Record,
    sensors: Sequence[FillSensor] = (SENSOR,),
    cameras: Sequence[Camera] = (),
    alerts: Sequence[Alert] = (),
    cases: Sequence[Case] = (),
) -> PresentPlace:
    latest: Mapping[str, Record] = {entry.device_id: entry for entry in records}
    devices = PlaceDevices(sensors=sensors, cameras=cameras, latest=latest)
    return present_place(devices, alerts=alerts, cases=cases, now=NOW)


def test_a_fresh_low_level_is_clean() -> None:
    present = stands(reading(0.3))
    assert present.state is PlaceState.CLEAN
    assert present.highest_level == 0.3


def test_a_place_nothing_was_heard_from_is_unknown_not_clean() -> None:
    present = stands()
    assert present.state is PlaceState.UNKNOWN
    assert (present.highest_level, present.fresh_devices, present.devices) == (None, 0, 1)


def test_a_place_whose_sensor_fell_silent_is_unknown_whatever_it_said_last() -> None:
    assert stands(reading(0.1, minutes=60)).state is PlaceState.CLEAN
    assert stands(reading(0.1, minutes=61)).state is PlaceState.UNKNOWN


def test_a_rejected_reading_speaks_for_nothing() -> None:
    assert stands(reading(0.1, accepted=False)).state is PlaceState.UNKNOWN


def test_one_silent_sensor_of_two_leaves_the_place_unknown() -> None:
    second = replace(SENSOR, device_id="sensor-2", container_id="bin-2")
    assert stands(reading(0.1), sensors=(SENSOR, second)).state is PlaceState.UNKNOWN


def test_a_camera_that_sees_the_bin_clear_stands_in_for_its_silent_sensor() -> None:
    assert stands(sight(bin=VerdictState.CLEAR), cameras=(CAMERA,)).state is PlaceState.CLEAN


def test_a_clear_ground_says_nothing_of_a_bin_that_nobody_measured() -> None:
    assert stands(sight(ground=VerdictState.CLEAR), cameras=(CAMERA,)).state is PlaceState.UNKNOWN


def test_a_camera_that_cannot_tell_is_no_evidence() -> None:
    sights = sight(bin=VerdictState.UNKNOWN, ground=VerdictState.UNKNOWN)
    assert stands(sights, sensors=(), cameras=(CAMERA,)).state is PlaceState.UNKNOWN


def test_the_same_zone_id_at_another_camera_is_another_zone() -> None:
    other_zone = Zone(zone_id="zone-bin", kind=ZoneKind.BIN, polygon=SQUARE, container_id="bin-9")
    other = replace(CAMERA, device_id="camera-2", zones=(other_zone,))
    sights = replace(sight(bin=VerdictState.CLEAR), device_id="camera-2")
    assert stands(sights, cameras=(CAMERA, other)).state is PlaceState.UNKNOWN


@pytest.mark.parametrize(
    "evidence",
    [reading(0.80), sight(ground=VerdictState.PRESENT)],
    ids=["level", "camera"],
)
def test_a_fresh_sign_of_trouble_is_a_warning_before_any_alert(evidence: Record) -> None:
    fresh = {"sensor-1": reading(0.2), evidence.device_id: evidence}
    assert stands(*fresh.values(), cameras=(CAMERA,)).state is PlaceState.WARNING


def test_an_open_alert_shows_by_its_level() -> None:
    assert stands(reading(0.2), alerts=[ALERT]).state is PlaceState.WARNING
    critical = replace(ALERT, level=AlertLevel.CRITICAL)
    assert stands(reading(0.2), alerts=[critical]).state is PlaceState.PROBLEM
    resolved = replace(critical, resolved_at=NOW)
    assert stands(reading(0.2), alerts=[resolved]).state is PlaceState.CLEAN


def test_a_device_alert_says_nothing_of_the_place() -> None:
    alert = replace(ALERT, subject=DeviceCondition.BATTERY_LOW, level=AlertLevel.CRITICAL)
    assert stands(reading(0.2), alerts=[alert]).state is PlaceState.CLEAN


def test_an_open_case_is_a_problem_even_where_nothing_is_heard() -> None:
    assert stands(cases=[CASE]).state is PlaceState.PROBLEM
    assert stands(cases=[replace(CASE, state=CaseState.CLOSED)]).state is PlaceState.UNKNOWN


def test_a_case_beyond_its_limit_weighs_most() -> None:
    late = replace(CASE, due_at=NOW - timedelta(seconds=1))
    assert stands(reading(0.2), cases=[CASE, late]).state is PlaceState.OVERDUE


def test_a_handled_case_that_waits_for_its_check_is_not_overdue() -> None:
    late = replace(CASE, due_at=NOW - timedelta(hours=1))
    waiting = replace(late, state=CaseState.AWAITING_VERIFICATION)
    assert is_overdue(late, NOW)
    assert not is_overdue(waiting, NOW)


@pytest.mark.parametrize("state", [CaseState.RETURNED, CaseState.DEFERRED, CaseState.SUSPENDED])
def test_the_limit_of_a_paused_case_stands_still(state: CaseState) -> None:
    late = replace(CASE, due_at=NOW - timedelta(hours=1))
    assert not is_overdue(replace(late, state=state), NOW)


def test_a_device_that_never_spoke_is_unknown_and_one_that_stopped_is_silent() -> None:
    assert device_state(SENSOR, None, NOW) is DeviceState.UNKNOWN
    assert device_state(SENSOR, reading(0.2, minutes=61), NOW) is DeviceState.SILENT
    assert device_state(SENSOR, reading(0.2), NOW) is DeviceState.OK


def test_a_long_report_interval_makes_for_a_long_patience() -> None:
    patient = replace(SENSOR, report_interval_s=3600)
    assert device_state(patient, reading(0.2, minutes=180), NOW) is DeviceState.OK
    assert device_state(patient, reading(0.2, minutes=181), NOW) is DeviceState.SILENT


def test_low_batteries_and_unusable_pictures_are_named() -> None:
    weak = FillReading(measurement_quality=MeasurementQuality.ACCEPTED, battery_ratio=0.29)
    assert device_state(SENSOR, record("sensor-1", weak), NOW) is DeviceState.BATTERY_LOW
    dark = SnapshotVerdicts(camera_health=CameraHealth.DARK, verdicts=())
    assert device_state(CAMERA, record("camera-1", dark), NOW) is DeviceState.CAMERA_UNUSABLE
