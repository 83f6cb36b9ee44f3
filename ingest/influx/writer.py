"""Carries one feed into one bucket, in a thread of its own and by a cursor of its own."""

import random
import threading
from collections.abc import Callable, Sequence

import structlog

from domain.ports.clock import Clock
from ingest.fresh_records import FreshRecords
from ingest.influx.deliveries import SqliteDeliveries
from ingest.influx.delivery import PatientSink, StoppedError, deliver
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.refusals import RefusedPoint
from ingest.influx.sink import LineSink
from ingest.influx.source import LineSource, Page
from storage.sqlite import is_disk_failure

ENTRIES_A_PAGE = 8_000
MOST_LINES_A_BODY = 10_000
"""So a page of readings goes out as one, also where it holds more than it was asked for."""

_POLL_S = 1.0
_AFTER_FAILURE_S = 30.0

_log = structlog.get_logger(__name__)


class InfluxWriter:
    """Follows ``source``; however long the server is away, nothing else waits for it.

    The cursor moves only when everything before it is written or in dead letters, so after a crash
    the same points are written again, which changes nothing. ``wait`` stands in for waiting in
    tests; it returns True to stop. ``failed`` is set when a disk failed under the cursors, so that
    the process must end. ``fresh`` is where ``source`` takes its newest entries, if it does.
    """

    def __init__(  # noqa: PLR0913  each argument is another adapter for the composition root
        self,
        *,
        feed: str,
        bucket: str,
        source: LineSource,
        sink: LineSink,
        deliveries: SqliteDeliveries,
        clock: Clock,
        rng: random.Random,
        metrics: InfluxMetrics,
        wait: Callable[[float], bool] | None = None,
        ends_when_closed: bool = False,
        failed: threading.Event | None = None,
        fresh: FreshRecords | None = None,
    ) -> None:
        self.feed = feed
        self._fresh = fresh or FreshRecords()
        self._source = source
        self._deliveries = deliveries
        self._clock = clock
        self._metrics = metrics
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failing = False
        self._failed = failed or threading.Event()
        self._ahead: tuple[int, Page] | None = None
        self._position: int | None = None
        self._backlogged = False
        self.sink = PatientSink(
            sink=sink,
            bucket=bucket,
            wait=wait or self._stopping.wait,
            rng=rng,
            metrics=metrics,
            ends_when_closed=ends_when_closed,
        )

    def start(self) -> None:
        """Begin to follow."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name=f"influx-{self.feed}", daemon=False
            )
            self._thread.start()

    def ask_to_stop(self) -> None:
        """Ask for the end without waiting for it."""
        self._stopping.set()
        self._fresh.wake()

    def stop(self) -> None:
        """End after the request at work. May be called twice."""
        self.ask_to_stop()
        if self._thread is not None:
            self._thread.join()

    def position(self) -> int:
        """Return the position up to which InfluxDB has the feed; waits for no write at work."""
        if self._position is None:
            self._position = self._deliveries.cursor(self.feed)
        return self._position

    def newest_position(self) -> int:
        """Return the position of the feed's newest entry."""
        return self._source.newest_position()

    def begin_anew(self) -> None:
        """Move the cursor before the first entry; what is written stays."""
        self._ahead = None
        self._deliveries.advance(self.feed, 0, at=self._clock.now())
        self._position = 0

    def step(self) -> int:
        """Carry over one page, about 8,000 entries at most; return how many there were."""
        cursor = self.position()
        newest = self._source.newest_position()
        if cursor > newest:
            # Positions never go back, so this is another file than the one followed so far.
            _log.warning("influxdb_starts_over", feed=self.feed, cursor=cursor, newest=newest)
            cursor = 0
            self.begin_anew()
        page = None if cursor == newest else self._page_after(cursor)
        if page is None:
            self._backlogged = False
            self._metrics.backlog.labels(self.feed).set(0)
            return 0
        self._metrics.backlog.labels(self.feed).set(newest - cursor)
        # What came meanwhile may wait for more, unless it is worth half such a page already.
        self._backlogged = (newest - page.through) * 2 >= page.entries
        self._carry_reading_ahead(page)
        return page.entries

    def _page_after(self, cursor: int) -> Page | None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] == cursor:
            return ahead[1]
        return self._source.read(after=cursor, limit=ENTRIES_A_PAGE)

    def _carry_reading_ahead(self, page: Page) -> None:
        if not self._backlogged:
            self._carry(page)
            return
        # With a backlog the next page is made while the server works on this one.
        reader = threading.Thread(
            target=self._read_ahead, args=(page.through,), name=f"influx-{self.feed}-ahead"
        )
        reader.start()
        try:
            self._carry(page)
        finally:
            reader.join()

    def _read_ahead(self, cursor: int) -> None:
        try:
            page = self._source.read(after=cursor, limit=ENTRIES_A_PAGE)
        except Exception:  # noqa: BLE001  the next step reads again, and fails where it is counted
            return
        self._ahead = None if page is None else (cursor, page)

    def _carry(self, page: Page) -> None:
        refused: list[RefusedPoint] = list(page.told.refused)
        for body in page.told.bodies(MOST_LINES_A_BODY):
            refused += deliver(self.sink.write, body)
        trimmed = self._deliveries.advance(self.feed, page.through, refused, at=self._clock.now())
        self._position = page.through
        self._count(page, refused, trimmed)

    def _count(self, page: Page, refused: Sequence[RefusedPoint], trimmed: int) -> None:
        by_us = len(page.told.refused)
        self._metrics.lines.labels(self.feed).inc(page.told.count - len(refused) + by_us)
        self._metrics.letters_trimmed.inc(trimmed)
        for point in refused:
            self._metrics.refused.labels(point.reason).inc()
        if refused:
            _log.warning(
                "influxdb_points_refused",
                feed=self.feed,
                count=len(refused),
                first_reason=refused[0].reason,
                first_detail=refused[0].detail[:200],
            )

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.step()
            except StoppedError:
                return
            except Exception as error:  # noqa: BLE001  the loop must outlive whatever a feed or file raises
                self._metrics.failures.labels(self.feed).inc()
                if not self._failing:
                    _log.exception("influxdb_writer_failing", feed=self.feed)
                self._failing = True
                if is_disk_failure(error):
                    self._failed.set()
                self._stopping.wait(_AFTER_FAILURE_S)
            else:
                self._failing = False
                if not self._backlogged:
                    self._fresh.rest(_POLL_S)
