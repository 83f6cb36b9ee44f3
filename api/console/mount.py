"""Puts the console onto the application: NiceGUI at ``/``, its own assets, the one poller."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Form, Request
from fastapi.responses import RedirectResponse
from nicegui import Client, ui
from nicegui import app as nicegui_app

from api.console.frame import ASSETS_PATH
from api.console.history_when_there import HistoryWhenThere
from api.console.live import LiveFeed
from api.console.metrics import ConsoleMetrics
from api.console.pages.assessment import show_assessment
from api.console.pages.calibration import show_calibration
from api.console.pages.case import show_case
from api.console.pages.cases import show_board
from api.console.pages.devices import show_devices
from api.console.pages.district import show_district
from api.console.pages.new_case import show_new_case
from api.console.pages.place import show_place
from api.console.pages.reviews import show_reviews
from api.console.review_queue import ReviewQueue
from api.console.session import LONGEST_WAY_BACK, local_path, write_preferences
from api.console.settings import ConsoleSettings
from api.console.situation import SituationReader
from api.console.visit import Console, visit_of
from api.parts import CentreParts

_SEE_OTHER = 303
_COOKIE_AGE_S = 90 * 24 * 3600
_A_YEAR_TAKES_S = 120.0
"""At most; NiceGUI gives up a page after three seconds otherwise."""


def mount_console(app: FastAPI, parts: CentreParts, settings: ConsoleSettings) -> None:
    """Mount the console at ``/``; routes that ``app`` has already keep their paths.

    NiceGUI holds its pages in one place per process, so a process mounts one console.
    """
    history = HistoryWhenThere(parts.history, parts.clock)
    parts = replace(parts, history=history)
    reader = SituationReader(
        clock=parts.clock,
        registry=parts.registry,
        book=parts.book,
        history=history,
        qualities=parts.qualities,
        health_limits=parts.health_limits,
        review_queue=None
        if parts.reviews is None
        else ReviewQueue(history=history, reviews=parts.reviews),
    )
    metrics = ConsoleMetrics(parts.metrics_registry)
    feed = LiveFeed(reader, clock=parts.clock, settings=settings, metrics=metrics)
    _add_pages(Console(parts=parts, settings=settings, feed=feed, metrics=metrics))
    _add_preferences()
    with_assets = Path(str(files("api.console"))) / "assets"
    nicegui_app.add_static_files(ASSETS_PATH, with_assets)
    nicegui_app.on_startup(feed.start)
    nicegui_app.on_shutdown(feed.stop)
    ui.run_with(
        app,
        title="环卫 Huanwei",
        favicon=with_assets / "favicon.svg",
        language="zh-CN",
        # Nothing here is bound by polling, and Tailwind would compile styles in every browser.
        binding_refresh_interval=None,
        tailwind=False,
        show_welcome_message=False,
        storage_secret=settings.storage_secret,
        session_middleware_kwargs={"same_site": "lax", "max_age": _COOKIE_AGE_S},
    )


def _add_pages(console: Console) -> None:
    @ui.page("/")
    async def district(client: Client, request: Request) -> None:
        await show_district(visit_of(console, client, request))

    @ui.page("/place/{place_id}")
    async def place(client: Client, request: Request, place_id: str) -> None:
        await show_place(visit_of(console, client, request), place_id)

    @ui.page("/cases")
    async def cases(client: Client, request: Request) -> None:
        await show_board(visit_of(console, client, request))

    @ui.page("/cases/new")
    async def new_case(client: Client, request: Request, place: str = "") -> None:
        await show_new_case(visit_of(console, client, request), place_id=place)

    @ui.page("/cases/{case_id}")
    async def case(client: Client, request: Request, case_id: str) -> None:
        await show_case(visit_of(console, client, request), case_id)

    @ui.page("/devices")
    async def devices(client: Client, request: Request, only: str = "all") -> None:
        await show_devices(visit_of(console, client, request), only=only)

    @ui.page("/assessment", response_timeout=_A_YEAR_TAKES_S)
    async def assessment(client: Client, request: Request) -> None:
        await show_assessment(visit_of(console, client, request), request.query_params)

    @ui.page("/reviews")
    async def reviews(client: Client, request: Request) -> None:
        await show_reviews(visit_of(console, client, request))

    @ui.page("/cameras/{camera_id}/calibration")
    async def calibration(client: Client, request: Request, camera_id: str) -> None:
        await show_calibration(visit_of(console, client, request), camera_id)


def _add_preferences() -> None:
    @nicegui_app.post("/console/preferences", include_in_schema=False)
    async def preferences(
        request: Request,
        role: Annotated[str | None, Form(max_length=32)] = None,
        language: Annotated[str | None, Form(max_length=16)] = None,
        back: Annotated[str, Form(max_length=LONGEST_WAY_BACK)] = "/",
    ) -> RedirectResponse:
        write_preferences(request.session, role=role, language=language)
        return RedirectResponse(local_path(back), status_code=_SEE_OTHER)
