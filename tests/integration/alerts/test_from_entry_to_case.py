from datetime import timedelta

import pytest

from alerts.case_records import CaseEvent
from alerts.outbox import Channel
from domain.alerts import AlertLevel, DeviceCondition
from domain.cases import Actor, CaseAction, CaseSource, CaseState
from domain.changes import ChangeKind
from domain.problems import ProblemClass
from domain.records import CameraHealth, FillReading, MeasurementQuality, VerdictState
from tests.fakes.alerts_rig import PICTURE, AlertsRig

pytestmark = pytest.mark.takes_s(6)

PRESENT, CLEAR, UNKNOWN = VerdictState.PRESENT, VerdictState.CLEAR, VerdictState.UNKNOWN


def test_two_critical_readings_open_file_and_dispatch_one_case(rig: AlertsRig) -> None:
    rig.level("only", 0.5, 0.95)
    assert rig.book.open_cases() == []
    rig.level("only", 0.96)
    case = rig.the_case()
    assert (case.state, case.source) == (CaseState.DISPATCHED, CaseSource.SENSOR)
    assert (case.unit_id, case.crew_id) == ("unit-place", "crew-place")
    assert case.due_at == rig.clock.now() + timedelta(hours=2)
    assert case.number == "20260303-0001"
    actors = [(entry.actor, entry.action) for entry in rig.book.log(case.case_id)]
    assert actors == [
        (Actor.RULE, CaseEvent.REPORTED),
        (Actor.RULE, CaseAction.FILE),
        (Actor.AUTO_DISPATCH, CaseAction.DISPATCH),
    ]
    assert rig.told(case) == ["new"]
    assert rig.told(case, Channel.CONSOLE) == ["new"]
    (alert,) = rig.book.open_alerts()
    assert alert.case_id == case.case_id
    assert alert.reasons == ("fill_critical",)


def test_more_critical_readings_open_nothing_more(rig: AlertsRig) -> None:
    rig.level("only", *[0.95] * 10)
    assert len(rig.book.open_alerts()) == len(rig.book.open_cases()) == 1
    assert rig.told(rig.the_case()) == ["new"]


def test_a_reading_of_doubtful_quality_never_alerts(rig: AlertsRig) -> None:
    rig.level("only", *[0.99] * 5, quality=MeasurementQuality.SUSPICIOUS)
    assert rig.book.open_alerts() == []


def test_a_late_backlog_never_alerts_but_its_newest_record_sets_the_state(rig: AlertsRig) -> None:
    full = FillReading(
        measurement_quality=MeasurementQuality.ACCEPTED, filling_level=0.97, battery_ratio=0.1
    )
    rig.clock.advance(hours=3)
    for minutes in (120, 115, 110):
        at = rig.clock.now() - timedelta(minutes=minutes)
        rig.record("only", full, at=at, late=True, sets_state=minutes == 110)
    rig.evaluate()
    assert rig.book.open_cases() == []
    assert [a.subject for a in rig.book.open_alerts()] == [DeviceCondition.BATTERY_LOW]
    assert rig.counted("huanwei_alerts_entries_skipped_total", {"reason": "late"}) == 3
    rig.level("only", 0.97, 0.97)
    assert len(rig.book.open_cases()) == 1


def test_entries_of_an_unknown_device_are_counted_and_stepped_over(rig: AlertsRig) -> None:
    reading = FillReading(measurement_quality=MeasurementQuality.ACCEPTED, filling_level=0.97)
    rig.record("stranger", reading)
    rig.level("only", 0.95, 0.95)
    assert len(rig.book.open_cases()) == 1
    reason = {"reason": "unknown_device"}
    assert rig.counted("huanwei_alerts_entries_skipped_total", reason) == 1


def test_sensor_and_camera_make_one_case_with_both_reasons(rig: AlertsRig) -> None:
    rig.level("near", 0.95, 0.95)
    rig.look(overflow=PRESENT, times=2)
    assert len(rig.book.open_cases()) == 1
    (alert,) = rig.book.open_alerts()
    assert set(alert.reasons) == {"fill_critical", "camera_sees_overflow"}


