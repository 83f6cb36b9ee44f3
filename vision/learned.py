"""What one camera has learned: its overflow threshold, and where people rejected its detections.

Both are small files in the folder of references, written by the centre and looked at with every
snapshot, so that an answer counts with the next one and nothing has to be started again.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from domain.cases import Actor
from domain.checks import ID_PATTERN, InvalidValueError
from domain.ports.review_book import ReviewBook
from domain.reviews import DetectionKey, RejectedSpot, Review, rejected_spots
from vision.overflow_calibration import calibration_path, load_calibration

_log = structlog.get_logger()
_Mark = tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """``normal_logit``: log odds above which a bin is not normal, None without a calibration."""

    normal_logit: float | None = None
    rejected: tuple[RejectedSpot, ...] = ()


NOTHING_LEARNED = Learned()


class LearnedFiles:
    """Reads what a camera has learned, again whenever a file has changed.

    ``overflow_model`` is the identity of the model whose scores a threshold must be of; None where
    no network is used.
    """

    def __init__(self, folder: Path, camera_id: str, *, overflow_model: str | None) -> None:
        self._folder = folder
        self._camera_id = camera_id
        self._model = overflow_model
        self._threshold_path = calibration_path(folder, camera_id)
        self._rejected_path = rejected_path(folder, camera_id)
        self._marks: tuple[_Mark, _Mark] = (None, None)
        self._learned = NOTHING_LEARNED

    def current(self) -> Learned:
        """Return what is learned by now; the same object until it has changed."""
        marks = (_mark(self._threshold_path), _mark(self._rejected_path))
        if marks != self._marks:
            self._marks = marks
            self._learned = Learned(normal_logit=self._threshold(), rejected=self._rejected())
        return self._learned

    def _threshold(self) -> float | None:
        if self._model is None:
            return None
        found = load_calibration(self._folder, self._camera_id, network_sha256=self._model)
        return None if found is None else found.threshold

    def _rejected(self) -> tuple[RejectedSpot, ...]:
        try:
            raw = self._rejected_path.read_bytes()
            return msgspec.json.decode(raw, type=tuple[RejectedSpot, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError, InvalidValueError) as error:
            _log.error("rejected_spots_unusable", device_id=self._camera_id, error=str(error))
            return ()


class LearningReviews:
    """A review book whose cameras learn: each answer is written for the edge too.

    Fulfils ``domain.ports.review_book.ReviewBook`` over another one.
    """

    def __init__(self, book: ReviewBook, *, folder: Path, now: Callable[[], datetime]) -> None:
        self._book = book
        self._folder = folder
        self._now = now

    def answer(self, review: Review) -> None:
        """Keep an answer, and let the camera learn of it."""
        self._book.answer(review)
        self._teach(review.detection.key.device_id)

    def take_back(self, key: DetectionKey, *, by: Actor, at: datetime) -> bool:
        """Forget an answer, in the book and at the camera."""
        was_there = self._book.take_back(key, by=by, at=at)
        self._teach(key.device_id)
        return was_there

    def answers(
        self, *, since: datetime | None = None, device_id: str | None = None
    ) -> "list[Review]":
        """Return the book's answers."""
        return list(self._book.answers(since=since, device_id=device_id))

    def _teach(self, device_id: str) -> None:
        spots = rejected_spots(self._book.answers(device_id=device_id), now=self._now())
        path = rejected_path(self._folder, device_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(spots) + b"\n")
        draft.replace(path)


def rejected_path(folder: Path, camera_id: str) -> Path:
    """Return where a camera's rejected spots lie; raise ``ValueError`` for what is no id."""
    if ID_PATTERN.fullmatch(camera_id) is None:
        msg = f"not a camera's id: {camera_id[:40]!r}"
        raise ValueError(msg)
    return folder / f"{camera_id}.rejected.json"


def _mark(path: Path) -> _Mark:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
