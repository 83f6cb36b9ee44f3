"""The first page: the map, four counters, and what needs attention now."""

from nicegui import ui

from api.console.district_map import DistrictMap
from api.console.frame import frame
from api.console.live import News
from api.console.markup import render
from api.console.palette import PALETTE
from api.console.pieces import KeyedList, Piece, block
from api.console.situation import Situation
from api.console.view_models.district import AttentionRow, district_view
from api.console.visit import Visit
from api.console.words import Words
from domain.place_state import PlaceState

_MOST_ROWS = 60


async def show_district(visit: Visit) -> None:
    """Build the page and keep it live."""
    situation = await visit.console.feed.situation()
    page = _DistrictPage(visit, situation)
    page.show(situation)

    def on_news(news: News) -> None:
        page.show(news.situation)

    visit.follow(on_news)


class _DistrictPage:
    def __init__(self, visit: Visit, situation: Situation) -> None:
        words, settings = visit.words, visit.console.settings
        self._words = words
        title = words.name(situation.registry.district)
        with frame(visit, title, wide=True).classes("district"):
            self._counters = Piece(tag="section", classes="counters")
            with ui.element("section").classes("map-panel"):
                block(f"<h1>{render('text', text=title)}</h1>", classes="panel-head")
                self._map = DistrictMap(
                    district_view(situation, words).outlines,
                    tile_url=settings.tile_url,
                    tile_attribution=settings.tile_attribution,
                )
                block(_legend(words), classes="legend")
            with ui.element("section").classes("attention panel"):
                self._head = Piece(classes="panel-head")
                self._undelivered = Piece(classes="undelivered")
                self._rows = KeyedList(ui.element("div"), self._draw, classes="attention-row")
                self._foot = Piece(classes="quiet panel-foot")

    def show(self, situation: Situation) -> None:
        words = self._words
        view = district_view(situation, words)
        self._map.show(view.markers)
        self._counters.show(render("counters", counters=view.counters))
        count = len(view.attention)
        self._head.show(render("panel_head", title=words.say("attention"), count=count))
        self._undelivered.show(_undelivered(situation, words))
        self._rows.show(view.attention[:_MOST_ROWS])
        self._foot.show(_foot(count, words))

    def _draw(self, row: AttentionRow) -> str:
        return render("attention_row", row=row)


def _foot(count: int, words: Words) -> str:
    if not count:
        return render("text", text=words.say("attention.none"))
    if count > _MOST_ROWS:
        return render("text", text=words.say("attention.more", count=count - _MOST_ROWS))
    return ""


def _undelivered(situation: Situation, words: Words) -> str:
    cases = dict.fromkeys(message.case_id for message in situation.undelivered)
    if not cases:
        return ""
    return render("undelivered", text=words.say("undelivered", count=len(cases)), cases=cases)


def _legend(words: Words) -> str:
    entries = [
        (mark, words.word(PlaceState(mark.value)), words.say(f"legend.{mark}")) for mark in PALETTE
    ]
    return render("legend", title=words.say("legend"), entries=entries)
