"""Wall screen of the command hall: to be read from ten metres. Open it with ``?kiosk``."""

from dashboards.definition import BarsPanel, Box, Cell, Dashboard, Field, SqlQuery, TablePanel
from dashboards.district import counters, places_map
from dashboards.meanings import FILL, TIME_LEFT, case_states, problem_classes
from dashboards.queries import flux, sql
from dashboards.wording import Wording

KEY = "wall"


def wall(wording: Wording) -> Dashboard:
    """Define the dashboard."""
    return Dashboard(
        key=KEY,
        refresh="10s",
        choices=sql.areas(wording.locale),
        links=("district", "place"),
        panels=(
            *counters(h=5, background=True),
            places_map(wording, Box(x=0, y=5, w=14, h=19)),
            _most_urgent(wording, Box(x=14, y=5, w=10, h=10)),
            _fullest(wording, Box(x=14, y=15, w=10, h=9)),
        ),
    )


def _most_urgent(wording: Wording, box: Box) -> TablePanel:
    name = sql.named("place", wording.locale)
    text = (
        f"SELECT {name} AS place, problem_class, state, time_left_s\n"
        f"FROM dashboards.cases WHERE open AND {sql.IN_SUBDISTRICT}\n"
        "ORDER BY coalesce(due_at, opened_at), number LIMIT 8"
    )
    return TablePanel(
        key="most_urgent",
        box=box,
        queries=(SqlQuery(text=text),),
        look=case_states(wording),
        none="open_cases",
        fields=(
            Field(name="place"),
            Field(name="problem_class", look=problem_classes(wording)),
            Field(name="state", title="case_state", look=case_states(wording), width=110),
            Field(name="time_left_s", look=TIME_LEFT, cell=Cell.COLOURED_TEXT, width=120),
        ),
    )


def _fullest(wording: Wording, box: Box) -> BarsPanel:
    name = wording.name()
    return BarsPanel(
        key="fullest",
        box=box,
        queries=(flux.fullest_places(name, limit=8),),
        look=FILL,
        none="places",
        category=name,
        horizontal=True,
        fields=(Field(name="fill"),),
    )
