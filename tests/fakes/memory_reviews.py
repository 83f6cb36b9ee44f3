"""Reviews in memory."""

from collections.abc import Sequence
from datetime import datetime

from domain.cases import Actor
from domain.reviews import DetectionKey, Review


class MemoryReviews:
    """Fulfils ``domain.ports.review_book.ReviewBook``."""

    def __init__(self) -> None:
        self._answers: dict[DetectionKey, Review] = {}

    def answer(self, review: Review) -> None:
        self._answers.pop(review.detection.key, None)
        self._answers[review.detection.key] = review

    def take_back(self, key: DetectionKey, *, by: Actor, at: datetime) -> bool:
        del by, at
        return self._answers.pop(key, None) is not None

    def answers(
        self, *, since: datetime | None = None, device_id: str | None = None
    ) -> Sequence[Review]:
        found = sorted(self._answers.values(), key=lambda review: review.answered_at)
        return [
            review
            for review in found
            if (since is None or review.answered_at >= since)
            and (device_id is None or review.detection.key.device_id == device_id)
        ]
