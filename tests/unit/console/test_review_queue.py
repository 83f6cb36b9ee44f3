"""The queue reads each camera's records once, and asks only what somebody can answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from api.console.review_queue import LOOKS_BACK, MOST_LOOKS, OpenReview, ReviewQueue
from domain.cases import Actor
from domain.devices import Camera
from domain.ports.history import History
from domain.problems import ProblemClass
from domain.records import (
    CameraHealth,
    Record,
    RecordKind,
    SnapshotVerdicts,
    Verdict,
    VerdictState,
)
from domain.reviews import Detection, Review, ReviewAnswer
from firmware_sim.district import build_district
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_reviews import MemoryReviews

DISTRICT = build_district(7, simulator_url="http://127.0.0.1:8010", gateway_id="gw-test").registry
CAMERA: Camera = next(iter(DISTRICT.cameras.values()))
ZONE = CAMERA.zones[0].zone_id
AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
PRESENT = Verdict(
    zone_id=ZONE,
    problem_class=ProblemClass.BIN_OVERFLOW,
    state=VerdictState.PRESENT,
    score=0.9,
)


def record(verdict: Verdict, minute: int, *, picture: str | None = "a" * 64) -> Record:
    at = AT + timedelta(minutes=minute)
    values = SnapshotVerdicts(
        camera_health=CameraHealth.OK, verdicts=(verdict,), picture_sha256=picture
    )
    return Record(device_id=CAMERA.device_id, observed_at=at, gateway_at=at, values=values)


def waiting(queue: ReviewQueue, history: History, minute: int = 10) -> tuple[OpenReview, ...]:
    now = AT + timedelta(minutes=minute)
    return queue.read(DISTRICT, history.latest(RecordKind.VERDICTS), now)


def read(queue: ReviewQueue, history: History, minute: int = 10) -> tuple[Detection, ...]:
    return tuple(one.detection for one in waiting(queue, history, minute))


def test_what_is_seen_again_and_again_is_asked_once_until_it_is_answered() -> None:
    history, reviews = MemoryHistory(record(PRESENT, 0), record(PRESENT, 1)), MemoryReviews()
    queue = ReviewQueue(history=history, reviews=reviews)

    (detection,) = read(queue, history)
    assert detection.key.observed_at == AT + timedelta(minutes=1)
    reviews.answer(
        Review(
            detection=detection,
            answer=ReviewAnswer.CONFIRMED,
            answered_by=Actor.DISPATCHER,
            answered_at=AT + timedelta(minutes=2),
        )
    )
    history.add(record(PRESENT, 3))

    assert read(queue, history) == ()
    reviews.take_back(detection.key, by=Actor.DISPATCHER, at=AT)
    assert len(read(queue, history)) == 1


def test_a_doubt_is_asked_but_not_what_is_clear_or_unknown_for_another_reason() -> None:
    doubtful = replace(PRESENT, state=VerdictState.UNKNOWN, reasons=("borderline",))
    covered = replace(PRESENT, state=VerdictState.UNKNOWN, reasons=("zone_covered",))
    for verdict, count in (
        (doubtful, 1),
        (covered, 0),
        (replace(PRESENT, state=VerdictState.CLEAR), 0),
    ):
        history = MemoryHistory(record(verdict, 0))
        found = read(ReviewQueue(history=history, reviews=MemoryReviews()), history)
        assert len(found) == count


def test_what_has_no_picture_is_not_asked() -> None:
    history = MemoryHistory(record(PRESENT, 0, picture=None))

    assert read(ReviewQueue(history=history, reviews=MemoryReviews()), history) == ()


def test_what_was_long_ago_is_asked_no_more() -> None:
    history = MemoryHistory(record(PRESENT, 0))
    queue = ReviewQueue(history=history, reviews=MemoryReviews())

    assert read(queue, history) != ()
    assert read(queue, history, minute=int(LOOKS_BACK.total_seconds() // 60) + 1) == ()


def test_earlier_sights_of_the_same_thing_and_its_place_when_clean_come_with_it() -> None:
    clear = replace(PRESENT, state=VerdictState.CLEAR)
    elsewhere = replace(PRESENT, zone_id=CAMERA.zones[1].zone_id)
    history = MemoryHistory(
        record(clear, 0, picture="0" * 64),
        record(clear, 1, picture="1" * 64),
        record(clear, 2, picture=None),
        record(elsewhere, 3, picture="e" * 64),
        *(record(PRESENT, minute, picture=f"{minute:064x}") for minute in range(4, 16)),
    )

    first, second = waiting(ReviewQueue(history=history, reviews=MemoryReviews()), history, 20)

    assert [look.picture_sha256 for look in first.looks] == [
        f"{minute:064x}" for minute in range(15, 15 - MOST_LOOKS, -1)
    ]
    assert first.clean is not None
    assert first.clean.picture_sha256 == "1" * 64
    assert second.detection.picture_sha256 == "e" * 64
    assert (second.earlier, second.clean) == ((), None)
