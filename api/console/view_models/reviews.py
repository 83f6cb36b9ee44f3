"""The detections that wait for a person's answer, and the answers given on this page."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.console.review_queue import OpenReview
from api.console.words import Words
from domain.records import VerdictState
from domain.registry import RegistrySnapshot
from domain.reviews import Detection, Frame, Review

_MARGIN = 0.25
_SMALLEST_SIDE = 0.16


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewLook:
    """One sight of a thing: ``boxes`` are (x, y, width, height) in a picture of 100 by 100."""

    seen: str
    picture: str
    sha256: str
    boxes: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCard:
    """One detection. ``views`` are parts of the picture, the nearest first, as SVG view boxes in a
    picture of 100 by 100; ``looks`` its sights, the newest first; ``clean`` the same spot clean.
    ``spot`` is the same while the thing stays where it is.
    """

    key: str
    spot: str
    place: str
    href: str
    problem: str
    doubtful: str
    camera: str
    said: str
    reasons: str
    views: tuple[str, ...]
    looks: tuple[ReviewLook, ...]
    clean: ReviewLook | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRow:
    """An answer that can be taken back."""

    key: str
    text: str


def review_card(review: OpenReview, registry: RegistrySnapshot, words: Words) -> ReviewCard:
    """Return the card of a detection that waits."""
    detection, clean = review.detection, review.clean
    key = detection.key
    camera = registry.cameras[key.device_id]
    place = registry.places[camera.place_id]
    frames = detection.boxes or (detection.zone_frame,)
    is_doubtful = detection.state is VerdictState.UNKNOWN
    return ReviewCard(
        key=card_key(detection),
        spot=_spot(detection),
        place=words.name(place.name),
        href=f"/place/{camera.place_id}",
        problem=words.word(key.problem_class),
        doubtful=words.say("reviews.doubtful") if is_doubtful else "",
        camera=key.device_id,
        said=words.say(
            "reviews.said",
            problem=words.word(key.problem_class),
            state=words.word(detection.state),
            score=words.share(detection.score),
        ),
        reasons=words.joined([words.reason(code) for code in detection.reasons]),
        views=_views(frames, detection.zone_frame),
        looks=tuple(_look(one, words) for one in review.looks),
        clean=None
        if clean is None
        else ReviewLook(
            seen=words.say("reviews.clean", time=words.time(clean.observed_at)),
            picture=f"/pictures/{clean.picture_sha256}",
            sha256=clean.picture_sha256,
            boxes=(),
        ),
    )


def _spot(detection: Detection) -> str:
    key, (x, y, width, height) = detection.key, (detection.boxes or (detection.zone_frame,))[0]
    where = f"{10 * (x + width / 2):.0f}|{10 * (y + height / 2):.0f}"
    return f"{key.device_id}|{key.zone_id}|{key.problem_class}|{where}"


def _look(detection: Detection, words: Words) -> ReviewLook:
    return ReviewLook(
        seen=words.say("reviews.seen", time=words.time(detection.key.observed_at)),
        picture=f"/pictures/{detection.picture_sha256}",
        sha256=str(detection.picture_sha256),
        boxes=tuple(_percent(frame) for frame in detection.boxes or (detection.zone_frame,)),
    )


def _views(frames: Sequence[Frame], zone: Frame) -> tuple[str, ...]:
    """Return the thing itself, then its zone, then the whole picture; none of them twice."""
    steps = (view_of(frames), view_of((zone, *frames)), (0.0, 0.0, 1.0, 1.0))
    packed = (" ".join(f"{100 * side:.2f}" for side in step) for step in steps)
    return tuple(dict.fromkeys(packed))


def card_key(detection: Detection) -> str:
    """Return the identity of a detection as one text."""
    key = detection.key
    return f"{key.device_id}|{key.observed_at.isoformat()}|{key.zone_id}|{key.problem_class}"


def view_of(frames: Sequence[Frame]) -> Frame:
    """Return the part of a picture that shows these frames with room around: a square in relative
    coordinates, so that it keeps the picture's proportions.
    """
    left, top = min(f[0] for f in frames), min(f[1] for f in frames)
    right, bottom = max(f[0] + f[2] for f in frames), max(f[1] + f[3] for f in frames)
    side = max(right - left, bottom - top) * (1 + 2 * _MARGIN)
    side = min(1.0, max(_SMALLEST_SIDE, side))
    x = min(max(0.0, (left + right - side) / 2), 1.0 - side)
    y = min(max(0.0, (top + bottom - side) / 2), 1.0 - side)
    return x, y, side, side


def answered_row(review: Review, registry: RegistrySnapshot, words: Words) -> AnsweredRow:
    """Return the row of an answer just given."""
    camera = registry.cameras.get(review.detection.key.device_id)
    place = "" if camera is None else words.name(registry.places[camera.place_id].name)
    return AnsweredRow(
        key=card_key(review.detection),
        text=words.say(
            "reviews.answered",
            place=place,
            problem=words.word(review.detection.key.problem_class),
            answer=words.word(review.answer),
        ),
    )


def _percent(frame: Frame) -> tuple[float, float, float, float]:
    x, y, width, height = (round(100 * side, 2) for side in frame)
    return x, y, width, height
