"""Removes pictures that are old enough, once an hour, in a thread of its own."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ingest.metrics import IngestMetrics

EVERY_S = 3_600.0

_log = structlog.get_logger(__name__)


class AgeingPictures(Protocol):
    """Pictures that can be removed by their age."""

    def remove_older_than(self, instant: datetime) -> int:
        """Remove what was last put before ``instant``; return how many that were."""
        ...


class PictureRetention:
    """Keeps pictures for ``days``; may walk over very many files, so nothing waits for it.

    ``wall_now`` gives the machine's time: the age of a file counts on that, not on the business
    clock.
    """

    def __init__(
        self,
        *,
        pictures: AgeingPictures,
        days: int,
        wall_now: Callable[[], datetime],
        metrics: IngestMetrics,
        every_s: float = EVERY_S,
    ) -> None:
        self._pictures = pictures
        self._kept = timedelta(days=days)
        self._wall_now = wall_now
        self._metrics = metrics
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; the first look is after an hour."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="picture-retention")
            self._thread.start()

    def stop(self) -> None:
        """End after the look at work. May be called twice."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def step(self) -> int:
        """Remove what is old enough now; return how many pictures that were."""
        removed = self._pictures.remove_older_than(self._wall_now() - self._kept)
        self._metrics.pictures_removed.inc(removed)
        return removed

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                self.step()
            except OSError as error:
                _log.warning("pictures_not_removed", error=str(error))
