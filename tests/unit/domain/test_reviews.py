"""What answers mean for what is asked next, and for what a camera learns."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.cases import Actor
from domain.problems import ProblemClass
from domain.records import VerdictState
from domain.reviews import (
    REMEMBERED,
    Detection,
    DetectionKey,
    Frame,
    Review,
    ReviewAnswer,
    rejected_spots,
    still_open,
)

AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
SPOT, ELSEWHERE = (0.1, 0.2, 0.1, 0.1), (0.6, 0.6, 0.1, 0.1)


def seen(minute: int = 0, *, frame: Frame | None = SPOT, zone: str = "ground-1") -> Detection:
    problem = ProblemClass.BAGGED_WASTE_ON_GROUND if frame else ProblemClass.BIN_OVERFLOW
    return Detection(
        key=DetectionKey(
            device_id="camera-001",
            observed_at=AT + timedelta(minutes=minute),
            zone_id=zone,
            problem_class=problem,
        ),
        state=VerdictState.PRESENT,
        score=0.8,
        reasons=(),
        boxes=(frame,) if frame else (),
        zone_frame=(0.0, 0.0, 1.0, 1.0),
        picture_sha256=None,
    )


def said(detection: Detection, answer: ReviewAnswer = ReviewAnswer.REJECTED) -> Review:
    return Review(
        detection=detection,
        answer=answer,
        answered_by=Actor.DISPATCHER,
        answered_at=detection.key.observed_at + timedelta(seconds=30),
    )


def test_what_stays_at_a_spot_is_asked_once_by_its_newest_look() -> None:
    moved_a_little = (0.11, 0.2, 0.1, 0.11)

    found = still_open([seen(0), seen(2, frame=moved_a_little), seen(1)], [])

    assert [detection.key.observed_at for detection in found] == [AT + timedelta(minutes=2)]


def test_what_was_answered_is_not_asked_again_while_it_stays_but_a_day_later() -> None:
    answered = [said(seen(0))]

    assert still_open([seen(30)], answered) == ()
    assert still_open([seen(30, frame=ELSEWHERE)], answered) != ()
    assert still_open([seen(24 * 60 + 1)], answered) != ()


def test_rejections_at_one_spot_add_up_and_a_confirmation_forgets_them() -> None:
    twice = [said(seen(0)), said(seen(60))]

    assert [spot.times for spot in rejected_spots(twice, now=AT)] == [2]
    confirmed = [*twice, said(seen(90), ReviewAnswer.CONFIRMED)]
    assert rejected_spots(confirmed, now=AT) == ()
    assert [s.times for s in rejected_spots([*confirmed, said(seen(120))], now=AT)] == [1]


def test_a_confirmation_elsewhere_changes_nothing() -> None:
    other = said(seen(30, frame=ELSEWHERE), ReviewAnswer.CONFIRMED)

    assert [spot.frame for spot in rejected_spots([said(seen(0)), other], now=AT)] == [SPOT]


def test_a_rejected_bin_is_a_spot_without_a_frame() -> None:
    spots = rejected_spots([said(seen(0, frame=None, zone="bin-1"))], now=AT)

    assert [(spot.zone_id, spot.frame) for spot in spots] == [("bin-1", None)]


def test_what_was_rejected_is_forgotten_after_a_month() -> None:
    old = replace(said(seen(0)), answered_at=AT)

    assert rejected_spots([old], now=AT + REMEMBERED - timedelta(seconds=1)) != ()
    assert rejected_spots([old], now=AT + REMEMBERED) == ()
