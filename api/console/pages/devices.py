"""The table of devices with their health."""

from collections.abc import Callable

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from api.console.frame import frame
from api.console.live import News
from api.console.markup import render
from api.console.pieces import KeyedList, Piece
from api.console.situation import Situation
from api.console.view_models.devices import DeviceRow, device_rows, matching
from api.console.visit import Visit

_FILTERS = ("all", "attention", "sensors", "cameras")
_MOST_ROWS = 200


async def show_devices(visit: Visit, *, only: str) -> None:
    """Build the table and keep it live; ``only`` is the filter to begin with."""
    situation = await visit.console.feed.situation()
    page = _DevicesPage(visit, situation, only if only in _FILTERS else "all")
    page.show(situation)

    def on_news(news: News) -> None:
        page.show(news.situation)

    visit.follow(on_news)


class _DevicesPage:
    def __init__(self, visit: Visit, situation: Situation, only: str) -> None:
        words = visit.words
        self._words = words
        self._situation = situation
        self._only, self._search = only, ""
        with frame(visit, words.say("nav.devices")), ui.element("section").classes("panel"):
            self._head = Piece(classes="panel-head")
            with ui.element("div").classes("filters"):
                choices = {name: words.say(f"devices.only.{name}") for name in _FILTERS}
                ui.toggle(choices, value=only, on_change=self._choose).props(
                    "no-caps unelevated padding='4px 12px' toggle-color=primary"
                )
                ui.input(placeholder=words.say("devices.search"), on_change=self._look_for).props(
                    "dense outlined clearable debounce=300"
                ).classes("search")
            with ui.element("div").classes("device-table").props("role=table"):
                labels = device_labels(visit)
                Piece(classes="device-row device-head").show(render("device_head", labels=labels))
                self._rows = KeyedList(
                    ui.element("div"), device_drawer(labels), classes="device-row"
                )
            self._foot = Piece(classes="quiet panel-foot")

    def show(self, situation: Situation) -> None:
        self._situation = situation
        words = self._words
        rows = device_rows(situation.devices, situation=situation, words=words)
        found = matching(rows, search=self._search, only=self._only)
        shown = words.say("devices.shown", shown=len(found), total=len(rows))
        self._head.show(render("panel_head", title=words.say("nav.devices"), count=shown))
        self._rows.show(found[:_MOST_ROWS])
        hidden = len(found) - _MOST_ROWS
        note = words.say("devices.more", count=hidden) if hidden > 0 else ""
        self._foot.show(render("text", text=note if found else words.say("devices.none")))

    def _choose(self, event: ValueChangeEventArguments[str]) -> None:
        self._only = str(event.value)
        self.show(self._situation)

    def _look_for(self, event: ValueChangeEventArguments[str | None]) -> None:
        self._search = str(event.value or "")
        self.show(self._situation)


def device_labels(visit: Visit) -> dict[str, str]:
    """Return the headings of the table."""
    names = ("health", "device", "place", "seen", "reading", "data", "battery", "signal")
    return {name: visit.words.say(f"devices.{name}") for name in names}


def device_drawer(labels: dict[str, str]) -> Callable[[DeviceRow], str]:
    """Return what draws a device's row under these headings."""

    def draw(row: DeviceRow) -> str:
        return render("device_row", row=row, labels=labels)

    return draw
