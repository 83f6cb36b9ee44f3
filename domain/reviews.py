"""What people say of what cameras saw, and what a camera learns from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.cases import Actor
from domain.checks import check_id, check_number, check_utc
from domain.problems import ProblemClass
from domain.records import VerdictState

Frame = tuple[float, float, float, float]
"""(x, y, width, height) in relative picture coordinates."""

SAME_SPOT = 0.4
"""Two frames that share so much of what they cover together are one spot."""

REMEMBERED = timedelta(days=30)
"""A thing that is still there after that is asked about once more."""


class ReviewAnswer(StrEnum):
    """What a person says of a detection."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionKey:
    """The identity of a detection."""

    device_id: str
    observed_at: datetime
    zone_id: str
    problem_class: ProblemClass

    def __post_init__(self) -> None:
        check_id("device_id", self.device_id)
        check_id("zone_id", self.zone_id)
        check_utc("observed_at", self.observed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One thing that a camera saw, or may have seen, with what a person needs to judge it.

    ``zone_frame`` is the frame of its zone at that time, which its picture shows unhidden.
    """

    key: DetectionKey
    state: VerdictState
    score: float
    reasons: tuple[str, ...]
    boxes: tuple[Frame, ...]
    zone_frame: Frame
    picture_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A person's answer to a detection."""

    detection: Detection
    answer: ReviewAnswer
    answered_by: Actor
    answered_at: datetime

    def __post_init__(self) -> None:
        check_utc("answered_at", self.answered_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedSpot:
    """Where people have rejected detections of one camera; ``frame`` is None for a whole bin."""

    zone_id: str
    problem_class: ProblemClass
    frame: Frame | None
    times: int

    def __post_init__(self) -> None:
        check_id("zone_id", self.zone_id)
        check_number("times", self.times, 1, 1_000)


def shared_share(one: Frame, other: Frame) -> float:
    """Return what two frames share, as a part of what they cover together."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    along = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0.0, across) * max(0.0, along)
    together = one[2] * one[3] + other[2] * other[3] - shared
    return shared / together if together > 0 else 0.0


def is_same_spot(one: Detection, other: Detection) -> bool:
    """Return whether both are of one problem at one spot of one camera."""
    alike = (one.key.device_id, one.key.zone_id, one.key.problem_class) == (
        other.key.device_id,
        other.key.zone_id,
        other.key.problem_class,
    )
    if not alike or one.key.problem_class is ProblemClass.BIN_OVERFLOW:
        return alike
    if not one.boxes or not other.boxes:
        return not one.boxes and not other.boxes
    return any(shared_share(a, b) >= SAME_SPOT for a in one.boxes for b in other.boxes)


def rejected_spots(reviews: Iterable[Review], *, now: datetime) -> tuple[RejectedSpot, ...]:
    """Return what one camera has learned: its rejections that nobody has contradicted since.

    A confirmation forgets what was rejected at that spot before; after :data:`REMEMBERED` all is
    forgotten.
    """
    recent = sorted(
        (review for review in reviews if now - review.answered_at < REMEMBERED),
        key=lambda review: review.answered_at,
    )
    rejected: list[list[Detection]] = []
    for review in recent:
        same = [spot for spot in rejected if is_same_spot(spot[-1], review.detection)]
        if review.answer is ReviewAnswer.CONFIRMED:
            rejected = [spot for spot in rejected if spot not in same]
        elif same:
            same[0].append(review.detection)
        else:
            rejected.append([review.detection])
    return tuple(learned for spot in rejected for learned in _learned(spot))


def _learned(spot: Sequence[Detection]) -> list[RejectedSpot]:
    newest = spot[-1]
    frames: Sequence[Frame | None] = newest.boxes
    if newest.key.problem_class is ProblemClass.BIN_OVERFLOW:
        frames = (None,)
    return [
        RejectedSpot(
            zone_id=newest.key.zone_id,
            problem_class=newest.key.problem_class,
            frame=frame,
            times=len(spot),
        )
        for frame in frames
    ]


ANSWER_HOLDS = timedelta(hours=24)
"""What was answered is not asked again for so long while it stays where it is."""


def still_open(
    detections: Iterable[Detection], answered: Sequence[Review]
) -> tuple[Detection, ...]:
    """Return the newest detection of each spot that nobody has answered, the newest first."""
    found: list[Detection] = []
    for detection in sorted(detections, key=lambda one: one.key.observed_at, reverse=True):
        if any(is_same_spot(one, detection) for one in found):
            continue
        if any(_covers(review, detection) for review in answered):
            continue
        found.append(detection)
    return tuple(found)


def _covers(review: Review, detection: Detection) -> bool:
    apart = abs(detection.key.observed_at - review.detection.key.observed_at)
    return apart < ANSWER_HOLDS and is_same_spot(review.detection, detection)
