"""Place: how full it was, what was seen there, what was done."""

from dashboards.annotation_tags import ABOUT_DEVICE, ALERT_OPENED, CASE_CLOSED, MARK
from dashboards.definition import (
    Box,
    Cell,
    CurvePanel,
    Dashboard,
    Field,
    Marks,
    NumberPanel,
    SqlQuery,
    TablePanel,
    TimelinePanel,
    WrittenMarks,
)
from dashboards.district import CASE_LINK, PICTURE_LINK
from dashboards.meanings import (
    COUNT,
    FILL,
    TIME,
    TIME_LEFT,
    camera_healths,
    case_states,
    device_states,
    none_is_good,
    place_states,
    problem_classes,
    verdict_states,
)
from dashboards.palette import Colour
from dashboards.queries import flux, sql
from dashboards.wording import Wording
from domain.problems import ProblemClass

KEY = "place"
_CONSOLE_PLACE = "${console}/place/${place}"
_DEVICE = "${__field.labels.device_id}"


def place(wording: Wording) -> Dashboard:
    """Define the dashboard."""
    problems = {problem.value: wording.word(problem) for problem in ProblemClass}
    return Dashboard(
        key=KEY,
        choices=(*sql.areas(wording.locale), sql.one_place(wording.locale)),
        marks=(
            Marks(
                key="emptied",
                query=flux.emptyings(wording.text("marks.emptied")),
                colour=Colour.GOOD,
            ),
            Marks(
                key="filed",
                query=sql.case_marks(wording.text("marks.filed"), problems),
                colour=Colour.PROBLEM,
            ),
            # In Grafana's own store, where one with a token runs; what the two above say is not
            # asked for again.
            WrittenMarks(
                key="closed", tags=(MARK, CASE_CLOSED, "${place}"), colour=Colour.MEASURED
            ),
            WrittenMarks(
                key="device",
                tags=(MARK, ALERT_OPENED, ABOUT_DEVICE, "${place}"),
                colour=Colour.UNKNOWN,
            ),
        ),
        links=("district", "wall"),
        panels=(
            *_numbers(),
            _fill(Box(x=0, y=4, w=16, h=9)),
            _state(wording, Box(x=16, y=4, w=8, h=4)),
            _devices(wording, Box(x=16, y=8, w=8, h=5)),
            _verdicts(wording, problems, Box(x=0, y=13, w=14, h=10)),
            _pictures(wording, Box(x=14, y=13, w=10, h=10)),
            _cases(wording, Box(x=0, y=23, w=24, h=8)),
        ),
    )


def _numbers() -> tuple[NumberPanel, ...]:
    silent = f"conditions LIKE '%silent%' AND {sql.AT_PLACE}"
    return (
        NumberPanel(
            key="fill_now",
            box=Box(x=0, y=0, w=6, h=4),
            queries=(flux.newest_at_place("fill"),),
            look=FILL,
            none="reading",
            link=_CONSOLE_PLACE,
        ),
        NumberPanel(
            key="open",
            box=Box(x=6, y=0, w=6, h=4),
            queries=(sql.count("cases", "open_cases", f"open AND {sql.AT_PLACE}"),),
            look=none_is_good(Colour.PROBLEM),
            none="count",
        ),
        NumberPanel(
            key="emptied_times",
            box=Box(x=12, y=0, w=6, h=4),
            queries=(flux.times_at_place("emptied", "level_before"),),
            look=COUNT,
            none="emptyings",
        ),
        NumberPanel(
            key="silent",
            box=Box(x=18, y=0, w=6, h=4),
            queries=(sql.count("devices", "silent", silent),),
            look=none_is_good(Colour.UNKNOWN),
            none="count",
        ),
    )


def _fill(box: Box) -> CurvePanel:
    query = flux.series("fill", "filling_level", where=flux.AT_PLACE, tags=["device_id"])
    return CurvePanel(
        key="fill",
        box=box,
        queries=(query,),
        look=FILL,
        none="reading",
        label=_DEVICE,
        limits_drawn=True,
    )


def _state(wording: Wording, box: Box) -> TimelinePanel:
    return TimelinePanel(
        key="state",
        box=box,
        queries=(flux.states("place", where=flux.AT_PLACE, tags=[]),),
        look=place_states(wording),
        none="places",
        label=wording.text("column.state"),
    )


def _devices(wording: Wording, box: Box) -> TimelinePanel:
    return TimelinePanel(
        key="devices",
        box=box,
        queries=(flux.states("device_health", where=flux.AT_PLACE, tags=["device_id"]),),
        look=device_states(wording),
        none="devices",
        label=_DEVICE,
    )


def _verdicts(wording: Wording, problems: dict[str, str], box: Box) -> TimelinePanel:
    return TimelinePanel(
        key="verdicts",
        box=box,
        queries=(flux.verdicts_at_place(problems),),
        look=verdict_states(wording),
        none="camera",
        label="${__field.labels.problem} · ${__field.labels.zone_id}",
    )


def _pictures(wording: Wording, box: Box) -> TablePanel:
    return TablePanel(
        key="pictures",
        box=box,
        queries=(flux.pictures_at_place(limit=20),),
        look=camera_healths(wording),
        none="camera",
        tall=True,
        fields=(
            Field(name="_time", title="at", look=TIME, width=120),
            Field(name="picture", cell=Cell.PICTURE, width=180, link=PICTURE_LINK),
            Field(name="camera_health", look=camera_healths(wording)),
            Field(name="device_id"),
        ),
    )


def _cases(wording: Wording, box: Box) -> TablePanel:
    crew = sql.named("crew", wording.locale)
    unit = sql.named("unit", wording.locale)
    text = (
        f"SELECT number, problem_class, state, opened_at, time_left_s, {unit} AS unit,\n"
        f"  {crew} AS crew, rework_count, case_id\n"
        f"FROM dashboards.cases WHERE {sql.AT_PLACE}\n"
        "ORDER BY open DESC, opened_at DESC LIMIT 50"
    )
    return TablePanel(
        key="cases",
        box=box,
        queries=(SqlQuery(text=text),),
        look=case_states(wording),
        none="cases_here",
        fields=(
            Field(name="number", width=150, link=CASE_LINK),
            Field(name="problem_class", look=problem_classes(wording)),
            Field(name="state", title="case_state", look=case_states(wording), width=110),
            Field(name="opened_at", look=TIME, width=130),
            Field(name="time_left_s", look=TIME_LEFT, cell=Cell.COLOURED_TEXT, width=120),
            Field(name="unit"),
            Field(name="crew"),
            Field(name="rework_count", look=none_is_good(Colour.WATCH), width=90),
            Field(name="case_id", hidden=True),
        ),
    )
