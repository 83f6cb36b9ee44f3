"""A ground check is shown with its verdict, why, and both pictures side by side."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.rules.ground_check import GroundCheck, GroundCheckResult
from alerts.rules.ground_pictures import GroundPicture
from api.console.pages.ground_check import ground_check_panel
from api.console.view_models.case_page import CaseContents, case_view
from api.console.view_models.ground_check import ground_check_view, pictures_of
from api.console.view_models.place import place_view
from domain.cases import Actor, CaseState
from domain.problems import ProblemClass
from domain.records import Verdict, VerdictState
from tests.fakes.console_samples import NOW, REGISTRY, in_state, situation, snapshot, words
from texts.catalogue import Locale

BEFORE, OTHER, AFTER = "b" * 64, "c" * 64, "d" * 64
EN = words(Locale.EN)
EMPTIED_AT = NOW - timedelta(minutes=40)


def picture(sha256: str, minutes_ago: int, camera: str = "cam-1") -> GroundPicture:
    taken_at = NOW - timedelta(minutes=minutes_ago)
    return GroundPicture(device_id=camera, sha256=sha256, taken_at=taken_at)


NOT_SWEPT = GroundCheck(
    emptied_at=EMPTIED_AT,
    device_id="fill-1",
    result=GroundCheckResult.NOT_SWEPT,
    decided_at=NOW - timedelta(minutes=20),
    before=(picture(OTHER, 41, "cam-2"), picture(BEFORE, 43)),
    picture=picture(AFTER, 20),
    found=(ProblemClass.SCATTERED_LITTER,),
)
SWEPT = replace(NOT_SWEPT, result=GroundCheckResult.SWEPT, found=())
UNDER_WAY = replace(SWEPT, result=None, decided_at=None, picture=None)
NOT_OBSERVED = replace(UNDER_WAY, result=GroundCheckResult.NOT_OBSERVED, decided_at=NOW)


def test_ground_not_swept_shows_what_lies_there_beside_the_same_camera_before() -> None:
    view = ground_check_view(NOT_SWEPT, {}, REGISTRY, EN)
    assert view.before is not None
    assert view.after is not None
    assert (view.before.sha256, view.after.sha256) == (BEFORE, AFTER)
    assert view.before.caption == f"cam-1 · {EN.time(NOW - timedelta(minutes=43))}"
    assert view.result == "Not swept"
    assert view.reason == (
        f"Emptied {EN.time(EMPTIED_AT)} · looked at 20 min later · Scattered litter"
    )


@pytest.mark.parametrize(
    ("check", "result", "reason"),
    [
        (SWEPT, "Swept", "looked at 20 min later · the ground was clean"),
        (UNDER_WAY, "Not decided yet", "the looks at the ground are still to come"),
        (NOT_OBSERVED, "Unknown", "no camera could judge the ground in time"),
    ],
)
def test_every_verdict_says_why(check: GroundCheck, result: str, reason: str) -> None:
    view = ground_check_view(check, {}, REGISTRY, EN)
    assert view.result == result
    assert view.reason == f"Emptied {EN.time(EMPTIED_AT)} · {reason}"


def test_the_panel_draws_both_pictures_and_says_where_one_is_missing() -> None:
    html = ground_check_panel(ground_check_view(NOT_SWEPT, {}, REGISTRY, words()), words())
    assert html.index(f'src="/pictures/{BEFORE}"') < html.index(f'src="/pictures/{AFTER}"')
    assert OTHER not in html
    assert all(text in html for text in ("清运后地面检查", "未清扫", "清运前", "检查时"))
    blind = replace(NOT_OBSERVED, before=())
    html = ground_check_panel(ground_check_view(blind, {}, REGISTRY, EN), EN)
    assert "<img" not in html
    assert "No picture from before the emptying is kept." in html
    assert "No picture of the check is kept." in html


def test_what_the_camera_found_is_boxed_in_both_pictures() -> None:
    litter = Verdict(
        zone_id="zone-ground",
        problem_class=ProblemClass.SCATTERED_LITTER,
        state=VerdictState.PRESENT,
        score=0.9,
        boxes=((0.5, 0.6, 0.1, 0.2),),
    )
    snapshots = {AFTER: snapshot(litter)}
    view = ground_check_view(NOT_SWEPT, snapshots, REGISTRY, EN)
    assert view.before is not None
    assert view.after is not None
    assert (view.before.boxes, view.before.found) == ((), ())
    assert [(box.x, box.height) for box in view.after.boxes] == [(50, 20)]
    html = ground_check_panel(view, EN)
    assert html.count("<rect") == 1
    assert "Scattered litter: Present" in html


def test_a_check_names_the_pictures_that_it_shows() -> None:
    assert [one.sha256 for one in pictures_of(NOT_SWEPT)] == [BEFORE, AFTER]
    assert [one.sha256 for one in pictures_of(UNDER_WAY)] == [OTHER]
    assert pictures_of(None) == ()


def test_without_a_check_there_is_no_panel() -> None:
    assert ground_check_panel(None, EN) == ""


def test_the_pages_of_the_case_and_of_the_place_show_their_check() -> None:
    contents = CaseContents(
        case=in_state(CaseState.DISPATCHED),
        log=(),
        messages=(),
        alerts=(),
        ground_check=NOT_SWEPT,
    )
    case = case_view(contents, situation=situation(), role=Actor.DISPATCHER, words=EN)
    assert case.ground_check == ground_check_view(NOT_SWEPT, {}, REGISTRY, EN)
    place = place_view(
        REGISTRY.places["place-1"],
        situation=situation(),
        cases=(),
        alerts=(),
        words=EN,
        ground_check=SWEPT,
    )
    assert place.ground_check == ground_check_view(SWEPT, {}, REGISTRY, EN)
