"""A place's page: its fill curve, what its cameras saw, its devices, alerts and cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nicegui import run, ui
from nicegui.events import ValueChangeEventArguments

from alerts.rules.ground_check import GroundCheck
from api.console.frame import frame
from api.console.grafana_link import place_dashboard
from api.console.live import News
from api.console.markup import render
from api.console.pages.devices import device_drawer, device_labels
from api.console.pages.ground_check import ground_check_panel
from api.console.pages.not_found import show_not_found
from api.console.pieces import KeyedList, Piece
from api.console.situation import Situation
from api.console.snapshots import snapshots_of
from api.console.view_models.cases import CaseCard
from api.console.view_models.chart import Curve, Limits, fill_chart
from api.console.view_models.ground_check import pictures_of
from api.console.view_models.place import PlaceView, place_view
from api.console.visit import Refresher, Visit
from domain.alerts import Alert
from domain.cases import Case
from domain.places import Place
from domain.records import Record

_WINDOWS_H = (6, 24, 72, 168)
_FIRST_WINDOW_H = 24
_MOST_LISTED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contents:
    cases: Sequence[Case]
    alerts: Sequence[Alert]
    curves: Sequence[Curve]
    ground_check: GroundCheck | None
    snapshots: Mapping[str, Record]


async def show_place(visit: Visit, place_id: str) -> None:
    """Build the page and keep it live."""
    situation = await visit.console.feed.situation()
    place = situation.registry.places.get(place_id)
    if place is None:
        show_not_found(visit, visit.words.say("not_found.place", place_id=place_id))
        return
    page = _PlacePage(visit, place, situation)
    await page.refresh()
    visit.follow(page.on_news)


class _PlacePage:
    def __init__(self, visit: Visit, place: Place, situation: Situation) -> None:
        words = visit.words
        self._visit, self._words, self._place = visit, words, place
        self._situation = situation
        self._window_h = _FIRST_WINDOW_H
        self._refresher = Refresher(visit, self.refresh)
        self._shown: object = None
        with frame(visit, words.name(place.name)):
            self._title = Piece(classes="page-title")
            with ui.element("div").classes("two-columns"):
                with ui.element("div").classes("stack"):
                    self._build_chart()
                    self._pictures = Piece(tag="section", classes="panel pictures")
                    self._ground_check = Piece(tag="section", classes="panel")
                with ui.element("div").classes("stack"):
                    self._facts = Piece(tag="section", classes="panel")
                    with ui.element("section").classes("panel"):
                        self._cases_head = Piece(classes="panel-head")
                        self._cases = KeyedList(
                            ui.element("div").classes("stack"),
                            _draw_card,
                            tag="article",
                            classes="case-card",
                        )
                        self._new_case = Piece(classes="panel-foot")
                    self._alerts = Piece(tag="section", classes="panel")
            with ui.element("section").classes("panel"):
                Piece(classes="panel-head").show(
                    render("panel_head", title=words.say("nav.devices"), count=None)
                )
                labels = device_labels(visit)
                with ui.element("div").classes("device-table").props("role=table"):
                    Piece(classes="device-row device-head").show(
                        render("device_head", labels=labels)
                    )
                    self._devices = KeyedList(
                        ui.element("div"),
                        device_drawer(labels),
                        classes="device-row",
                    )

    def _build_chart(self) -> None:
        words = self._words
        with ui.element("section").classes("panel"):
            with ui.element("div").classes("panel-head split"):
                Piece().show(render("panel_head", title=words.say("chart"), count=None))
                choices = {hours: words.duration(timedelta(hours=hours)) for hours in _WINDOWS_H}
                ui.toggle(choices, value=self._window_h, on_change=self._choose_window).props(
                    "no-caps unelevated padding='2px 12px' toggle-color=primary"
                )
            self._chart_note = Piece(classes="quiet")
            self._chart = ui.echart({}).classes("fill-chart")

    def on_news(self, news: News) -> None:
        """Refresh where something of this place has changed."""
        self._situation = news.situation
        seen = self._stamp(news.situation)
        if seen != self._shown:
            self._shown = seen
            self._refresher.ask()

    async def refresh(self) -> None:
        """Read what belongs to this place, and show it."""
        situation = self._situation
        self._shown = self._stamp(situation)
        contents = await run.io_bound(self._read, situation)
        if contents is None:
            return
        view = place_view(
            self._place,
            situation=situation,
            cases=contents.cases,
            alerts=contents.alerts,
            words=self._words,
            ground_check=contents.ground_check,
            snapshots=contents.snapshots,
        )
        self._show(view)
        self._show_curves(contents.curves, situation.at)

    def _stamp(self, situation: Situation) -> object:
        """What this page shows of a situation: equal when a refresh would change nothing."""
        devices = situation.devices_at(self._place.place_id)
        newest = [situation.newest_of(device.device_id) for device in devices]
        seen = tuple(record.observed_at if record else None for record in newest)
        return (situation.newest_change, seen)

    def _read(self, situation: Situation) -> _Contents:
        book, history = self._visit.console.parts.book, self._visit.console.parts.history
        since, until = self._window(situation.at)
        place_id = self._place.place_id
        sensors = situation.registry.sensors_at[place_id]
        check = book.ground_check_at(place_id)
        return _Contents(
            cases=book.cases_at(place_id, _MOST_LISTED),
            alerts=book.alerts_at(place_id, _MOST_LISTED),
            ground_check=check,
            snapshots=snapshots_of(
                ((picture.taken_at, picture.sha256) for picture in pictures_of(check)),
                cameras=situation.registry.cameras_at[place_id],
                history=history,
            ),
            curves=[
                Curve(
                    label=self._words.say("chart.bin", number=number, sensor=sensor.device_id),
                    report_interval_s=sensor.report_interval_s,
                    readings=history.fill(sensor.device_id, since=since, until=until),
                    emptied_at=[
                        record.observed_at
                        for record in history.emptyings(sensor.device_id, since=since, until=until)
                    ],
                )
                for number, sensor in enumerate(sensors, start=1)
            ],
        )

    def _window(self, at: datetime) -> tuple[datetime, datetime]:
        return at - timedelta(hours=self._window_h), at

    def _choose_window(self, event: ValueChangeEventArguments[int]) -> None:
        self._window_h = int(event.value)
        self._refresher.ask()

    def _show(self, view: PlaceView) -> None:
        words = self._words
        grafana = place_dashboard(
            self._visit.console.settings.grafana_url, self._place, words.locale
        )
        self._title.show(
            render(
                "place_title",
                view=view,
                grafana_href=grafana,
                grafana_word=words.say("to_grafana"),
            )
        )
        self._facts.show(render("facts", facts=view.facts))
        self._pictures.show(
            render(
                "pictures",
                title=words.say("pictures"),
                pictures=view.pictures,
                empty=words.say("picture.none"),
                no_camera=words.say("picture.no_camera"),
                missing=words.say("picture.missing"),
                alt=words.say("picture.alt"),
                score=words.say("picture.score"),
                calibrate=""
                if self._visit.console.parts.bench is None
                else words.say("calibration.link"),
            )
        )
        self._ground_check.show(ground_check_panel(view.ground_check, words))
        self._cases_head.show(
            render("panel_head", title=words.say("nav.cases"), count=len(view.cases))
        )
        self._cases.show(view.cases)
        self._new_case.show(
            render(
                "link",
                href=f"/cases/new?place={self._place.place_id}",
                text=words.say("nav.new_case"),
            )
        )
        self._alerts.show(
            render(
                "alerts",
                title=words.say("alerts"),
                rows=view.alerts,
                empty=words.say("alerts.none"),
                case_word=words.say("alerts.case"),
            )
        )
        self._devices.show(view.devices)

    def _show_curves(self, curves: Sequence[Curve], at: datetime) -> None:
        settings = self._visit.console.settings
        since, until = self._window(at)
        options = fill_chart(
            curves,
            since=since,
            until=until,
            limits=Limits(warning=settings.warning_level, critical=settings.critical_level),
            words=self._words,
        )
        self._chart.options.clear()
        self._chart.options.update(options)
        self._chart.update()
        self._chart_note.show("" if curves else render("text", text=self._words.say("chart.none")))
        self._chart.set_visibility(bool(curves))


def _draw_card(card: CaseCard) -> str:
    return render("case_card", card=card, with_state=True)
