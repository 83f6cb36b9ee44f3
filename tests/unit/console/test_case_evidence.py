"""What the case's page shows for and against its end."""

from dataclasses import replace
from datetime import timedelta

from alerts.case_records import CaseEvent, CaseLogEntry
from alerts.proof_photos import NotedDoubt
from api.console.markup import render
from api.console.palette import Mark
from api.console.view_models.case_evidence import EvidencePair
from api.console.view_models.case_page import CaseContents, CaseView, case_view
from api.console.view_models.cases import case_card
from domain.alerts import Alert, AlertLevel
from domain.cases import Actor, CaseAction, CaseState
from domain.photo_evidence import DoubtfulPhoto, PhotoDoubt
from domain.problems import ProblemClass
from domain.records import CameraHealth, Record, SnapshotVerdicts, Verdict, VerdictState
from tests.fakes.console_samples import CASE, NOW, REGISTRY, in_state, situation, words
from texts.catalogue import Locale

BOX = ((0.1, 0.2, 0.3, 0.4),)
BEFORE, AFTER, ELSEWHERE = "b" * 64, "d" * 64, "e" * 64
CHECK = CaseLogEntry(
    at=NOW,
    actor=Actor.MACHINE_VERIFICATION,
    action=CaseAction.SEND_BACK,
    state_before=CaseState.AWAITING_VERIFICATION,
    state_after=CaseState.REWORK,
    note="",
    approved_by=None,
    photos=(AFTER,),
)
DOUBTED = replace(
    CHECK,
    actor=Actor.RULE,
    action=CaseEvent.PHOTOS_DOUBTED,
    state_before=CaseState.AWAITING_VERIFICATION,
    state_after=CaseState.AWAITING_VERIFICATION,
    photos=(),
)


def snapshot(camera: str, sha256: str, minutes_ago: int, state: VerdictState) -> Record:
    verdict = Verdict(
        zone_id="zone-1", problem_class=CASE.problem_class, state=state, score=0.5, boxes=BOX
    )
    other = replace(verdict, problem_class=ProblemClass.EXPOSED_WASTE)
    at = NOW - timedelta(minutes=minutes_ago)
    values = SnapshotVerdicts(
        camera_health=CameraHealth.OK, verdicts=(verdict, other), picture_sha256=sha256
    )
    return Record(device_id=camera, observed_at=at, gateway_at=at, values=values)


def alert(sha256: str, minutes_ago: int) -> Alert:
    return Alert(
        alert_id=f"alert-{minutes_ago}",
        place_id=CASE.place_id,
        device_id=None,
        subject=CASE.problem_class,
        level=AlertLevel.CRITICAL,
        fired_at=NOW - timedelta(minutes=minutes_ago),
        resolved_at=None,
        case_id=CASE.case_id,
        picture_sha256=sha256,
        reasons=(),
    )


def view_of(
    *,
    snapshots: dict[str, Record] | None = None,
    alerts: tuple[Alert, ...] = (),
    doubts: tuple[NotedDoubt, ...] = (),
    locale: Locale = Locale.EN,
) -> CaseView:
    contents = CaseContents(
        case=in_state(CaseState.REWORK),
        log=(CHECK, DOUBTED),
        messages=(),
        alerts=alerts,
        doubts=doubts,
        snapshots=snapshots or {},
    )
    return case_view(contents, situation=situation(), role=Actor.INSPECTOR, words=words(locale))


def test_a_check_stands_beside_what_the_same_camera_saw_before() -> None:
    present = VerdictState.PRESENT
    (pair,) = view_of(
        alerts=(alert(BEFORE, 40), alert(ELSEWHERE, 20)),
        snapshots={
            BEFORE: snapshot("cam-1", BEFORE, 41, present),
            ELSEWHERE: snapshot("cam-2", ELSEWHERE, 21, present),
            AFTER: snapshot("cam-1", AFTER, 1, present),
        },
    ).pairs
    assert pair.before is not None
    assert (pair.before.sha256, pair.after.sha256) == (BEFORE, AFTER)
    assert pair.result == "Send back"
    assert pair.reason == f"{words(Locale.EN).word(CASE.problem_class)}: Present"