def test_a_camera_case_names_its_picture(rig: AlertsRig) -> None:
    rig.look(overflow=PRESENT, times=2)
    case = rig.the_case()
    assert case.source is CaseSource.CAMERA
    (alert,) = rig.book.open_alerts()
    assert (alert.picture_sha256, alert.device_id) == (PICTURE, "camera")
    assert alert.level is AlertLevel.CRITICAL


def test_one_positive_picture_is_no_alert_and_unknown_counts_for_nothing(rig: AlertsRig) -> None:
    rig.look(overflow=PRESENT)
    rig.look(overflow=UNKNOWN, times=4)
    assert rig.book.open_alerts() == []
    rig.look(overflow=PRESENT)
    assert len(rig.book.open_cases()) == 1
    rig.look(overflow=UNKNOWN, times=20)
    assert len(rig.book.open_alerts()) == 1


def test_bags_beside_a_low_bin_say_so(rig: AlertsRig) -> None:
    rig.level("near", 0.2)
    rig.level("far", 0.1)
    rig.look(bags=PRESENT, times=2)
    (alert,) = rig.book.open_alerts()
    assert alert.subject is ProblemClass.BAGGED_WASTE_ON_GROUND
    assert set(alert.reasons) == {"camera_sees_waste", "bags_beside_bin"}


def test_a_sensor_that_jumps_full_while_the_camera_sees_the_bin_clean_is_suspect(
    rig: AlertsRig,
) -> None:
    rig.level("near", 0.3)
    rig.look(overflow=CLEAR, times=3)
    rig.level("near", 1.2, 1.2, every_min=1)
    assert rig.book.open_cases() == []
    (alert,) = rig.book.open_alerts()
    assert (alert.subject, alert.device_id) == (DeviceCondition.SENSOR_SUSPECT, "near")
    rig.look(overflow=PRESENT, times=2)
    assert [c.problem_class for c in rig.book.open_cases()] == [ProblemClass.BIN_OVERFLOW]
    assert [a.subject for a in rig.book.open_alerts()] == [ProblemClass.BIN_OVERFLOW]


def test_a_camera_that_misses_an_overflow_does_not_talk_away_a_bin_that_filled_up(
    rig: AlertsRig,
) -> None:
    rig.level("near", 0.85, 0.92, 0.97)
    case = rig.the_case()
    rig.look(overflow=CLEAR, times=5)
    rig.level("near", 1.1, 1.2)
    assert rig.the_case() == case
    assert {a.subject for a in rig.book.open_alerts()} == {
        ProblemClass.BIN_OVERFLOW,
        DeviceCondition.SENSOR_SUSPECT,
    }


def test_a_silent_sensor_does_not_silence_the_camera(rig: AlertsRig) -> None:
    rig.level("near", 0.3)
    rig.look(overflow=UNKNOWN, times=70)
    rig.look(overflow=PRESENT, times=2)
    alerts = {alert.subject: alert for alert in rig.book.open_alerts()}
    assert alerts[DeviceCondition.SILENT].device_id in {"near", "far", "only"}
    overflow = alerts[ProblemClass.BIN_OVERFLOW]
    assert set(overflow.reasons) == {"camera_sees_overflow", "sensor_silent"}


def test_silence_ends_with_the_next_word(rig: AlertsRig) -> None:
    rig.level("only", 0.3)
    rig.look(overflow=UNKNOWN, times=70)
    assert any(a.device_id == "only" for a in rig.book.open_alerts())
    rig.level("only", 0.3)
    assert not any(a.device_id == "only" for a in rig.book.open_alerts())


def test_a_feed_that_stands_still_makes_no_device_silent(rig: AlertsRig) -> None:
    for device_id in ("near", "far", "only"):
        rig.level(device_id, 0.3)
    for _ in range(30):
        rig.clock.advance(minutes=10)
        rig.evaluate()
    rig.level("only", 0.3)
    assert rig.book.open_alerts() == []


