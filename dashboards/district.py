"""District now: where it stands, what is open, what the pictures show."""

from dashboards.definition import (
    Box,
    Cell,
    Dashboard,
    Field,
    MapPanel,
    NumberPanel,
    Query,
    SqlQuery,
    TablePanel,
)
from dashboards.meanings import (
    FILL,
    TIME,
    TIME_LEFT,
    case_states,
    none_is_good,
    place_states,
    problem_classes,
)
from dashboards.palette import Colour
from dashboards.queries import flux, sql
from dashboards.wording import Wording

KEY = "district"
CASE_LINK = "${console}/cases/${__data.fields.case_id}"
"""From a row to the case in the console."""
PICTURE_LINK = "${console}${__value.raw}"
"""From a small picture to the full one."""


def place_link(wording: Wording) -> str:
    """From a row to the dashboard of its place."""
    return (
        f"{wording.address('place')}"
        "?var-subdistrict=${__data.fields.subdistrict_id}&var-place=${__data.fields.place_id}"
    )


def district(wording: Wording) -> Dashboard:
    """Define the dashboard."""
    return Dashboard(
        key=KEY,
        choices=sql.areas(wording.locale),
        links=("place", "wall"),
        panels=(
            *counters(),
            places_map(wording, Box(x=0, y=4, w=12, h=16)),
            open_cases(wording, Box(x=12, y=4, w=12, h=16)),
            evidence(wording, Box(x=0, y=20, w=24, h=10)),
        ),
    )


def counters(*, y: int = 0, h: int = 4, background: bool = False) -> tuple[NumberPanel, ...]:
    """Define the four numbers that a shift begins with."""
    wanted: tuple[tuple[str, Query, Colour, str], ...] = (
        ("overflowing", flux.sum_of_subdistricts("places", "overflowing"), Colour.PROBLEM, "count"),
        (
            "uncleared",
            sql.count(
                "cases",
                "uncleared",
                f"open AND state <> 'awaiting_verification' AND {sql.IN_SUBDISTRICT}",
            ),
            Colour.WATCH,
            "count",
        ),
        (
            "overdue",
            sql.count("cases", "overdue", f"overdue AND {sql.IN_SUBDISTRICT}"),
            Colour.OVERDUE,
            "count",
        ),
        (
            "offline",
            sql.count("devices", "offline", f"conditions LIKE '%silent%' AND {sql.IN_SUBDISTRICT}"),
            Colour.UNKNOWN,
            "count",
        ),
    )
    return tuple(
        NumberPanel(
            key=key,
            box=Box(x=6 * index, y=y, w=6, h=h),
            queries=(query,),
            look=none_is_good(bad),
            none=none,
            background=background,
        )
        for index, (key, query, bad, none) in enumerate(wanted)
    )


def places_map(wording: Wording, box: Box) -> MapPanel:
    """Define the map: coloured by state, sized by fill, no tiles."""
    name = wording.name()
    columns = ("place_id", "subdistrict_id", name, "state", "fill", "open_cases")
    return MapPanel(
        key="map",
        box=box,
        queries=(flux.places_now((*columns, "latitude", "longitude")),),
        look=place_states(wording),
        none="places",
        colour_by="state",
        size_by="fill",
        fields=(
            Field(name=name, title="place", link=place_link(wording)),
            Field(name="state", look=place_states(wording)),
            Field(name="fill", look=FILL),
            Field(name="open_cases"),
            Field(name="latitude", hidden=True),
            Field(name="longitude", hidden=True),
            Field(name="place_id", hidden=True),
            Field(name="subdistrict_id", hidden=True),
        ),
    )


def open_cases(wording: Wording, box: Box) -> TablePanel:
    """Define the open cases, the most urgent first."""
    name = sql.named("place", wording.locale)
    crew = sql.named("crew", wording.locale)
    text = (
        f"SELECT number, time_left_s, {name} AS place, problem_class, state, {crew} AS crew,\n"
        "  case_id, place_id, subdistrict_id\n"
        f"FROM dashboards.cases WHERE open AND {sql.IN_SUBDISTRICT}\n"
        "ORDER BY coalesce(due_at, opened_at), number LIMIT 200"
    )
    return TablePanel(
        key="open_cases",
        box=box,
        queries=(SqlQuery(text=text),),
        look=case_states(wording),
        none="open_cases",
        fields=(
            Field(name="number", width=130, link=CASE_LINK),
            Field(name="place", link=place_link(wording)),
            Field(name="problem_class", look=problem_classes(wording)),
            Field(name="state", title="case_state", look=case_states(wording), width=100),
            Field(name="time_left_s", look=TIME_LEFT, cell=Cell.COLOURED_TEXT, width=110),
            Field(name="crew"),
            Field(name="case_id", hidden=True),
            Field(name="place_id", hidden=True),
            Field(name="subdistrict_id", hidden=True),
        ),
    )


def evidence(wording: Wording, box: Box) -> TablePanel:
    """Define the newest pictures that speak for something, small; each leads to the full one."""
    name = sql.named("place", wording.locale)
    text = (
        f"SELECT at, picture, {name} AS place, problem_class, case_number AS number,\n"
        "  case_id, place_id, subdistrict_id\n"
        f"FROM dashboards.evidence WHERE {sql.IN_SUBDISTRICT} AND $__timeFilter(at)\n"
        "ORDER BY at DESC LIMIT 20"
    )
    return TablePanel(
        key="evidence",
        box=box,
        queries=(SqlQuery(text=text),),
        look=problem_classes(wording),
        none="pictures",
        tall=True,
        fields=(
            Field(name="at", look=TIME, width=130),
            Field(name="picture", cell=Cell.PICTURE, width=180, link=PICTURE_LINK),
            Field(name="place", link=place_link(wording)),
            Field(name="problem_class", look=problem_classes(wording)),
            Field(name="number", link=CASE_LINK),
            Field(name="case_id", hidden=True),
            Field(name="place_id", hidden=True),
            Field(name="subdistrict_id", hidden=True),
        ),
    )
