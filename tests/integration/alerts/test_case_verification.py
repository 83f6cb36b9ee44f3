import pytest

from alerts.case_desk import MissingApprovalError, MissingProofError
from alerts.orders import ReportCase
from alerts.outbox import Channel
from domain.cases import Actor, CaseAction, CaseSource, CaseState, IllegalMoveError
from domain.problems import ProblemClass
from domain.records import CameraHealth, VerdictState
from tests.fakes.alerts_rig import PHOTOS, PICTURE, AlertsRig

pytestmark = pytest.mark.takes_s(10)

PRESENT, CLEAR, UNKNOWN = VerdictState.PRESENT, VerdictState.CLEAR, VerdictState.UNKNOWN


def test_the_first_known_verdict_after_done_closes_the_case(rig: AlertsRig) -> None:
    rig.look(bags=PRESENT, times=2)
    case = rig.finish(rig.the_case())
    rig.look(bags=UNKNOWN, times=3)
    assert rig.the_case().state is CaseState.AWAITING_VERIFICATION
    rig.look(bags=CLEAR)
    (closed,) = rig.book.ended_cases()
    assert (closed.case_id, closed.state) == (case.case_id, CaseState.CLOSED)
    last = rig.book.log(case.case_id)[-1]
    assert (last.actor, last.photos) == (Actor.MACHINE_VERIFICATION, (PICTURE,))
    assert rig.told(closed) == ["new", "closed"]
    assert rig.book.open_alerts() == []


def test_a_picture_that_still_shows_waste_sends_the_case_back(rig: AlertsRig) -> None:
    rig.look(bags=PRESENT, times=2)
    rig.finish(rig.the_case())
    rig.look(bags=PRESENT)
    case = rig.the_case()
    assert (case.state, case.rework_count) == (CaseState.REWORK, 1)
    assert rig.told(case) == ["new", "rework-1"]
    rig.finish(case)
    rig.look(bags=PRESENT)
    assert rig.told(rig.the_case()) == ["new", "rework-1", "rework-2"]
    rig.finish(rig.the_case())
    rig.look(bags=CLEAR)
    assert rig.book.ended_cases()[0].state is CaseState.CLOSED


def test_a_snapshot_of_the_moment_of_finishing_or_before_verifies_nothing(rig: AlertsRig) -> None:
    rig.look(bags=PRESENT, times=2)
    rig.finish(rig.the_case())
    rig.look(bags=CLEAR, every_min=0)
    assert rig.the_case().state is CaseState.AWAITING_VERIFICATION