def test_a_new_alert_attaches_to_the_open_case_and_its_clearing_never_closes(
    rig: AlertsRig,
) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.the_case()
    rig.level("only", 0.05, 0.05)
    case = rig.the_case()
    assert case.state is CaseState.AWAITING_VERIFICATION
    assert rig.book.open_alerts() == []
    rig.level("only", 0.95, 0.95)
    again = rig.the_case()
    assert again.case_id == case.case_id
    assert again.state is CaseState.REWORK
    assert [a.case_id for a in rig.book.alerts_at("plain")] == [case.case_id] * 2


def test_the_clearing_is_only_logged_while_the_crew_is_at_work(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.move(rig.the_case(), CaseAction.ACCEPT, Actor.CREW)
    case = rig.move(case, CaseAction.ARRIVE, Actor.CREW)
    rig.level("only", 0.05, 0.05)
    assert rig.the_case().state is CaseState.IN_PROGRESS
    assert rig.book.log(case.case_id)[-1].action is CaseEvent.CLEARED


def test_a_closed_case_needs_the_problem_to_be_seen_anew(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.finish(rig.the_case())
    rig.move(case, CaseAction.CONFIRM_CLEAN, Actor.INSPECTOR)
    rig.evaluate()
    assert rig.book.open_alerts() == []
    rig.level("only", 0.95)
    assert rig.book.open_cases() == []
    rig.level("only", 0.95)
    assert rig.the_case().number == "20260303-0002"


def test_a_voided_case_is_not_opened_again_by_the_same_episode(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    rig.move(
        rig.the_case(), CaseAction.VOID, Actor.INSPECTOR, note="施工", approved_by="inspector-1"
    )
    rig.level("only", *[0.95] * 4)
    assert rig.book.open_cases() == []
    rig.level("only", 0.1, 0.1, 0.95, 0.95)
    assert len(rig.book.open_cases()) == 1


def test_battery_and_camera_alerts_never_open_a_case(rig: AlertsRig) -> None:
    low = FillReading(
        measurement_quality=MeasurementQuality.ACCEPTED, filling_level=0.2, battery_ratio=0.25
    )
    rig.record("only", low)
    rig.look(health=CameraHealth.BLOCKED, times=32)
    assert {a.subject for a in rig.book.open_alerts()} == {
        DeviceCondition.BATTERY_LOW,
        DeviceCondition.CAMERA_UNUSABLE,
    }
    rig.look(health=CameraHealth.OK)
    assert {a.subject for a in rig.book.open_alerts()} == {DeviceCondition.BATTERY_LOW}
    assert rig.book.cases_at("plain") == rig.book.cases_at("watched") == []


def test_every_step_leaves_a_change(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.finish(rig.the_case())
    rig.level("only", 0.05, 0.05)
    changes = [change for change in rig.book.changes(0) if change.subject_id == case.case_id]
    assert [change.kind for change in changes] == [
        ChangeKind.CASE_OPENED,
        *[ChangeKind.CASE_MOVED] * 7,
    ]
    actions = ["file", "dispatch", "accept", "arrive", "finish", "cleared", "confirm_clean"]
    assert [change.values["action"] for change in changes[1:]] == actions
    assert rig.book.newest_change() == rig.book.changes(0)[-1].position
    assert rig.book.case(case.case_id) == rig.book.ended_cases()[0]


@pytest.mark.parametrize("levels", [(0.89, 0.91) * 20, (0.76, 0.91, 0.76) * 10])
def test_a_level_at_the_edge_makes_at_most_one_case(
    rig: AlertsRig, levels: tuple[float, ...]
) -> None:
    rig.level("only", *levels, every_min=0.1)
    assert len(rig.book.cases_at("plain")) <= 1
    cases = rig.book.cases_at("plain")
    assert all(len(rig.told(case)) <= 2 for case in cases)
