"""Results on their way from the child to the gateway: kept until taken, bounded, counted."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import structlog

from domain.ports.clock import Clock
from vision.metrics import VisionMetrics
from vision.results import SnapshotResult

_log = structlog.get_logger()

MOST_RESULTS, MOST_PICTURES = 4096, 64
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_PATIENCE_AT_STOP_S = 2.0


class ResultQueue:
    """Hands results to ``on_result`` in order, from one thread of its own.

    A result leaves the queue when ``on_result`` returned; one that raised is offered again. When
    the queue grows, pictures are given up first (the oldest), then the oldest results.
    """

    def __init__(
        self, *, on_result: Callable[[SnapshotResult], None], clock: Clock, metrics: VisionMetrics
    ) -> None:
        self._on_result = on_result
        self._clock = clock
        self._metrics = metrics
        self._waiting: deque[SnapshotResult] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._failing = False
        self._told = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start handing on."""
        self._thread = threading.Thread(target=self._run, name="vision-results")
        self._thread.start()

    def put(self, result: SnapshotResult) -> None:
        """Queue a result; never blocks."""
        with self._changed:
            self._waiting.append(result)
            self._keep_bounds()
            self._tell_waiting()
            self._changed.notify()

    def stop(self) -> None:
        """Hand on what is left within two seconds, count the rest as given up. Idempotent."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _tell_waiting(self) -> None:
        """By difference, since the queues of all workers share one gauge."""
        self._metrics.results_waiting.inc(len(self._waiting) - self._told)
        self._told = len(self._waiting)

    def _keep_bounds(self) -> None:
        if len(self._waiting) > MOST_RESULTS:
            self._waiting.popleft()
            self._metrics.results_dropped.labels("queue_full").inc()
        if len(self._waiting) > MOST_PICTURES:
            oldest = len(self._waiting) - MOST_PICTURES - 1
            if self._waiting[oldest].jpeg is not None:
                self._waiting[oldest] = replace(self._waiting[oldest], jpeg=None)
                self._metrics.results_dropped.labels("picture_given_up").inc()

    def _run(self) -> None:
        pause_s, give_up_at_s = _FIRST_PAUSE_S, float("inf")
        while True:
            with self._changed:
                while not self._waiting and not self._stopping:
                    self._changed.wait(1.0)
                if self._stopping:
                    now_s = self._clock.monotonic_s()
                    give_up_at_s = min(give_up_at_s, now_s + _PATIENCE_AT_STOP_S)
                    if not self._waiting or now_s >= give_up_at_s:
                        break
                result = self._waiting[0]
            if self._hand_on(result):
                pause_s = _FIRST_PAUSE_S
                continue
            with self._changed:
                self._changed.wait(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
        if self._waiting:
            self._metrics.results_dropped.labels("at_stop").inc(len(self._waiting))
            _log.warning("results_given_up", count=len(self._waiting))

    def _hand_on(self, result: SnapshotResult) -> bool:
        try:
            self._on_result(result)
        except Exception:  # noqa: BLE001  the gateway may fail in any way; results wait
            if not self._failing:
                _log.exception("results_not_taken")
            self._failing = True
            return False
        if self._failing:
            _log.info("results_taken_again")
        self._failing = False
        with self._changed:
            # Its picture may have been given up meanwhile, so the first is not always the same
            # object; but nothing else takes from this end while the queue is within its bounds.
            if self._waiting and self._waiting[0].record is result.record:
                self._waiting.popleft()
            self._tell_waiting()
        return True