def test_what_was_found_is_boxed_in_the_picture_of_the_alert() -> None:
    seen = snapshot("cam-1", BEFORE, 41, VerdictState.PRESENT)
    view = view_of(alerts=(alert(BEFORE, 40), alert(ELSEWHERE, 20)), snapshots={BEFORE: seen})
    boxed, bare = view.before
    assert [(box.x, box.y, box.mark) for box in boxed.boxes] == [(10, 20, Mark.PROBLEM)] * 2
    assert [row.zone for row in boxed.found] == ["zone-1", "zone-1"]
    assert (bare.sha256, bare.boxes, bare.found) == (ELSEWHERE, (), ())
    html = render(
        "case_photos",
        title="t",
        sides=(("Before", view.before, "none"), ("After", (), "none")),
        missing="m",
        score="score",
    )
    assert html.count('<rect class="box box-problem" x="10.0" y="20.0"') == 2
    assert "Exposed waste: Present" in html
    assert html.count('<svg class="overlay"') == 1


def test_what_is_doubtful_is_boxed_but_not_called_found() -> None:
    seen = snapshot("cam-1", BEFORE, 41, VerdictState.UNKNOWN)
    (photo,) = view_of(alerts=(alert(BEFORE, 40),), snapshots={BEFORE: seen}).before
    assert {box.mark for box in photo.boxes} == {Mark.UNKNOWN}
    assert photo.found == ()


def test_the_picture_of_a_check_shows_its_boxes_among_the_photos_too() -> None:
    seen = snapshot("cam-1", AFTER, 1, VerdictState.PRESENT)
    (photo,) = view_of(snapshots={AFTER: seen}).after
    assert len(photo.boxes) == 2


def test_a_picture_whose_verdicts_are_no_longer_kept_makes_no_pair() -> None:
    assert view_of(alerts=(alert(BEFORE, 40),)).pairs == ()


def test_doubts_are_told_in_the_log_and_with_both_pictures() -> None:
    doubts = (
        NotedDoubt(
            noted_at=NOW,
            photo=DoubtfulPhoto(
                sha256=AFTER,
                doubt=PhotoDoubt.OF_ANOTHER_CASE,
                like_case_id="case-7",
                like_sha256=BEFORE,
            ),
            like_number="20260303-0007",
        ),
        NotedDoubt(
            noted_at=NOW,
            photo=DoubtfulPhoto(sha256=AFTER, doubt=PhotoDoubt.ELSEWHERE, distance_m=2000),
            like_number=None,
        ),
        NotedDoubt(
            noted_at=NOW - timedelta(hours=1),
            photo=DoubtfulPhoto(sha256=AFTER, doubt=PhotoDoubt.TAKEN_BEFORE_CASE, early_min=90),
            like_number=None,
        ),
    )
    view = view_of(doubts=doubts)
    assert view.log[1].note == (
        "Same picture as a photo of another case · Taken elsewhere · about 2 km from the place"
    )
    assert [row.text for row in view.doubts][2] == (
        "Taken before the case was filed · 1 hr 30 min earlier"
    )
    like = view.doubts[0].like
    assert like is not None
    assert (like.sha256, like.caption) == (BEFORE, "Case 20260303-0007")
    assert view.doubts[0].like_href == "/cases/case-7"
    assert "照片存疑" in view_of(doubts=doubts, locale=Locale.ZH_CN).log[1].what


def test_both_pictures_and_the_way_to_the_other_case_are_drawn() -> None:
    pair = EvidencePair(
        before=None,
        after=view_of(snapshots={AFTER: snapshot("cam-1", AFTER, 1, VerdictState.CLEAR)})
        .pairs[0]
        .after,
        result="<b>",
        reason="r",
    )
    html = render(
        "case_evidence",
        title="t",
        pairs=(pair,),
        doubts=(),
        explain="why",
        before="Before",
        after="After",
        none_before="none",
        missing="m",
        score="score",
    )
    assert f'src="/pictures/{AFTER}"' in html
    assert "&lt;b&gt;" in html
    assert "none" in html


def test_a_case_with_doubtful_photos_is_marked_on_its_card() -> None:
    case = replace(CASE, photo_doubts=2)
    card = case_card(case, now=NOW, registry=REGISTRY, words=words())
    assert "照片存疑" in card.badges
