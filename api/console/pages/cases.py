"""The board of cases."""

from nicegui import run, ui
from nicegui.events import ValueChangeEventArguments

from api.console.frame import frame
from api.console.live import News
from api.console.markup import render
from api.console.pieces import KeyedList, Piece
from api.console.situation import Situation
from api.console.view_models.cases import CaseCard, board, case_card
from api.console.visit import Refresher, Visit
from domain.cases import Case

_ENDED_SHOWN = 12
_ENDED_LOOKED_THROUGH = 200
_FILTERS = ("all", "doubtful")


async def show_board(visit: Visit) -> None:
    """Build the board and keep it live."""
    situation = await visit.console.feed.situation()
    page = _BoardPage(visit, situation)
    page.show(situation)
    await page.show_ended()
    ended = Refresher(visit, page.show_ended)
    newest = situation.newest_change

    def on_news(news: News) -> None:
        nonlocal newest
        page.show(news.situation)
        if news.situation.newest_change != newest:
            newest = news.situation.newest_change
            ended.ask()

    visit.follow(on_news)


class _BoardPage:
    def __init__(self, visit: Visit, situation: Situation) -> None:
        self._visit = visit
        words = visit.words
        self._situation = situation
        self._only = "all"
        self._heads: dict[str, Piece] = {}
        self._columns: dict[str, KeyedList[CaseCard]] = {}
        with frame(visit, words.say("nav.cases"), wide=True):
            choices = {name: words.say(f"board.filter.{name}") for name in _FILTERS}
            with ui.element("div").classes("filters"):
                ui.toggle(choices, value=self._only, on_change=self._choose).props(
                    "no-caps unelevated padding='4px 12px' toggle-color=primary"
                )
            with ui.element("div").classes("board"):
                for column in board((), now=situation.at, registry=situation.registry, words=words):
                    with ui.element("section").classes(f"board-column column-{column.key}"):
                        self._heads[column.key] = Piece(classes="column-head")
                        self._columns[column.key] = KeyedList(
                            ui.element("div"), _draw, tag="article", classes="case-card"
                        )
            with ui.element("section").classes("ended"):
                self._ended_head = Piece(classes="panel-head")
                self._ended = KeyedList(
                    ui.element("div").classes("card-grid"),
                    _draw_with_state,
                    tag="article",
                    classes="case-card",
                )

    def show(self, situation: Situation) -> None:
        self._situation = situation
        columns = board(
            [case for case in situation.open_cases if self._wanted(case)],
            now=situation.at,
            registry=situation.registry,
            words=self._visit.words,
        )
        for column in columns:
            self._heads[column.key].show(render("column_head", column=column))
            self._columns[column.key].show(column.cards)

    async def _choose(self, chosen: ValueChangeEventArguments[str]) -> None:
        self._only = chosen.value if chosen.value in _FILTERS else "all"
        self.show(self._situation)
        await self.show_ended()

    def _wanted(self, case: Case) -> bool:
        return self._only == "all" or case.photo_doubts > 0

    async def show_ended(self) -> None:
        words, situation = self._visit.words, self._situation
        limit = _ENDED_SHOWN if self._only == "all" else _ENDED_LOOKED_THROUGH
        cases = await run.io_bound(self._visit.console.parts.book.ended_cases, limit)
        cards = tuple(
            case_card(case, now=situation.at, registry=situation.registry, words=words)
            for case in cases or ()
            if self._wanted(case)
        )
        self._ended_head.show(render("panel_head", title=words.say("board.ended"), count=None))
        self._ended.show(cards[:_ENDED_SHOWN])


def _draw(card: CaseCard) -> str:
    return render("case_card", card=card, with_state=False)


def _draw_with_state(card: CaseCard) -> str:
    return render("case_card", card=card, with_state=True)
