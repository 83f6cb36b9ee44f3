"""Cases: how many, how quickly, how well; by unit, class and kind of place."""

from dashboards.definition import (
    BarsPanel,
    Box,
    Cell,
    CurvePanel,
    Dashboard,
    Field,
    Look,
    Meaning,
    NumberPanel,
    Shape,
    SqlQuery,
    Step,
    TablePanel,
)
from dashboards.meanings import problem_classes
from dashboards.palette import Colour
from dashboards.queries import sql
from dashboards.wording import Wording
from domain.places import PlaceKind

KEY = "cases"
_STEPS = ("filing", "acceptance", "arrival", "handling", "verification")
_IN_RANGE = f"$__timeFilter(day) AND {sql.IN_SUBDISTRICT}"
_COUNT = Look(unit="none", decimals=0, lowest=0)
_SECONDS = Look(unit="s", decimals=0, lowest=0)
ON_TIME = Look(
    unit="percentunit",
    decimals=0,
    lowest=0,
    highest=1,
    steps=(
        Step(at=None, colour=Colour.PROBLEM),
        Step(at=0.8, colour=Colour.WATCH),
        Step(at=0.95, colour=Colour.GOOD),
    ),
)
"""A share of which more is better."""
REWORK = Look(
    unit="percentunit",
    decimals=0,
    lowest=0,
    highest=1,
    steps=(
        Step(at=None, colour=Colour.GOOD),
        Step(at=0.05, colour=Colour.WATCH),
        Step(at=0.15, colour=Colour.PROBLEM),
    ),
)
"""A share of which less is better."""
_DUE_AND_ON_TIME = (
    Field(name="due", look=_COUNT, colour=Colour.MEASURED_SECOND),
    Field(name="on_time", look=_COUNT, colour=Colour.GOOD),
)


def cases(wording: Wording) -> Dashboard:
    """Define the dashboard."""
    return Dashboard(
        key=KEY,
        since="now-30d",
        refresh="5m",
        choices=sql.areas(wording.locale),
        links=("district", "collections"),
        panels=(
            *_numbers(),
            _by_day(Box(x=0, y=4, w=12, h=9)),
            _steps(wording, Box(x=12, y=4, w=12, h=9)),
            _by_class(wording, Box(x=0, y=13, w=12, h=9)),
            _by_kind(wording, Box(x=12, y=13, w=12, h=9)),
            _by_unit(wording, Box(x=0, y=22, w=24, h=9)),
        ),
    )


def _measure(expression: str, name: str) -> SqlQuery:
    return SqlQuery(
        text=f"SELECT {expression} AS {name}\nFROM dashboards.case_measures WHERE {_IN_RANGE}"
    )


def _share(part: str, whole: str) -> str:
    return f"sum({part})::double precision / nullif(sum({whole}), 0)"


def _numbers() -> tuple[NumberPanel, ...]:
    wanted = (
        ("filed", _measure("coalesce(sum(filed), 0)", "filed"), _COUNT),
        ("due", _measure("coalesce(sum(due), 0)", "due"), _COUNT),
        ("on_time", _measure(_share("closed_on_time", "due"), "on_time"), ON_TIME),
        ("rework", _measure(_share("reworked", "due"), "rework"), REWORK),
    )
    return tuple(
        NumberPanel(
            key=key,
            box=Box(x=6 * index, y=0, w=6, h=4),
            queries=(query,),
            look=look,
            none="no_case_due",
        )
        for index, (key, query, look) in enumerate(wanted)
    )


def _by_day(box: Box) -> CurvePanel:
    text = (
        "SELECT day AS time, sum(filed) AS filed, sum(closed_on_time) AS on_time\n"
        f"FROM dashboards.case_measures WHERE {_IN_RANGE}\nGROUP BY day ORDER BY day"
    )
    return CurvePanel(
        key="by_day",
        box=box,
        queries=(SqlQuery(text=text, shape=Shape.TIME_SERIES),),
        look=_COUNT,
        none="no_case",
        bars=True,
        fields=(
            Field(name="filed", colour=Colour.MEASURED),
            Field(name="on_time", colour=Colour.GOOD),
        ),
    )


def _steps(wording: Wording, box: Box) -> BarsPanel:
    rows = ", ".join(f"({place}, '{step}', {step}_s)" for place, step in enumerate(_STEPS))
    text = (
        "SELECT step, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS half,\n"
        "  percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds) AS nine_in_ten\n"
        f"FROM dashboards.cases, LATERAL (VALUES {rows}) AS took(place, step, seconds)\n"
        f"WHERE $__timeFilter(opened_at) AND {sql.IN_SUBDISTRICT} AND seconds IS NOT NULL\n"
        "GROUP BY took.place, step ORDER BY took.place"
    )
    names = tuple(Meaning(value=step, text=wording.text(f"step.{step}")) for step in _STEPS)
    return BarsPanel(
        key="steps",
        box=box,
        queries=(SqlQuery(text=text),),
        look=_SECONDS,
        none="no_case",
        category="step",
        fields=(
            Field(name="step", look=Look(unit="none", meanings=names)),
            Field(name="half", look=_SECONDS, colour=Colour.MEASURED),
            Field(name="nine_in_ten", look=_SECONDS, colour=Colour.MEASURED_SECOND),
        ),
    )


def _due_by(column: str) -> SqlQuery:
    return SqlQuery(
        text=(
            f"SELECT {column}, sum(due) AS due, sum(closed_on_time) AS on_time\n"
            f"FROM dashboards.case_measures WHERE {_IN_RANGE}\n"
            f"GROUP BY {column} HAVING sum(due) > 0 ORDER BY sum(due) DESC"
        )
    )


def _by_class(wording: Wording, box: Box) -> BarsPanel:
    return BarsPanel(
        key="by_class",
        box=box,
        queries=(_due_by("problem_class"),),
        look=_COUNT,
        none="no_case_due",
        category="problem_class",
        horizontal=True,
        fields=(Field(name="problem_class", look=problem_classes(wording)), *_DUE_AND_ON_TIME),
    )


def _by_kind(wording: Wording, box: Box) -> BarsPanel:
    kinds = Look(unit="none", meanings=wording.meanings(PlaceKind))
    return BarsPanel(
        key="by_kind",
        box=box,
        queries=(_due_by("place_kind"),),
        look=_COUNT,
        none="no_case_due",
        category="place_kind",
        horizontal=True,
        fields=(Field(name="place_kind", look=kinds), *_DUE_AND_ON_TIME),
    )


def _by_unit(wording: Wording, box: Box) -> TablePanel:
    text = (
        f"SELECT {sql.named('unit', wording.locale)} AS unit, sum(filed) AS filed,\n"
        f"  sum(due) AS due, {_share('closed', 'due')} AS closure,\n"
        f"  {_share('closed_on_time', 'due')} AS on_time, {_share('reworked', 'due')} AS rework\n"
        f"FROM dashboards.case_measures WHERE {_IN_RANGE}\nGROUP BY 1 ORDER BY sum(due) DESC, 1"
    )
    return TablePanel(
        key="by_unit",
        box=box,
        queries=(SqlQuery(text=text),),
        look=_COUNT,
        none="no_case",
        fields=(
            Field(name="unit"),
            Field(name="filed", look=_COUNT),
            Field(name="due", look=_COUNT),
            Field(name="closure", look=ON_TIME, cell=Cell.COLOURED_TEXT),
            Field(name="on_time", title="on_time_rate", look=ON_TIME, cell=Cell.COLOURED_TEXT),
            Field(name="rework", look=REWORK, cell=Cell.COLOURED_TEXT),
        ),
    )
