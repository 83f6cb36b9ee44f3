"""Carries the journal into the time series, in a thread of its own and at its own pace."""

import threading
from collections.abc import Callable

import structlog

from domain.ports.record_feed import RecordFeed
from ingest.metrics import IngestMetrics
from ingest.ports.time_series import TimeSeries

_POLL_S = 0.05
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.5, 30.0
_MOST_ENTRIES = 8_000
"""A device that speaks every 5 minutes then has several readings of an hour in one transaction."""

_log = structlog.get_logger(__name__)


class SeriesFollower:
    """Follows ``feed`` by the series' own cursor; a slow or broken series stops nobody else.

    ``position`` is the last entry the series has for good, ``backlog`` how many entries it lacks;
    ``failing`` is true during an outage. ``upkeep`` is called between the writes, in the same
    thread; it returns whether it should be called again at once.
    """

    def __init__(
        self,
        *,
        feed: RecordFeed,
        series: TimeSeries,
        metrics: IngestMetrics,
        upkeep: Callable[[], bool] = lambda: False,
    ) -> None:
        self._feed = feed
        self._series = series
        self._metrics = metrics
        self._upkeep = upkeep
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.position = 0
        self.backlog = 0
        self.failing = False

    def start(self) -> None:
        """Begin to follow."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="series-follower", daemon=False)
            self._thread.start()

    def stop(self) -> None:
        """End after the write at work. May be called twice."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def step(self) -> int:
        """Carry over what waits, at most 8,000 entries; return how many there were."""
        cursor = self._series.cursor()
        newest = self._feed.newest_position()
        if cursor > newest:
            # Positions never go back, so this is another journal than the one followed so far.
            _log.warning("series_starts_over", cursor=cursor, newest_position=newest)
            self._series.start_over()
            cursor = 0
        entries = self._feed.read(after=cursor, limit=_MOST_ENTRIES)
        self._series.append(entries)
        self.position = entries[-1].position if entries else cursor
        self.backlog = newest - self.position
        self._metrics.series_backlog.set(self.backlog)
        return len(entries)

    def _run(self) -> None:
        wait_s = 0.0
        retry_s = _FIRST_RETRY_S
        while not self._stopping.wait(wait_s):
            try:
                more = self.step() == _MOST_ENTRIES
                more |= self._upkeep()
                wait_s = 0.0 if more else _POLL_S
            except Exception:  # noqa: BLE001  the loop must outlive whatever a store raises
                self._metrics.series_failures.inc()
                if not self.failing:
                    _log.exception("series_failing")
                self.failing = True
                wait_s, retry_s = retry_s, min(retry_s * 2, _LONGEST_RETRY_S)
            else:
                if self.failing:
                    _log.info("series_writes_again")
                self.failing = False
                retry_s = _FIRST_RETRY_S
