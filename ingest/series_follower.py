"""Carries the journal into the time series, in a thread of its own and at its own pace."""

import threading
from collections.abc import Callable

import structlog

from ingest.fresh_records import FreshRecords
from ingest.metrics import IngestMetrics
from ingest.ports.encoded_feed import EncodedRecordFeed
from ingest.ports.time_series import TimeSeries
from ingest.stretch import Stretch, stretch_of_rows
from storage.sqlite import is_disk_failure

_POLL_S = 0.05
_GATHER_S, _GATHER_FROM = 0.25, 200
"""Where much comes, more of a device's readings of an hour share one change of its rollups."""

_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.5, 30.0
_MOST_ENTRIES = 8_000
"""A device that speaks every 5 minutes then has several readings of an hour in one transaction."""

_log = structlog.get_logger(__name__)


class SeriesFollower:
    """Follows ``feed`` by the series' own cursor; a slow or broken series stops nobody else.

    What lies right behind the cursor in ``fresh`` is taken from there, the rest from the feed.
    ``position`` is the last entry the series has for good, ``backlog`` how many entries it lacks;
    ``failing`` is true during an outage, and ``failed`` is set when a disk failed under the series,
    so that the process must end. ``upkeep`` is called between the writes, in the same
    thread; it returns whether it should be called again at once.
    """

    def __init__(
        self,
        *,
        feed: EncodedRecordFeed,
        series: TimeSeries,
        metrics: IngestMetrics,
        fresh: FreshRecords | None = None,
        upkeep: Callable[[], bool] = lambda: False,
        failed: threading.Event | None = None,
    ) -> None:
        self._feed = feed
        self._series = series
        self._metrics = metrics
        self._fresh = fresh or FreshRecords()
        self._upkeep = upkeep
        self._failed = failed or threading.Event()
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
        self._fresh.wake()
        if self._thread is not None:
            self._thread.join()

    def step(self) -> int:
        """Carry over what waits, about 8,000 entries at most; return how many there were."""
        cursor = self._series.cursor()
        newest = self._feed.newest_position()
        if cursor > newest:
            # Positions never go back, so this is another journal than the one followed so far.
            _log.warning("series_starts_over", cursor=cursor, newest_position=newest)
            self._series.start_over()
            cursor = 0
        stretch = self._next_stretch(cursor)
        self._series.append(stretch)
        # Where nothing came, what lies up to the newest is of other workers, and none of ours.
        self.position = stretch.through if stretch.records else max(cursor, newest)
        self.backlog = max(0, newest - self.position)
        self._metrics.series_backlog.set(self.backlog)
        return len(stretch)

    def _next_stretch(self, cursor: int) -> Stretch:
        fresh = self._fresh.take(after=cursor, most=_MOST_ENTRIES)
        if fresh.records:
            return fresh
        limit = self._fresh.missing(after=cursor, most=_MOST_ENTRIES)
        return stretch_of_rows(self._feed.read_encoded(after=cursor, limit=limit))

    def _run(self) -> None:
        retry_s = _FIRST_RETRY_S
        while not self._stopping.is_set():
            try:
                entries = self.step()
                more = self.backlog >= _MOST_ENTRIES
                more |= self._upkeep()
            except Exception as error:  # noqa: BLE001  the loop must outlive whatever a store raises
                self._metrics.series_failures.inc()
                if not self.failing:
                    _log.exception("series_failing")
                self.failing = True
                if is_disk_failure(error):
                    self._failed.set()
                self._stopping.wait(retry_s)
                retry_s = min(retry_s * 2, _LONGEST_RETRY_S)
            else:
                if self.failing:
                    _log.info("series_writes_again")
                self.failing = False
                retry_s = _FIRST_RETRY_S
                if not more:
                    self._fresh.rest(_GATHER_S if entries >= _GATHER_FROM else _POLL_S)
