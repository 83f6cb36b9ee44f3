"""What people have not yet said yes or no to: detections of the last hours, read as they come."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.devices import Camera
from domain.ports.history import History
from domain.ports.review_book import ReviewBook
from domain.records import Record, SnapshotVerdicts, Verdict, VerdictState
from domain.registry import RegistrySnapshot
from domain.reviews import ANSWER_HOLDS, Detection, DetectionKey, Frame, still_open

LOOKS_BACK = timedelta(hours=6)
MOST_OPEN = 200
_DOUBTFUL = "borderline"


class ReviewQueue:
    """Finds open detections; a camera's records are read once. Called by one thread at a time."""

    def __init__(self, *, history: History, reviews: ReviewBook) -> None:
        self._history = history
        self._reviews = reviews
        self._found: list[Detection] = []
        self._read_until: dict[str, datetime] = {}

    def read(
        self, registry: RegistrySnapshot, latest: Mapping[str, Record], now: datetime
    ) -> tuple[Detection, ...]:
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
        return open_now[:MOST_OPEN]

    def _take_in(self, camera: Camera, newest: datetime, now: datetime) -> None:
        since = self._read_until.get(camera.device_id, now - LOOKS_BACK)
        if newest < since:
            return
        until = newest + timedelta(microseconds=1)
        for record in self._history.verdicts(camera.device_id, since=since, until=until):
            self._found.extend(detections_of(record, camera))
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


def _wants_an_answer(verdict: Verdict) -> bool:
    doubtful = verdict.state is VerdictState.UNKNOWN and _DOUBTFUL in verdict.reasons
    return verdict.state is VerdictState.PRESENT or doubtful


def _frame_of(polygon: tuple[tuple[float, float], ...]) -> Frame:
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
