"""Photos of a proof that were used before, are of elsewhere or too old: noted, never refused."""

from datetime import timedelta

import pytest

from alerts.case_records import CaseEvent
from alerts.orders import MoveCase
from domain.cases import Actor, Case, CaseAction, CaseState
from domain.checks import InvalidValueError
from domain.photo_evidence import PhotoDoubt, PhotoEvidence
from domain.places import GeoPoint
from domain.records import VerdictState
from tests.fakes.alerts_rig import PHOTOS, AlertsRig

FAR = (1 << 64) - 1
"""A fingerprint that is not alike the one that is 0."""


def evidence(fingerprint: int) -> PhotoEvidence:
    return PhotoEvidence(fingerprint=fingerprint)


def prove(
    rig: AlertsRig,
    case: Case,
    *told: PhotoEvidence,
    photos: tuple[str, str] = PHOTOS,
) -> Case:
    """Let the crew accept, arrive and finish with photos that told this of themselves."""
    rig.move(case, CaseAction.ACCEPT, Actor.CREW)
    arrived = rig.move(case, CaseAction.ARRIVE, Actor.CREW)
    order = MoveCase(
        case_id=case.case_id,
        action=CaseAction.FINISH,
        actor=Actor.CREW,
        key=f"finish-{case.case_id}-{arrived.version}",
        photos=photos,
        evidence=told,
    )
    return rig.desk.move(order)


def doubts(rig: AlertsRig, case: Case) -> list[tuple[PhotoDoubt, str | None, str | None]]:
    return [
        (noted.photo.doubt, noted.photo.like_sha256, noted.like_number)
        for noted in rig.book.photo_doubts(case.case_id)
    ]


def test_a_fresh_proof_leaves_no_doubt(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = prove(rig, rig.the_case(), evidence(0), evidence(FAR))
    assert (case.state, case.photo_doubts) == (CaseState.AWAITING_VERIFICATION, 0)
    assert doubts(rig, case) == []
    rig.level("only", 0.1, 0.1)
    assert rig.book.ended_cases()[0].state is CaseState.CLOSED


def test_a_photo_of_another_case_is_noted_and_then_only_an_inspector_closes(
    rig: AlertsRig,
) -> None:
    rig.look(bags=VerdictState.PRESENT, times=2)
    first = prove(rig, rig.the_case(), evidence(0), evidence(FAR))
    rig.look(bags=VerdictState.CLEAR)
    rig.level("only", 0.95, 0.95)
    others = ("3" * 64, "4" * 64)
    case = prove(rig, rig.the_case(), evidence(0b111), evidence(FAR << 32), photos=others)
    assert (case.state, case.photo_doubts) == (CaseState.AWAITING_VERIFICATION, 1)
    assert doubts(rig, case) == [(PhotoDoubt.OF_ANOTHER_CASE, PHOTOS[0], first.number)]
    last = rig.book.log(case.case_id)[-1]
    assert (last.action, last.actor) == (CaseEvent.PHOTOS_DOUBTED, Actor.RULE)
    rig.level("only", 0.1, 0.1, 0.1)
    assert rig.the_case().state is CaseState.AWAITING_VERIFICATION
    rig.move(case, CaseAction.CONFIRM_CLEAN, Actor.INSPECTOR)
    assert rig.book.ended_cases()[0].case_id == case.case_id


def test_where_a_camera_sees_the_place_it_decides_whatever_the_photos(rig: AlertsRig) -> None:
    rig.look(bags=VerdictState.PRESENT, times=2)
    case = prove(rig, rig.the_case(), evidence(0), evidence(1))
    assert doubts(rig, case) == [(PhotoDoubt.SAME_VIEW, PHOTOS[0], case.number)]
    rig.look(bags=VerdictState.CLEAR)
    assert rig.book.ended_cases()[0].case_id == case.case_id


def test_the_photos_of_the_earlier_proof_are_known_after_rework_and_a_restart(
    rig: AlertsRig,
) -> None:
    rig.level("only", 0.95, 0.95)
    prove(rig, rig.the_case(), evidence(0), evidence(FAR))
    rig.level("only", 0.95, 0.95)
    rig.restart()
    again = prove(rig, rig.the_case(), evidence(3), evidence(FAR << 30))
    assert doubts(rig, again) == [(PhotoDoubt.SENT_BEFORE, PHOTOS[0], again.number)]
    rig.move(again, CaseAction.SEND_BACK, Actor.INSPECTOR, note="again")
    fresh = prove(rig, rig.the_case(), evidence(FAR << 64), evidence(FAR << 20))
    assert fresh.photo_doubts == 0, "the newest proof counts; the log keeps the others"
    assert len(doubts(rig, fresh)) == 1


def test_time_and_place_of_a_photo_are_held_against_the_case(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.the_case()
    old = PhotoEvidence(fingerprint=0, taken_at=rig.clock.now() - timedelta(days=2))
    away = PhotoEvidence(
        fingerprint=FAR,
        taken_at=rig.clock.now(),
        location=GeoPoint(latitude_deg=30.02, longitude_deg=110.0),
    )
    case = prove(rig, case, old, away)
    noted = [noted.photo for noted in rig.book.photo_doubts(case.case_id)]
    assert [doubt.doubt for doubt in noted] == [
        PhotoDoubt.TAKEN_BEFORE_CASE,
        PhotoDoubt.ELSEWHERE,
    ]
    assert noted[0].early_min == pytest.approx(2 * 24 * 60, abs=30)
    assert noted[1].distance_m == 2000


def test_a_proof_sent_twice_is_looked_at_once(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = prove(rig, rig.the_case(), evidence(0), evidence(0))
    order = MoveCase(
        case_id=case.case_id,
        action=CaseAction.FINISH,
        actor=Actor.CREW,
        key=f"finish-{case.case_id}-{case.version - 1}",
        photos=PHOTOS,
        evidence=(evidence(0), evidence(0)),
    )
    assert rig.desk.move(order) == case
    assert len(doubts(rig, case)) == 1


def test_evidence_is_of_every_photo_or_of_none() -> None:
    with pytest.raises(InvalidValueError):
        MoveCase(
            case_id="case-1",
            action=CaseAction.FINISH,
            actor=Actor.CREW,
            key="key",
            photos=PHOTOS,
            evidence=(evidence(0),),
        )
