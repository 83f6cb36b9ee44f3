"""One suite over the review books, real, fake and the one whose cameras learn."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.cases import Actor
from domain.ports.review_book import ReviewBook
from domain.problems import ProblemClass
from domain.records import VerdictState
from domain.reviews import Detection, DetectionKey, Review, ReviewAnswer
from tests.fakes.memory_reviews import MemoryReviews
from vision.learned import LearnedFiles, LearningReviews
from vision.review_file import ReviewFile, read_reviews

AT = datetime(2026, 3, 3, 1, tzinfo=UTC)
DETECTION = Detection(
    key=DetectionKey(
        device_id="camera-001",
        observed_at=AT,
        zone_id="ground-1",
        problem_class=ProblemClass.BAGGED_WASTE_ON_GROUND,
    ),
    state=VerdictState.PRESENT,
    score=0.8,
    reasons=("reference_difference",),
    boxes=((0.1, 0.2, 0.1, 0.1),),
    zone_frame=(0.0, 0.1, 0.9, 0.8),
    picture_sha256="a" * 64,
)
REJECTED = Review(
    detection=DETECTION,
    answer=ReviewAnswer.REJECTED,
    answered_by=Actor.DISPATCHER,
    answered_at=AT + timedelta(minutes=1),
)


@pytest.fixture(params=["file", "memory", "learning"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReviewBook]:
    if request.param == "file":
        file = ReviewFile(tmp_path / "reviews.db")
        yield file
        file.close()
    elif request.param == "memory":
        yield MemoryReviews()
    else:
        yield LearningReviews(MemoryReviews(), folder=tmp_path, now=lambda: AT)


def test_an_answer_is_kept_with_who_gave_it(book: ReviewBook) -> None:
    book.answer(REJECTED)

    assert list(book.answers()) == [REJECTED]


def test_a_second_answer_takes_the_place_of_the_first(book: ReviewBook) -> None:
    second = replace(REJECTED, answer=ReviewAnswer.CONFIRMED, answered_by=Actor.INSPECTOR)

    book.answer(REJECTED)
    book.answer(second)

    assert list(book.answers()) == [second]


def test_an_answer_taken_back_is_gone_once(book: ReviewBook) -> None:
    book.answer(REJECTED)

    assert book.take_back(DETECTION.key, by=Actor.DISPATCHER, at=AT)
    assert not book.take_back(DETECTION.key, by=Actor.DISPATCHER, at=AT)
    assert list(book.answers()) == []


def test_answers_come_by_time_and_camera(book: ReviewBook) -> None:
    other_key = replace(DETECTION.key, device_id="camera-002")
    later = replace(
        REJECTED,
        detection=replace(DETECTION, key=other_key),
        answered_at=AT + timedelta(minutes=5),
    )
    book.answer(later)
    book.answer(REJECTED)

    assert list(book.answers()) == [REJECTED, later]
    assert list(book.answers(since=AT + timedelta(minutes=2))) == [later]
    assert list(book.answers(device_id="camera-001")) == [REJECTED]


def test_the_file_keeps_every_step_and_can_be_read_beside_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "reviews.db"
    file = ReviewFile(path)
    file.answer(REJECTED)
    file.take_back(DETECTION.key, by=Actor.INSPECTOR, at=AT + timedelta(minutes=3))
    file.answer(REJECTED)

    assert list(read_reviews(path)) == [REJECTED]
    file.close()
    again = ReviewFile(path)
    assert list(again.answers()) == [REJECTED]
    with again._file.transaction() as connection:
        rows = connection.execute("SELECT actor, what FROM review_log ORDER BY position").fetchall()
    again.close()
    assert rows == [
        ("dispatcher", "rejected"),
        ("inspector", "taken_back"),
        ("dispatcher", "rejected"),
    ]


def test_a_camera_learns_of_an_answer_and_forgets_one_taken_back(tmp_path: Path) -> None:
    book = LearningReviews(MemoryReviews(), folder=tmp_path, now=lambda: AT)
    learned = LearnedFiles(tmp_path, "camera-001", overflow_model=None)
    assert learned.current().rejected == ()

    book.answer(REJECTED)
    (spot,) = learned.current().rejected
    assert (spot.zone_id, spot.times, spot.frame) == ("ground-1", 1, DETECTION.boxes[0])
    assert LearnedFiles(tmp_path, "camera-002", overflow_model=None).current().rejected == ()

    book.take_back(DETECTION.key, by=Actor.DISPATCHER, at=AT)
    assert learned.current().rejected == ()
