"""Where people's answers to detections are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.cases import Actor
from domain.reviews import DetectionKey, Review


class ReviewBook(Protocol):
    """Keeps one answer for each detection, and who gave or took it back when."""

    def answer(self, review: Review) -> None:
        """Keep an answer durably; another one to the same detection takes its place."""
        ...

    def take_back(self, key: DetectionKey, *, by: Actor, at: datetime) -> bool:
        """Forget the answer to a detection; return whether there was one."""
        ...

    def answers(
        self, *, since: datetime | None = None, device_id: str | None = None
    ) -> Sequence[Review]:
        """Return the answers given from ``since`` on, the oldest first, of all or one camera."""
        ...
