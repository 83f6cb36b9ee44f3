"""The one poller of a process: it looks for news while a page is open and tells all pages.

It runs on the event loop; the stores are asked in a worker thread. With no page open it sleeps.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog

from alerts.outbox import OutboxMessage
from api.console.metrics import ConsoleFailure, ConsoleMetrics
from api.console.settings import ConsoleSettings
from api.console.situation import Situation, SituationReader
from domain.cases import Case
from domain.ports.clock import Clock

_LOG = structlog.get_logger()
_PULSE_INTERVAL_S = 5.0
_STEADY = 0.05
"""Two measured speeds that differ by less than this ratio are the same."""
_SHORTEST_MEASURE_S = 0.2
_WHOLE_FROM = 2.0
_Told = TypeVar("_Told")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Where the business clock stands and how fast it runs; ``healthy`` when the stores answer."""

    at: datetime
    speed: float
    healthy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a page is told. ``new_cases`` were not open at the look before; ``notices`` are the
    messages to the dispatchers that came since.
    """

    situation: Situation
    new_cases: tuple[Case, ...] = ()
    notices: tuple[OutboxMessage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """What a page does with news and with pulses. Neither may block or await."""

    on_news: Callable[[News], None]
    on_pulse: Callable[[Pulse], None]


class LiveFeed:
    """Tells listeners what has changed. All methods are called on the event loop."""

    def __init__(
        self,
        reader: SituationReader,
        *,
        clock: Clock,
        settings: ConsoleSettings,
        metrics: ConsoleMetrics,
    ) -> None:
        self._reader = reader
        self._metrics = metrics
        self._settings = settings
        self._speedometer = Speedometer(clock)
        self._listeners: dict[int, Listener] = {}
        self._next_key = 0
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._situation: Situation | None = None
        self._read_at_s = 0.0
        self._healthy = True
        self._pulse: Pulse | None = None
        self._pulsed_at_s = 0.0

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        return len(self._listeners)

    @property
    def open_reviews(self) -> int:
        """How many detections waited for an answer at the last look."""
        return 0 if self._situation is None else len(self._situation.open_reviews)

    def start(self) -> None:
        """Start to poll; to be called once the event loop runs."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="console poller")

    async def stop(self) -> None:
        """Stop to poll. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell ``listener`` from now on; return what ends it. Ending twice is fine."""
        key, self._next_key = self._next_key, self._next_key + 1
        self._listeners[key] = listener
        self._wanted.set()

        def end() -> None:
            self._listeners.pop(key, None)
            if not self._listeners:
                self._wanted.clear()

        return end

    def pulse(self) -> Pulse:
        """Return where the business clock stands now."""
        lacks_readings = self._situation is not None and self._situation.readings_away
        return self._speedometer.pulse(healthy=self._healthy and not lacks_readings)

    async def situation(self) -> Situation:
        """Return the situation that a new page begins with: the one all others show, or a new one.

        Raises what the stores raise: a page that cannot be filled must say so.
        """
        if self._listeners and self._situation is not None:
            return self._situation
        # Nobody listened, so nobody may be told of what came meanwhile as if it came now.
        self._situation = await asyncio.to_thread(self._reader.read)
        return self._situation

    async def look(self) -> None:
        """Look once: read what has changed, tell everybody. An error is counted as unhealthy."""
        try:
            news = await self._news()
        except Exception as error:  # noqa: BLE001  the poller outlives any store's trouble
            self._metrics.failed(ConsoleFailure.STORES)
            self._note_health(error)
        else:
            self._note_health(None)
            if news is not None:
                self._situation = news.situation
                for listener in tuple(self._listeners.values()):
                    self._safely(listener.on_news, news)
        self._tell_pulse()

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            await self.look()
            await asyncio.sleep(self._settings.poll_interval_s)

    async def _news(self) -> News | None:
        """Read what is new; None where nothing can be."""
        now_s = asyncio.get_running_loop().time()
        before = self._situation
        due = now_s - self._read_at_s >= self._settings.latest_interval_s
        if before is not None and not due and await self._is_unchanged(before):
            return None
        news = await asyncio.to_thread(self._read, before)
        self._read_at_s = now_s
        return news

    async def _is_unchanged(self, before: Situation) -> bool:
        return await asyncio.to_thread(self._reader.newest_change) == before.newest_change

    def _read(self, before: Situation | None) -> News:
        situation = self._reader.read()
        if before is None or before.newest_change == situation.newest_change:
            return News(situation=situation)
        known = {case.case_id for case in before.open_cases}
        return News(
            situation=situation,
            new_cases=tuple(c for c in situation.open_cases if c.case_id not in known),
            notices=self._reader.notices(after=before.newest_change),
        )

    def _tell_pulse(self) -> None:
        now_s = asyncio.get_running_loop().time()
        pulse, last = self.pulse(), self._pulse
        unchanged = (
            last is not None
            and last.healthy == pulse.healthy
            and abs(last.speed - pulse.speed) <= _STEADY * max(last.speed, 1.0)
        )
        if unchanged and now_s - self._pulsed_at_s < _PULSE_INTERVAL_S:
            return
        self._pulse, self._pulsed_at_s = pulse, now_s
        for listener in tuple(self._listeners.values()):
            self._safely(listener.on_pulse, pulse)

    def _safely(self, tell: Callable[[_Told], None], what: _Told) -> None:
        try:
            tell(what)
        except Exception:  # noqa: BLE001  one handler for whatever a page does with news
            # One page's trouble must not keep the news from the others.
            self._metrics.failed(ConsoleFailure.PAGE)
            _LOG.exception("console_page_failed")

    def _note_health(self, error: Exception | None) -> None:
        healthy = error is None
        if healthy != self._healthy:
            self._healthy = healthy
            if healthy:
                _LOG.info("console_stores_answer_again")
            else:
                _LOG.error("console_stores_do_not_answer", error=repr(error))


class Speedometer:
    """Measures how fast the business clock runs, from two looks at both clocks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = clock.now()
        self._at_s = clock.monotonic_s()
        self._speed = 1.0

    def pulse(self, *, healthy: bool) -> Pulse:
        """Return the business time and the speed since the look before."""
        at, at_s = self._clock.now(), self._clock.monotonic_s()
        passed_s = at_s - self._at_s
        if passed_s >= _SHORTEST_MEASURE_S:
            speed = (at - self._at).total_seconds() / passed_s
            self._speed = round(speed) if speed > _WHOLE_FROM else round(speed, 1)
            self._at, self._at_s = at, at_s
        return Pulse(at=at, speed=self._speed, healthy=healthy)
