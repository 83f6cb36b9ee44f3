"""Looks at all cameras of a gateway in turn, each at its own interval of the business clock."""

import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from domain.devices import Camera
from domain.ports.clock import Clock
from domain.records import CameraHealth, Record, SnapshotVerdicts
from vision.judging import CameraJudge
from vision.picture_input import UnreadablePictureError
from vision.results import SnapshotResult
from vision.snapshot_source import SnapshotSource, SnapshotUnavailableError

_log = structlog.get_logger()
_LONGEST_WAIT_S = 0.2
_FETCHES_AT_ONCE = 4
_MOST_DELAY = 8


@dataclass(slots=True, kw_only=True)
class _Seat:
    """A camera's place in the round."""

    camera: Camera
    judge: CameraJudge
    due_at: datetime
    failures: int = 0
    delay: int = 1
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    seat: _Seat
    answer: Future[bytes]


@dataclass(slots=True, kw_only=True)
class WatchCounts:
    """What has happened since last asked, by outcome. Used by the watching thread alone."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: str, times: int = 1) -> None:
        """Count one, or so many."""
        self.counts[outcome] += times

    def take(self) -> dict[str, int]:
        """Return all counts and start again at none."""
        taken, self.counts = dict(self.counts), Counter()
        return taken


class CameraWatch:
    """One loop over all cameras. Snapshots are fetched by a few threads, so that a camera that
    hangs holds up nobody, and judged one after another. A camera that fails is asked more rarely,
    up to an eighth as often.

    ``before_opening`` is told the camera whose bytes are opened next, and None behind that;
    ``patience`` gives cameras by id that are asked so many times more rarely than set.
    """

    def __init__(
        self,
        *,
        judges: Sequence[CameraJudge],
        source: SnapshotSource,
        clock: Clock,
        on_result: Callable[[SnapshotResult], None],
        before_opening: Callable[[str | None], None] = lambda _: None,
        patience: Mapping[str, int] | None = None,
    ) -> None:
        self._source = source
        self._clock = clock
        self._on_result = on_result
        self._before_opening = before_opening
        self._arrivals: queue.SimpleQueue[_Arrival] = queue.SimpleQueue()
        self._fetchers = ThreadPoolExecutor(_FETCHES_AT_ONCE, thread_name_prefix="snapshot")
        self.counts = WatchCounts()
        start, delays = clock.now(), patience or {}
        self._seats = [
            _Seat(
                camera=judge.camera,
                judge=judge,
                # Spread over the interval: a round of all at once would load in bursts.
                due_at=start
                + timedelta(seconds=judge.camera.snapshot_interval_s * index / len(judges)),
                delay=max(1, delays.get(judge.camera.device_id, 1)),
            )
            for index, judge in enumerate(judges)
        ]

    def run(self, stop: threading.Event, on_round: Callable[[], None]) -> None:
        """Watch until ``stop``; ``on_round`` is called at least every 0.2 s."""
        while not stop.is_set():
            self.step(self._wait_s())
            on_round()

    def step(self, wait_s: float = 0.0) -> None:
        """Ask every camera that is due, and judge what has arrived, waiting so long at most."""
        now = self._clock.now()
        for seat in self._seats:
            if seat.asked_at is None and seat.due_at <= now:
                self._ask(seat, now)
        try:
            self._take(
                self._arrivals.get(timeout=wait_s) if wait_s else self._arrivals.get_nowait()
            )
            while True:
                self._take(self._arrivals.get_nowait())
        except queue.Empty:
            return

    def close(self) -> None:
        """Give up what is being fetched, and the source."""
        self._fetchers.shutdown(wait=True, cancel_futures=True)
        self._source.close()

    def _wait_s(self) -> float:
        waiting = [seat.due_at for seat in self._seats if seat.asked_at is None]
        if not waiting:
            return _LONGEST_WAIT_S
        business_s = (min(waiting) - self._clock.now()).total_seconds()
        # Short enough to notice a changed speed, long enough to rest between cameras.
        return min(_LONGEST_WAIT_S, max(0.005, self._clock.technical_s(max(0.0, business_s))))

    def _ask(self, seat: _Seat, now: datetime) -> None:
        seat.asked_at = now
        answer = self._fetchers.submit(self._source.fetch, seat.camera)
        answer.add_done_callback(lambda done: self._arrivals.put(_Arrival(seat=seat, answer=done)))

    def _take(self, arrival: _Arrival) -> None:
        """Judge one arrival; whatever goes wrong concerns that camera alone."""
        seat = arrival.seat
        asked_at = seat.asked_at or self._clock.now()
        seat.asked_at = None
        try:
            result = self._look(seat, arrival.answer, asked_at)
        except Exception:  # noqa: BLE001  one camera must never stop the others
            self.counts.add("failed")
            _log.exception("snapshot_failed", device_id=seat.camera.device_id)
            result = self._failure(seat, asked_at, CameraHealth.UNREADABLE)
        self._schedule(seat, asked_at)
        self._on_result(result)

    def _look(self, seat: _Seat, answer: "Future[bytes]", asked_at: datetime) -> SnapshotResult:
        device_id = seat.camera.device_id
        try:
            raw = answer.result()
        except SnapshotUnavailableError as error:
            self.counts.add(f"fetch_{error.reason}")
            return self._failure(seat, asked_at, CameraHealth.UNREACHABLE)
        self._before_opening(device_id)
        try:
            values, jpeg = seat.judge.judge(raw)
        except UnreadablePictureError as error:
            self.counts.add(f"unreadable_{error.reason}")
            return self._failure(seat, asked_at, CameraHealth.UNREADABLE)
        finally:
            self._before_opening(None)
        if seat.failures:
            _log.info("camera_back", device_id=device_id, failures=seat.failures)
        seat.failures, seat.delay = 0, 1
        self.counts.add("judged")
        return SnapshotResult(record=self._record(seat, asked_at, values), jpeg=jpeg)

    def _failure(self, seat: _Seat, asked_at: datetime, health: CameraHealth) -> SnapshotResult:
        if not seat.failures:
            _log.warning("camera_fails", device_id=seat.camera.device_id, health=health.value)
        seat.failures += 1
        seat.delay = min(_MOST_DELAY, max(seat.delay, 2 ** (seat.failures - 1)))
        values = seat.judge.fail(health)
        return SnapshotResult(record=self._record(seat, asked_at, values))

    def _record(self, seat: _Seat, asked_at: datetime, values: SnapshotVerdicts) -> Record:
        # The time of asking: a picture must never count as taken later than it was.
        return Record(
            device_id=seat.camera.device_id,
            observed_at=asked_at,
            gateway_at=self._clock.now(),
            values=values,
        )

    def _schedule(self, seat: _Seat, asked_at: datetime) -> None:
        interval = timedelta(seconds=seat.camera.snapshot_interval_s * seat.delay)
        missed = max(0, (self._clock.now() - seat.due_at) // interval)
        # Behind its time a camera skips turns instead of catching up on pictures of the past: so
        # its oldest are given up first, and no camera has more than one waiting.
        if missed:
            self.counts.add("turn_skipped", missed)
        seat.due_at = max(seat.due_at + interval * (missed + 1), asked_at + interval / 2)
