"""Collections: what was emptied, cleared the same day, and swept afterwards."""

from dashboards.cases import ON_TIME
from dashboards.definition import (
    BarsPanel,
    Box,
    CurvePanel,
    Dashboard,
    Field,
    Look,
    NumberPanel,
    Shape,
    SqlQuery,
    TablePanel,
)
from dashboards.district import CASE_LINK, place_link
from dashboards.meanings import FILL, TIME, case_states, none_is_good
from dashboards.palette import Colour
from dashboards.queries import fleet_flux, sql
from dashboards.wording import Wording

KEY = "collections"
_COUNT = Look(unit="none", decimals=0, lowest=0)
_OPENED = f"$__timeFilter(opened_at) AND {sql.IN_SUBDISTRICT}"
_NOT_SWEPT = f"problem_class = 'not_swept_after_collection' AND {_OPENED}"
_DAY = "date_trunc('day', opened_at, 'Asia/Shanghai')"
_SAME_DAY = (
    "avg((state = 'closed' AND ended_at < date_trunc('day', opened_at, 'Asia/Shanghai')"
    " + interval '1 day')::int)::double precision"
)
_JUDGED = f"state NOT IN ('rejected', 'voided') AND {_OPENED}"


def collections(wording: Wording) -> Dashboard:
    """Define the dashboard."""
    return Dashboard(
        key=KEY,
        since="now-7d",
        refresh="5m",
        choices=sql.areas(wording.locale),
        links=("district", "cases"),
        panels=(
            *_numbers(),
            _emptyings(Box(x=0, y=4, w=12, h=8)),
            _same_day(Box(x=12, y=4, w=12, h=8)),
            _not_swept_by_unit(wording, Box(x=0, y=12, w=10, h=10)),
            _not_swept(wording, Box(x=10, y=12, w=14, h=10)),
            _last(wording, Box(x=0, y=22, w=24, h=9)),
        ),
    )


def _numbers() -> tuple[NumberPanel, ...]:
    same_day = f"SELECT {_SAME_DAY} AS same_day\nFROM dashboards.cases WHERE {_JUDGED}"
    return (
        NumberPanel(
            key="emptyings",
            box=Box(x=0, y=0, w=8, h=4),
            queries=(fleet_flux.count_emptyings("emptyings"),),
            look=_COUNT,
            none="emptyings",
        ),
        NumberPanel(
            key="same_day",
            box=Box(x=8, y=0, w=8, h=4),
            queries=(SqlQuery(text=same_day),),
            look=ON_TIME,
            none="no_case",
        ),
        NumberPanel(
            key="not_swept",
            box=Box(x=16, y=0, w=8, h=4),
            queries=(sql.count("cases", "not_swept", _NOT_SWEPT),),
            look=none_is_good(Colour.PROBLEM),
            none="count",
        ),
    )


def _emptyings(box: Box) -> CurvePanel:
    return CurvePanel(
        key="emptyings_by_day",
        box=box,
        queries=(fleet_flux.emptyings_by_day("emptyings"),),
        look=_COUNT,
        none="emptyings",
        bars=True,
        legend=False,
        fields=(Field(name="emptyings", colour=Colour.MEASURED),),
    )


def _same_day(box: Box) -> CurvePanel:
    text = (
        f"SELECT {_DAY} AS time, {_SAME_DAY} AS same_day\n"
        f"FROM dashboards.cases WHERE {_JUDGED}\nGROUP BY 1 ORDER BY 1"
    )
    return CurvePanel(
        key="same_day_by_day",
        box=box,
        queries=(SqlQuery(text=text, shape=Shape.TIME_SERIES),),
        look=ON_TIME,
        none="no_case",
        bars=True,
        legend=False,
        fields=(Field(name="same_day"),),
    )


def _not_swept_by_unit(wording: Wording, box: Box) -> BarsPanel:
    text = (
        f"SELECT {sql.named('unit', wording.locale)} AS unit, count(*) AS not_swept\n"
        f"FROM dashboards.cases WHERE {_NOT_SWEPT}\nGROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return BarsPanel(
        key="not_swept_by_unit",
        box=box,
        queries=(SqlQuery(text=text),),
        look=_COUNT,
        none="all_swept",
        category="unit",
        horizontal=True,
        fields=(
            Field(name="unit"),
            Field(name="not_swept", look=_COUNT, colour=Colour.PROBLEM),
        ),
    )


def _not_swept(wording: Wording, box: Box) -> TablePanel:
    name, unit = sql.named("place", wording.locale), sql.named("unit", wording.locale)
    text = (
        f"SELECT opened_at, number, {name} AS place, {unit} AS unit, state,\n"
        "  case_id, place_id, subdistrict_id\n"
        f"FROM dashboards.cases WHERE {_NOT_SWEPT}\nORDER BY opened_at DESC LIMIT 100"
    )
    return TablePanel(
        key="not_swept_cases",
        box=box,
        queries=(SqlQuery(text=text),),
        look=case_states(wording),
        none="all_swept",
        fields=(
            Field(name="opened_at", look=TIME, width=130),
            Field(name="number", link=CASE_LINK),
            Field(name="place", link=place_link(wording)),
            Field(name="unit"),
            Field(name="state", title="case_state", look=case_states(wording), width=100),
            Field(name="case_id", hidden=True),
            Field(name="place_id", hidden=True),
            Field(name="subdistrict_id", hidden=True),
        ),
    )


def _last(wording: Wording, box: Box) -> TablePanel:
    place = wording.name("place", "place_en")
    columns = ("at", place, "level_before", "level_after", "place_id", "subdistrict_id")
    return TablePanel(
        key="last_emptyings",
        box=box,
        queries=(fleet_flux.last_emptyings(columns, most=100),),
        look=FILL,
        none="emptyings",
        fields=(
            Field(name="at", look=TIME, width=130),
            Field(name=place, title="place", link=place_link(wording)),
            Field(name="level_before", look=FILL),
            Field(name="level_after", look=FILL),
            Field(name="place_id", hidden=True),
            Field(name="subdistrict_id", hidden=True),
        ),
    )
