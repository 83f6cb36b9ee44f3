"""The detections that wait for a person's answer, and the answers given on this page."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.console.words import Words
from domain.records import VerdictState
from domain.registry import RegistrySnapshot
from domain.reviews import Detection, Frame, Review

_MARGIN = 0.25
_SMALLEST_SIDE = 0.16


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCard:
    """One detection. ``view`` is the part of the picture shown, in a picture of 100 by 100;
    ``boxes`` are (x, y, width, height) in it.
    """

    key: str
    place: str
    href: str
    problem: str
    doubtful: str
    seen: str
    detail: str
    picture: str
    view: str
    boxes: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRow:
    """An answer that can be taken back."""

    key: str
    text: str


def review_card(detection: Detection, registry: RegistrySnapshot, words: Words) -> ReviewCard:
    """Return a detection's card."""
    key = detection.key
    camera = registry.cameras[key.device_id]
    place = registry.places[camera.place_id]
    frames = detection.boxes or (detection.zone_frame,)
    is_doubtful = detection.state is VerdictState.UNKNOWN
    return ReviewCard(
        key=card_key(detection),
        place=words.name(place.name),
        href=f"/place/{camera.place_id}",
        problem=words.word(key.problem_class),
        doubtful=words.say("reviews.doubtful") if is_doubtful else "",
        seen=words.joined((key.device_id, words.time(key.observed_at))),
        detail=words.joined(
            (words.share(detection.score), *(words.reason(code) for code in detection.reasons))
        ),
        picture=f"/pictures/{detection.picture_sha256}",
        view=" ".join(f"{100 * side:.2f}" for side in view_of(frames)),
        boxes=tuple(_percent(frame) for frame in frames),
    )


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
