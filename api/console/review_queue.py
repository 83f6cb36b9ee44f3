"""What people have not yet said yes or no to: detections of the last hours, read as they come."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.devices import Camera
from domain.ports.history import History
from domain.ports.review_book import ReviewBook
from domain.problems import ProblemClass
from domain.records import Record, SnapshotVerdicts, Verdict, VerdictState
from domain.registry import RegistrySnapshot
from domain.reviews import (
    ANSWER_HOLDS,
    Detection,
    DetectionKey,
    Frame,
    is_same_spot,
    still_open,
)

LOOKS_BACK = timedelta(hours=6)
MOST_OPEN = 200
MOST_LOOKS = 8
"""Of the last so many pictures of a camera the clearest is shown: who stands in front walks on."""

_DOUBTFUL = "borderline"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanLook:
    """The newest picture in which a problem was looked for and not there."""

    picture_sha256: str
    observed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReview:
    """A detection that waits, with what else a person needs: ``earlier`` sights of the same thing,
    the newest first, and how the same spot looked when it was clean.
    """

    detection: Detection
    earlier: tuple[Detection, ...] = ()
    clean: CleanLook | None = None

    @property
    def looks(self) -> tuple[Detection, ...]:
        """All sights of it, the newest first."""
        return (self.detection, *self.earlier)


class ReviewQueue:
    """Finds open detections; a camera's records are read once. Called by one thread at a time."""

    def __init__(self, *, history: History, reviews: ReviewBook) -> None:
        self._history = history
        self._reviews = reviews
        self._found: list[Detection] = []
        self._read_until: dict[str, datetime] = {}
        self._looks: dict[str, deque[list[Detection]]] = {}
        self._clean: dict[tuple[str, str, ProblemClass], CleanLook] = {}

    def read(
        self, registry: RegistrySnapshot, latest: Mapping[str, Record], now: datetime
    ) -> tuple[OpenReview, ...]:
        """Return what is open now, the newest first; ``latest`` are the cameras' newest records."""
        for device_id, camera in registry.cameras.items():
            newest = latest.get(device_id)
            if newest is not None:
                self._take_in(camera, newest.observed_at, now)
        self._found = [
            one
            for one in self._found
            if now - one.key.observed_at < LOOKS_BACK and one.key.device_id in registry.cameras
        ]
        # Answers older than that cover nothing that is still found.
        answered = self._reviews.answers(since=now - LOOKS_BACK - ANSWER_HOLDS)
        open_now = still_open(self._found, answered)
        self._found = list(still_open(self._found, ()))
        return tuple(self._with_looks(detection) for detection in open_now[:MOST_OPEN])

    def _with_looks(self, detection: Detection) -> OpenReview:
        key = detection.key
        earlier = [
            one
            for look in reversed(self._looks.get(key.device_id, ()))
            for one in look
            if one.key.observed_at < key.observed_at and is_same_spot(one, detection)
        ]
        return OpenReview(
            detection=detection,
            earlier=tuple(earlier),
            clean=self._clean.get((key.device_id, key.zone_id, key.problem_class)),
        )

    def _take_in(self, camera: Camera, newest: datetime, now: datetime) -> None:
        since = self._read_until.get(camera.device_id, now - LOOKS_BACK)
        if newest < since:
            return
        until = newest + timedelta(microseconds=1)
        for record in self._history.verdicts(camera.device_id, since=since, until=until):
            found = detections_of(record, camera)
            self._found.extend(found)
            if found:
                looks = self._looks.setdefault(camera.device_id, deque(maxlen=MOST_LOOKS))
                looks.append(found)
            self._clean.update(_clean_looks(record))
        self._read_until[camera.device_id] = until
        self._found = list(still_open(self._found, ()))


def detections_of(record: Record, camera: Camera) -> list[Detection]:
    """Return what one record says is there, or leaves in doubt; without a picture nobody can
    answer.
    """
    values = record.values
    if not isinstance(values, SnapshotVerdicts) or values.picture_sha256 is None:
        return []
    frames = {zone.zone_id: _frame_of(zone.polygon) for zone in camera.zones}
    return [
        Detection(
            key=DetectionKey(
                device_id=record.device_id,
                observed_at=record.observed_at,
                zone_id=verdict.zone_id,
                problem_class=verdict.problem_class,
            ),
            state=verdict.state,
            score=verdict.score,
            reasons=verdict.reasons,
            boxes=verdict.boxes,
            zone_frame=frames[verdict.zone_id],
            picture_sha256=values.picture_sha256,
        )
        for verdict in values.verdicts
        if _wants_an_answer(verdict) and verdict.zone_id in frames
    ]


def _clean_looks(record: Record) -> dict[tuple[str, str, ProblemClass], CleanLook]:
    values = record.values
    if not isinstance(values, SnapshotVerdicts) or values.picture_sha256 is None:
        return {}
    look = CleanLook(picture_sha256=values.picture_sha256, observed_at=record.observed_at)
    return {
        (record.device_id, verdict.zone_id, verdict.problem_class): look
        for verdict in values.verdicts
        if verdict.state is VerdictState.CLEAR
    }


def _wants_an_answer(verdict: Verdict) -> bool:
    doubtful = verdict.state is VerdictState.UNKNOWN and _DOUBTFUL in verdict.reasons
    return verdict.state is VerdictState.PRESENT or doubtful


def _frame_of(polygon: tuple[tuple[float, float], ...]) -> Frame:
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
