"""A case's page: how far it is, what was said to whom, its photos, and what may be done now."""

from collections.abc import Sequence
from datetime import datetime

from nicegui import run, ui

from alerts.case_records import CaseLogEntry
from alerts.rules.ground_check import GroundCheck
from api.console.clean_picture import clean_pictures
from api.console.frame import frame
from api.console.grafana_link import place_dashboard
from api.console.live import News
from api.console.markup import render
from api.console.pages.case_actions import ActionPanel
from api.console.pages.ground_check import ground_check_panel
from api.console.pages.not_found import show_not_found
from api.console.pages.renewal import RenewalPanel
from api.console.pieces import Piece
from api.console.situation import Situation
from api.console.snapshots import snapshots_of
from api.console.view_models.case_page import CaseContents, CaseView, case_view
from api.console.view_models.ground_check import pictures_of
from api.console.visit import Refresher, Visit
from domain.alerts import Alert
from domain.cases import Actor, Case
from domain.places import Place

_ALERTS_LOOKED_AT = 100


async def show_case(visit: Visit, case_id: str) -> None:
    """Build the page and keep it live."""
    situation = await visit.console.feed.situation()
    contents = await run.io_bound(_read, visit, case_id)
    if contents is None:
        show_not_found(visit, visit.words.say("not_found.case", case_id=case_id))
        return
    page = _CasePage(visit, contents, situation)
    page.show(contents)
    visit.follow(page.on_news)


def _read(visit: Visit, case_id: str) -> CaseContents | None:
    parts = visit.console.parts
    book = parts.book
    case = book.case(case_id)
    if case is None:
        return None
    alerts = [
        alert
        for alert in book.alerts_at(case.place_id, _ALERTS_LOOKED_AT)
        if alert.case_id == case_id
    ]
    log, check = book.log(case_id), book.ground_check_of_case(case_id)
    return CaseContents(
        case=case,
        log=log,
        messages=book.messages(case_id),
        alerts=alerts,
        doubts=book.photo_doubts(case_id),
        snapshots=snapshots_of(
            _pictures(alerts, log, check),
            cameras=parts.registry.current().cameras_at[case.place_id],
            history=parts.history,
        ),
        ground_check=check,
    )


def _pictures(
    alerts: Sequence[Alert], log: Sequence[CaseLogEntry], check: GroundCheck | None
) -> list[tuple[datetime, str]]:
    """Return the cameras' pictures that the page shows, each with when it was acted on."""
    return [
        *((alert.fired_at, alert.picture_sha256) for alert in alerts if alert.picture_sha256),
        *(
            (entry.at, photo)
            for entry in log
            if entry.actor is Actor.MACHINE_VERIFICATION
            for photo in entry.photos
        ),
        *((picture.taken_at, picture.sha256) for picture in pictures_of(check)),
    ]


class _CasePage:
    def __init__(self, visit: Visit, contents: CaseContents, situation: Situation) -> None:
        self._visit = visit
        self._situation = situation
        self._case_id = contents.case.case_id
        self._place: Place | None = None
        self._refresher = Refresher(visit, self._refresh)
        with frame(visit, contents.case.number):
            self._title = Piece(classes="page-title")
            self._steps = Piece(classes="panel steps-panel")
            with ui.element("div").classes("two-columns"):
                with ui.element("div").classes("stack"):
                    self._actions = ActionPanel(visit, self._refresher.ask)
                    self._renewal = ui.element("div").classes("renewal-place")
                    self._ground_check = Piece(tag="section", classes="panel")
                    self._doubts = Piece(tag="section", classes="panel")
                    self._checks = Piece(tag="section", classes="panel")
                    self._photos = Piece(tag="section", classes="panel")
                    self._log = Piece(tag="section", classes="panel")
                with ui.element("div").classes("stack"):
                    self._facts = Piece(tag="section", classes="panel")
                    self._messages = Piece(tag="section", classes="panel")

    def on_news(self, news: News) -> None:
        """Refresh when any case has changed: messages are settled without a move of the case."""
        moved = news.situation.newest_change != self._situation.newest_change
        self._situation = news.situation
        if moved:
            self._refresher.ask()

    def show(self, contents: CaseContents) -> None:
        """Show the case as the stores hold it."""
        self._place = self._situation.registry.places.get(contents.case.place_id)
        view = case_view(
            contents, situation=self._situation, role=self._visit.role, words=self._visit.words
        )
        self._title.show(render("case_title", card=view.card))
        self._steps.show(render("steps", steps=view.steps))
        self._actions.show(contents.case, view)
        self._offer_renewal(contents.case, view)
        self._show_sections(view)

    def _offer_renewal(self, case: Case, view: CaseView) -> None:
        """Offer it once; what it says of its work outlives the refreshes of the page."""
        pictures = clean_pictures(self._visit.console.parts)
        cameras = self._situation.registry.cameras_at[case.place_id]
        if not view.just_called_clean or pictures is None:
            self._renewal.clear()
        elif cameras and not self._renewal.default_slot.children:
            with self._renewal:
                RenewalPanel(
                    self._visit,
                    pictures,
                    cameras,
                    note=self._visit.words.say("renewal.note_case", case=case.number),
                )

    def _show_sections(self, view: CaseView) -> None:
        say = self._visit.words.say
        self._facts.show(
            render(
                "case_facts",
                title=say("case.facts"),
                facts=view.facts,
                place_href=view.place_href,
                place_word=say("case.to_place"),
                grafana_href=place_dashboard(
                    self._visit.console.settings.grafana_url, self._place, self._visit.words.locale
                ),
                grafana_word=say("to_grafana"),
            )
        )
        self._log.show(render("case_log", title=say("case.log"), rows=view.log))
        self._messages.show(
            render(
                "case_messages",
                title=say("case.messages"),
                rows=view.messages,
                empty=say("case.messages.none"),
            )
        )
        sides = (
            (say("photo.before"), view.before, say("photo.before.none")),
            (say("photo.after"), view.after, say("photo.after.none")),
        )
        self._photos.show(
            render(
                "case_photos",
                title=say("case.photos"),
                sides=sides,
                missing=say("picture.missing"),
                score=say("picture.score"),
            )
        )

        self._ground_check.show(ground_check_panel(view.ground_check, self._visit.words))
        self._show_evidence(view)

    def _show_evidence(self, view: CaseView) -> None:
        say = self._visit.words.say
        shared = {
            "before": say("photo.before"),
            "after": say("photo.after"),
            "none_before": say("photo.before.none"),
            "missing": say("picture.missing"),
            "score": say("picture.score"),
        }
        for piece, title, pairs, doubts, explain in (
            (self._checks, say("case.checks"), view.pairs, (), ""),
            (self._doubts, say("doubt.title"), (), view.doubts, say("doubt.explain")),
        ):
            shown = pairs or doubts
            piece.show(
                render(
                    "case_evidence",
                    title=title,
                    pairs=pairs,
                    doubts=doubts,
                    explain=explain,
                    **shared,
                )
                if shown
                else ""
            )

    async def _refresh(self) -> None:
        contents = await run.io_bound(_read, self._visit, self._case_id)
        if contents is not None:
            self.show(contents)
