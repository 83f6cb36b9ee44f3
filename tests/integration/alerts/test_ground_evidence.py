"""A ground check keeps both pictures: with the place, and with the case that rests on it."""

from datetime import timedelta

import pytest

from alerts.rules.ground_check import GroundCheckResult
from domain.problems import ProblemClass
from domain.records import VerdictState
from tests.fakes.alerts_rig import AlertsRig

CLEAR, PRESENT, UNKNOWN = VerdictState.CLEAR, VerdictState.PRESENT, VerdictState.UNKNOWN
BEFORE, BETWEEN, DECIDING, LATER = (digit * 64 for digit in "5678")


def seen(rig: AlertsRig, picture: str | None, state: VerdictState, *, times: int = 1) -> None:
    rig.picture = picture
    rig.ground(state, times=times)


def not_swept(rig: AlertsRig) -> None:
    seen(rig, BEFORE, CLEAR)
    rig.emptied("near")
    seen(rig, BETWEEN, UNKNOWN, times=16)
    seen(rig, DECIDING, PRESENT)


def pictures_of_case(rig: AlertsRig, case_id: str) -> tuple[str | None, str | None]:
    check = rig.book.ground_check_of_case(case_id)
    assert check is not None
    assert check.result is GroundCheckResult.NOT_SWEPT
    before, decided = check.compared_with, check.picture
    return (
        None if before is None else before.sha256,
        None if decided is None else decided.sha256,
    )


def test_a_case_of_ground_not_swept_rests_on_both_pictures(rig: AlertsRig) -> None:
    not_swept(rig)
    case = rig.the_case()
    check = rig.book.ground_check_of_case(case.case_id)
    assert check is not None
    assert check == rig.book.ground_check_at("watched")
    assert pictures_of_case(rig, case.case_id) == (BEFORE, DECIDING)
    assert check.picture is not None
    assert check.picture.taken_at - check.emptied_at == timedelta(minutes=17)
    assert check.found == (ProblemClass.BAGGED_WASTE_ON_GROUND, ProblemClass.SCATTERED_LITTER)


def test_the_case_keeps_its_pictures_when_the_place_is_checked_again(rig: AlertsRig) -> None:
    not_swept(rig)
    case = rig.finish(rig.the_case())
    seen(rig, LATER, CLEAR, times=60)
    rig.restart()
    rig.emptied("near")
    seen(rig, LATER, CLEAR, times=31)
    newest = rig.book.ground_check_at("watched")
    assert newest is not None
    assert newest.result is GroundCheckResult.SWEPT
    assert newest.picture is not None
    assert newest.compared_with is not None
    assert (newest.compared_with.sha256, newest.picture.sha256) == (LATER, LATER)
    assert pictures_of_case(rig, case.case_id) == (BEFORE, DECIDING)


def test_the_picture_from_before_outlives_a_restart_between(rig: AlertsRig) -> None:
    seen(rig, BEFORE, CLEAR)
    rig.restart()
    rig.emptied("near")
    rig.restart()
    seen(rig, BETWEEN, UNKNOWN, times=16)
    seen(rig, DECIDING, PRESENT)
    assert pictures_of_case(rig, rig.the_case().case_id) == (BEFORE, DECIDING)


def test_an_emptying_known_a_reading_late_is_compared_with_the_picture_before_it(
    rig: AlertsRig,
) -> None:
    seen(rig, BEFORE, CLEAR)
    rig.clock.advance(minutes=5)
    emptied_at = rig.clock.now()
    seen(rig, BETWEEN, CLEAR, times=10)
    rig.emptied("near", at=emptied_at)
    seen(rig, BETWEEN, UNKNOWN, times=4)
    seen(rig, DECIDING, PRESENT)
    assert pictures_of_case(rig, rig.the_case().case_id) == (BEFORE, DECIDING)


@pytest.mark.parametrize("picture", [None, DECIDING])
def test_a_check_without_a_picture_still_decides(rig: AlertsRig, picture: str | None) -> None:
    rig.emptied("near")
    seen(rig, None, UNKNOWN, times=15)
    seen(rig, picture, PRESENT)
    assert pictures_of_case(rig, rig.the_case().case_id) == (None, picture)


def test_a_check_that_nobody_could_look_at_has_no_picture_of_its_own(rig: AlertsRig) -> None:
    seen(rig, BEFORE, CLEAR)
    rig.emptied("near")
    seen(rig, BETWEEN, UNKNOWN, times=61)
    check = rig.book.ground_check_at("watched")
    assert check is not None
    assert (check.result, check.picture) == (GroundCheckResult.NOT_OBSERVED, None)
    assert check.compared_with is not None
    assert check.compared_with.sha256 == BEFORE


def test_other_cases_and_places_have_no_ground_check(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    assert rig.book.ground_check_of_case(rig.the_case().case_id) is None
    assert rig.book.ground_check_at("plain") is None
