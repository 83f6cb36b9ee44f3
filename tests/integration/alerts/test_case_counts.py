"""How many cases came, were due and were closed in a time, asked of both kinds of store."""

from datetime import timedelta

from alerts.orders import ReportCase
from domain.assessment import CaseCounts
from domain.cases import Actor, Case, CaseAction, CaseSource
from domain.problems import ProblemClass
from tests.fakes.alerts_rig import PHOTOS, AlertsRig

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def _report(rig: AlertsRig, problem: ProblemClass = ProblemClass.BIN_OVERFLOW) -> Case:
    return rig.desk.report(
        ReportCase(
            place_id="plain",
            problem_class=problem,
            source=CaseSource.TELEPHONE,
            note="",
            actor=Actor.OPERATOR,
            key=f"call-{problem}",
        )
    )


def _close(rig: AlertsRig, case: Case) -> None:
    rig.move(case, CaseAction.ACCEPT, Actor.CREW)
    rig.move(case, CaseAction.FINISH, Actor.CREW, photos=PHOTOS)
    rig.move(case, CaseAction.CONFIRM_CLEAN, Actor.INSPECTOR)


def _counts(rig: AlertsRig, *, days_back: int = 1) -> CaseCounts:
    now = rig.clock.now()
    found = rig.book.count_cases(since=now - days_back * DAY, until=now + DAY, now=now)
    assert {(one.place_id, one.unit_id) for one in found} <= {("plain", "unit-place")}
    return sum((one.counts for one in found), CaseCounts())


def test_a_case_is_due_once_its_limit_has_ended(rig: AlertsRig) -> None:
    case = _report(rig)
    assert case.due_at is not None
    assert _counts(rig) == CaseCounts(reported=1, filed=1)
    rig.clock.advance(seconds=(case.due_at - rig.clock.now()).total_seconds() + 60)
    late = CaseCounts(reported=1, filed=1, due=1)
    assert _counts(rig) == late
    assert _counts(rig).late == 1
    _close(rig, case)
    assert _counts(rig) == CaseCounts(reported=1, filed=1, due=1, closed=1)


def test_a_case_closed_in_time_counts_as_such(rig: AlertsRig) -> None:
    case = _report(rig)
    _close(rig, case)
    rig.clock.advance(hours=12)
    assert _counts(rig) == CaseCounts(reported=1, filed=1, due=1, closed=1, closed_on_time=1)


def test_what_stands_still_or_was_void_is_never_due(rig: AlertsRig) -> None:
    held = _report(rig)
    rig.move(held, CaseAction.DEFER, Actor.DISPATCHER, note="roadworks", approved_by="the head")
    void = _report(rig, ProblemClass.EXPOSED_WASTE)
    rig.move(void, CaseAction.VOID, Actor.INSPECTOR, note="a mistake", approved_by="the head")
    rig.clock.advance(hours=12)
    assert _counts(rig) == CaseCounts(reported=2, filed=2)


def test_only_what_lies_in_the_period_is_counted(rig: AlertsRig) -> None:
    case = _report(rig)
    assert case.due_at is not None
    rig.clock.advance(days=3)
    now = rig.clock.now()

    def counted(since: timedelta, until: timedelta) -> list[tuple[int, int]]:
        found = rig.book.count_cases(
            since=case.opened_at + since, until=case.opened_at + until, now=now
        )
        return [(one.counts.reported, one.counts.due) for one in found]

    limit = case.due_at - case.opened_at
    assert counted(timedelta(), limit) == [(1, 0)]
    assert counted(MINUTE, limit + MINUTE) == [(0, 1)]
    assert counted(-DAY, timedelta()) == []
    assert counted(limit + MINUTE, 3 * DAY) == []
