"""One reader's visit to one page: the choices, the words, and the way news reaches the page."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from nicegui import Client, background_tasks, ui
from nicegui.language import Language
from starlette.requests import Request

from api.console.live import Listener, LiveFeed, News, Pulse
from api.console.metrics import ConsoleFailure, ConsoleMetrics
from api.console.session import Preferences, read_preferences, way_back
from api.console.settings import ConsoleSettings
from api.console.view_models.cases import unix_ms
from api.console.view_models.notices import toasts
from api.console.words import Words
from api.parts import CentreParts
from domain.cases import Actor
from texts.catalogue import Locale

_LOG = structlog.get_logger()
_QUASAR_LANGUAGES: dict[Locale, Language] = {Locale.ZH_CN: "zh-CN", Locale.EN: "en-US"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What all pages share."""

    parts: CentreParts
    settings: ConsoleSettings
    feed: LiveFeed
    metrics: ConsoleMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One page opened by one reader; ``address`` leads back to it."""

    console: Console
    client: Client
    path: str
    address: str
    preferences: Preferences
    words: Words = field(init=False)

    def __post_init__(self) -> None:
        words = Words(catalogue=self.console.parts.catalogue, locale=self.preferences.locale)
        object.__setattr__(self, "words", words)

    @property
    def role(self) -> Actor:
        """The role the reader acts in."""
        return self.preferences.role

    def follow(self, on_news: Callable[[News], None]) -> None:
        """Tell the page of news, and its browser of new cases and the clock, while it is open."""

        def tell(news: News) -> None:
            self._announce(news)
            self._count_reviews(len(news.situation.open_reviews))
            with self.client:
                on_news(news)

        end = self.console.feed.listen(Listener(on_news=tell, on_pulse=self._send_pulse))
        self.client.on_delete(end)

    def _announce(self, news: News) -> None:
        notices = toasts(news, self.words)
        if notices:
            rows = [{"text": toast.text, "href": toast.href} for toast in notices]
            self._run(f"huanwei.newCases({json.dumps(rows)})")

    def _count_reviews(self, count: int) -> None:
        if self.console.parts.reviews is not None:
            self._run(f"huanwei.openReviews({count})")

    def _send_pulse(self, pulse: Pulse) -> None:
        healthy = json.dumps(pulse.healthy)
        self._run(f"huanwei.pulse({unix_ms(pulse.at)}, {pulse.speed}, {healthy})")

    def _run(self, script: str) -> None:
        # A browser that is away would get all of them at once when it comes back.
        if self.client.has_socket_connection:
            self.client.run_javascript(script)


def visit_of(console: Console, client: Client, request: Request) -> Visit:
    """Return the visit of a request, and give the page its language."""
    preferences = read_preferences(request.session)
    # NiceGUI fixes a page's language when the page is declared; ours is the reader's choice.
    client.page = ui.page(request.url.path, language=_QUASAR_LANGUAGES[preferences.locale])
    return Visit(
        console=console,
        client=client,
        path=request.url.path,
        address=way_back(request.url.path, request.url.query),
        preferences=preferences,
    )


class Refresher:
    """Runs a page's refresh one at a time; what comes meanwhile makes it run once more.

    A reader who leaves while a refresh waits for the stores takes the page along: no fault.
    """

    def __init__(self, visit: Visit, refresh: Callable[[], Awaitable[None]]) -> None:
        self._client = visit.client
        self._metrics = visit.console.metrics
        self._refresh = refresh
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Ask for a refresh."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = background_tasks.create(self._run(), name="console refresh")

    async def _run(self) -> None:
        while self._wanted and not self._client.is_deleted:
            self._wanted = False
            try:
                await self._refresh()
            except Exception:  # noqa: BLE001  one handler for a page's whole refresh
                # The page keeps what it shows; the next news tries again.
                if not self._client.is_deleted:
                    self._metrics.failed(ConsoleFailure.REFRESH)
                    _LOG.exception("console_refresh_failed")
