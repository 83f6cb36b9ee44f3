"""One poller for all pages: it sleeps without pages, tells all of them, and outlives trouble."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta

from prometheus_client import CollectorRegistry

from alerts.outbox import OutboxMessage
from api.console.live import Listener, LiveFeed, News, Pulse, Speedometer
from api.console.metrics import ConsoleMetrics
from api.console.settings import ConsoleSettings
from api.console.situation import Situation
from domain.cases import Case
from tests.fakes.console_samples import CASE, situation
from tests.fakes.manual_clock import ManualClock

SETTINGS = ConsoleSettings(
    storage_secret="a secret of this test",  # noqa: S106
    poll_interval_s=0.001,
    latest_interval_s=3600,
)
FAILURES = "huanwei_console_failures_total"


class ScriptedReader:
    """Gives the situation that a test sets; counts how often it is asked."""

    def __init__(self) -> None:
        self.now = situation()
        self.asked = 0
        self.broken = False

    def newest_change(self) -> int:
        self.asked += 1
        if self.broken:
            msg = "the disk is gone"
            raise OSError(msg)
        return self.now.newest_change

    def read(self) -> Situation:
        self.newest_change()
        return self.now

    def notices(self, *, after: int) -> tuple[OutboxMessage, ...]:
        assert after < self.now.newest_change
        return ()

    def change(self, *cases: Case) -> None:
        newest = self.now.newest_change + 1
        self.now = replace(self.now, newest_change=newest, open_cases=cases)


class Page:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.news: list[News] = []
        self.pulses: list[Pulse] = []

    def listener(self) -> Listener:
        return Listener(on_news=self.news.append, on_pulse=self.pulses.append)


def with_feed(
    test: Callable[[LiveFeed, ScriptedReader], Coroutine[None, None, None]],
) -> CollectorRegistry:
    """Run the test; return what was counted in it."""
    counted = CollectorRegistry()

    async def run() -> None:
        reader = ScriptedReader()
        feed = LiveFeed(
            reader,  # type: ignore[arg-type]
            clock=ManualClock(),
            settings=SETTINGS,
            metrics=ConsoleMetrics(counted),
        )
        await test(feed, reader)

    asyncio.run(run())
    return counted


def test_nothing_is_asked_while_no_page_is_open() -> None:
    async def test(feed: LiveFeed, reader: ScriptedReader) -> None:
        feed.start()
        await asyncio.sleep(0.02)
        assert reader.asked == 0
        end = feed.listen(Page().listener())
        await asyncio.sleep(0.05)
        assert reader.asked > 0
        end()
        await asyncio.sleep(0.02)
        asked = reader.asked
        await asyncio.sleep(0.02)
        assert reader.asked == asked
        await feed.stop()
        await feed.stop()

    with_feed(test)


def test_every_page_hears_of_a_new_case_once() -> None:
    async def test(feed: LiveFeed, reader: ScriptedReader) -> None:
        pages = [Page(), Page()]
        await feed.situation()
        for page in pages:
            feed.listen(page.listener())
        await feed.look()
        reader.change(CASE)
        await feed.look()
        reader.change(CASE)
        await feed.look()
        for page in pages:
            assert [news.new_cases for news in page.news if news.new_cases] == [(CASE,)]

    with_feed(test)


def test_a_case_that_came_while_no_page_was_open_is_not_called_out_as_new() -> None:
    async def test(feed: LiveFeed, reader: ScriptedReader) -> None:
        await feed.situation()
        reader.change(CASE)
        assert (await feed.situation()).open_cases == (CASE,)
        page = Page()
        feed.listen(page.listener())
        await feed.look()
        assert not any(news.new_cases for news in page.news)

    with_feed(test)


def test_a_look_at_unchanged_stores_tells_nobody_anything() -> None:
    async def test(feed: LiveFeed, reader: ScriptedReader) -> None:
        page = Page()
        feed.listen(page.listener())
        await feed.look()
        told = len(page.news)
        await feed.look()
        assert len(page.news) == told
        assert reader.asked > 1

    with_feed(test)


def test_pages_are_told_when_the_stores_stop_answering_and_when_they_answer_again() -> None:
    async def test(feed: LiveFeed, reader: ScriptedReader) -> None:
        page = Page()
        feed.listen(page.listener())
        await feed.look()
        reader.broken = True
        await feed.look()
        reader.broken = False
        await feed.look()
        assert [pulse.healthy for pulse in page.pulses] == [True, False, True]

    counted = with_feed(test)
    assert counted.get_sample_value(FAILURES, {"what": "stores"}) == 1


def test_one_pages_trouble_does_not_keep_the_news_from_the_others() -> None:
    async def test(feed: LiveFeed, reader: ScriptedReader) -> None:
        def fail(news: News) -> None:
            msg = "this page is gone"
            raise RuntimeError(msg)

        page = Page()
        feed.listen(Listener(on_news=fail, on_pulse=Page().pulses.append))
        feed.listen(page.listener())
        await feed.look()
        reader.change(CASE)
        await feed.look()
        assert page.news[-1].situation.open_cases == (CASE,)

    counted = with_feed(test)
    assert counted.get_sample_value(FAILURES, {"what": "page"}) == 2


class RacingClock(ManualClock):
    """Business time runs ``speed`` times as fast as the technical clock."""

    def pass_time(self, seconds: float, speed: float) -> None:
        self._monotonic_s += seconds
        self._now += timedelta(seconds=seconds * speed)


def test_the_speed_of_the_business_clock_is_measured_not_told() -> None:
    clock = RacingClock()
    meter = Speedometer(clock)
    measured = []
    for speed in (1.0, 60.0, 0.0, 60.0):
        clock.pass_time(0.5, speed)
        measured.append(meter.pulse(healthy=True).speed)
    assert measured == [1.0, 60.0, 0.0, 60.0]