def test_without_a_camera_two_low_readings_close_an_overflow(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    rig.finish(rig.the_case())
    rig.level("only", 0.1)
    assert rig.the_case().state is CaseState.AWAITING_VERIFICATION
    rig.level("only", 0.1)
    assert rig.book.ended_cases()[0].state is CaseState.CLOSED


def test_without_a_camera_two_full_readings_send_an_overflow_back(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    rig.finish(rig.the_case())
    rig.level("only", 0.95, 0.8, 0.95)
    assert rig.the_case().state is CaseState.AWAITING_VERIFICATION
    rig.level("only", 0.95)
    assert rig.the_case().state is CaseState.REWORK


def test_a_bin_that_no_camera_sees_is_verified_by_its_own_readings(rig: AlertsRig) -> None:
    rig.level("far", 0.95, 0.95)
    rig.finish(rig.the_case())
    rig.look(overflow=CLEAR, times=3)
    rig.level("near", 0.1, 0.1)
    assert rig.the_case().state is CaseState.AWAITING_VERIFICATION
    rig.level("far", 0.1, 0.1)
    assert rig.book.ended_cases()[0].state is CaseState.CLOSED


def test_where_a_camera_sees_the_bin_it_decides_not_the_readings(rig: AlertsRig) -> None:
    rig.level("near", 0.95, 0.95)
    rig.finish(rig.the_case())
    rig.level("near", 0.1, 0.1, 0.1)
    assert rig.the_case().state is CaseState.AWAITING_VERIFICATION
    rig.look(overflow=PRESENT)
    assert rig.the_case().state is CaseState.REWORK


def test_readings_decide_while_the_camera_is_blind(rig: AlertsRig) -> None:
    rig.look(health=CameraHealth.BLOCKED, times=32)
    rig.level("near", 0.95, 0.95)
    rig.finish(rig.the_case())
    rig.level("near", 0.1, 0.1)
    assert rig.book.ended_cases()[0].state is CaseState.CLOSED


def test_what_no_device_sees_waits_for_an_inspector(rig: AlertsRig) -> None:
    order = ReportCase(
        place_id="watched",
        problem_class=ProblemClass.FACILITY_DAMAGE,
        source=CaseSource.INSPECTION,
        note="桶盖破损",
        actor=Actor.INSPECTOR,
        key="report-1",
    )
    case = rig.finish(rig.desk.report(order))
    rig.look(overflow=CLEAR, bags=CLEAR, litter=CLEAR, times=5)
    rig.level("near", 0.1, 0.1)
    assert rig.the_case().state is CaseState.AWAITING_VERIFICATION
    rig.move(case, CaseAction.CONFIRM_CLEAN, Actor.INSPECTOR)
    assert rig.book.ended_cases()[0].state is CaseState.CLOSED


def test_the_handler_never_verifies(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.finish(rig.the_case())
    for actor in (Actor.CREW, Actor.DISPATCHER, Actor.OPERATOR):
        with pytest.raises(IllegalMoveError):
            rig.move(case, CaseAction.CONFIRM_CLEAN, actor)


def test_nobody_gives_orders_in_the_name_of_a_machine(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.finish(rig.the_case())
    with pytest.raises(IllegalMoveError):
        rig.move(case, CaseAction.CONFIRM_CLEAN, Actor.MACHINE_VERIFICATION)
    assert rig.the_case() == case


def test_finishing_needs_two_different_photos(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.move(rig.the_case(), CaseAction.ACCEPT, Actor.CREW)
    for photos in ((), PHOTOS[:1], (PHOTOS[0], PHOTOS[0])):
        with pytest.raises(MissingProofError):
            rig.move(case, CaseAction.FINISH, Actor.CREW, photos=photos)
    assert rig.the_case() == case


def test_deferring_needs_an_approval_and_its_pause_does_not_eat_the_limit(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.the_case()
    with pytest.raises(MissingApprovalError):
        rig.move(case, CaseAction.DEFER, Actor.DISPATCHER, note="道路封闭")
    rig.clock.advance(minutes=20)
    case = rig.move(case, CaseAction.DEFER, Actor.DISPATCHER, note="道路封闭", approved_by="chief")
    rig.clock.advance(hours=5)
    rig.evaluate()
    case = rig.move(case, CaseAction.RESUME, Actor.DISPATCHER)
    assert case.due_at is not None
    assert (case.due_at - rig.clock.now()).total_seconds() == 100 * 60
    assert rig.told(case)[:2] == ["new", "withdrawn-4"]
    assert rig.told(case)[2] == "new-5"


def test_emptied_and_swept_opens_nothing(rig: AlertsRig) -> None:
    rig.emptied("near")
    rig.ground(PRESENT, times=14)
    alerts_before = {a.subject for a in rig.book.open_alerts()}
    assert ProblemClass.NOT_SWEPT_AFTER_COLLECTION not in alerts_before
    rig.ground(CLEAR, times=18)
    assert rig.counted("huanwei_alerts_ground_checks_total", {"result": "swept"}) == 1
    classes = {case.problem_class for case in rig.book.cases_at("watched")}
    assert ProblemClass.NOT_SWEPT_AFTER_COLLECTION not in classes


def test_not_swept_after_collection_is_a_case_against_the_collecting_unit(rig: AlertsRig) -> None:
    rig.emptied("near")
    rig.ground(UNKNOWN, times=16)
    assert rig.book.open_cases() == []
    rig.ground(PRESENT)
    case = rig.the_case()
    assert case.problem_class is ProblemClass.NOT_SWEPT_AFTER_COLLECTION
    assert (case.unit_id, case.crew_id) == ("unit-collecting", "crew-collecting")
    rig.finish(case)
    rig.ground(CLEAR)
    assert rig.book.ended_cases()[0].state is CaseState.CLOSED
    (check,) = [c for c in rig.book.changes(0) if c.kind == "ground_check"]
    assert check.values["result"] == "not_swept"


def test_clean_at_the_first_look_and_littered_at_the_second_is_not_swept(rig: AlertsRig) -> None:
    rig.emptied("near")
    rig.ground(CLEAR, times=29)
    assert rig.book.open_cases() == []
    rig.ground(PRESENT)
    classes = [case.problem_class for case in rig.book.open_cases()]
    assert classes == [ProblemClass.NOT_SWEPT_AFTER_COLLECTION]


def test_a_ground_that_nobody_could_look_at_is_not_observed_not_clean(rig: AlertsRig) -> None:
    rig.emptied("near")
    rig.ground(UNKNOWN, times=61)
    assert rig.book.open_cases() == []
    (check,) = [c for c in rig.book.changes(0) if c.kind == "ground_check"]
    assert check.values["result"] == "not_observed"
    assert rig.counted("huanwei_alerts_ground_checks_total", {"result": "not_observed"}) == 1


def test_several_containers_of_one_round_are_one_check(rig: AlertsRig) -> None:
    rig.emptied("near")
    rig.clock.advance(minutes=3)
    rig.emptied("far")
    rig.ground(CLEAR, times=60)
    assert rig.counted("huanwei_alerts_ground_checks_total", {"result": "swept"}) == 1


def test_an_emptying_cuts_the_check_before_it_short_and_says_so(rig: AlertsRig) -> None:
    rig.emptied("near")
    rig.ground(UNKNOWN, times=20)
    rig.emptied("near")
    rig.ground(CLEAR, times=31)
    results = [c.values["result"] for c in rig.book.changes(0) if c.kind == "ground_check"]
    assert results == ["not_observed", "swept"]


def test_an_emptying_where_no_camera_looks_is_counted(rig: AlertsRig) -> None:
    rig.emptied("only")
    assert rig.counted("huanwei_alerts_ground_checks_total", {"result": "no_camera"}) == 1


def test_a_task_left_unaccepted_is_escalated_once_to_the_dispatchers(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.the_case()
    rig.clock.advance(minutes=29)
    rig.evaluate()
    assert rig.the_case().escalation_level == 0
    for _ in range(3):
        rig.clock.advance(minutes=1)
        rig.evaluate()
    assert rig.the_case().escalation_level == 1
    assert rig.told(case, Channel.CONSOLE) == ["new", "escalation-1"]


def test_an_accepted_task_is_not_escalated(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    rig.move(rig.the_case(), CaseAction.ACCEPT, Actor.CREW)
    rig.clock.advance(minutes=60)
    rig.evaluate()
    assert rig.the_case().escalation_level == 0


def test_one_reminder_before_the_limit_and_one_at_it(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.move(rig.the_case(), CaseAction.ACCEPT, Actor.CREW)
    for _ in range(40):
        rig.clock.advance(minutes=5)
        rig.evaluate()
    assert rig.told(case) == ["new", "reminder-1", "reminder-2"]
    assert rig.told(case, Channel.CONSOLE) == ["new", "reminder-2"]


def test_after_an_outage_only_the_reminder_at_the_limit_is_sent(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.move(rig.the_case(), CaseAction.ACCEPT, Actor.CREW)
    rig.clock.advance(hours=3)
    rig.evaluate()
    assert rig.told(case) == ["new", "reminder-2"]


def test_a_centre_that_catches_up_on_a_backlog_verifies_by_what_came_after_the_clearing(
    rig: AlertsRig,
) -> None:
    rig.level("only", 0.95, 0.95)
    rig.level("only", 0.1, 0.1, 0.1, 0.1, evaluate=False)
    rig.clock.advance(hours=1)

    rig.evaluate()

    assert [case.state for case in rig.book.ended_cases()] == [CaseState.CLOSED]


def test_the_readings_that_cleared_an_alert_are_not_its_verification_as_well(
    rig: AlertsRig,
) -> None:
    rig.level("only", 0.95, 0.95)
    rig.level("only", 0.1, 0.1, evaluate=False)
    rig.clock.advance(hours=1)

    rig.evaluate()

    assert rig.the_case().state is CaseState.AWAITING_VERIFICATION
