"""System: is Huanwei itself well? Rates, lag, backlog, outbox, errors, disk."""

from dashboards.definition import (
    Box,
    CurvePanel,
    Dashboard,
    Field,
    Look,
    NumberPanel,
    Query,
    SqlQuery,
    Step,
    TablePanel,
)
from dashboards.district import CASE_LINK
from dashboards.meanings import TIME, none_is_good
from dashboards.palette import Colour
from dashboards.queries import fleet_flux, sql
from dashboards.wording import Wording

KEY = "system"
RATES = {
    "ingest_records_total": Colour.GOOD,
    "ingest_pictures_total": Colour.MEASURED,
    "ingest_refused_total": Colour.PROBLEM,
}
BACKLOGS = {
    "alerts_journal_lag_entries": Colour.PROBLEM,
    "ingest_series_backlog_entries": Colour.MEASURED,
    "influx_backlog_entries": Colour.MEASURED_SECOND,
}
ERRORS = {
    "ingest_failed_rounds_total": Colour.PROBLEM,
    "ingest_series_failures_total": Colour.WATCH,
    "alerts_evaluation_failures_total": Colour.OVERDUE,
}
LAG = "ingest_lag_seconds"
DISK = "disk_free_ratio"

_PER_MINUTE = Look(unit="cpm", decimals=1, lowest=0)
_ENTRIES = Look(unit="short", decimals=0, lowest=0)
_LAG = Look(
    unit="s",
    decimals=1,
    lowest=0,
    steps=(
        Step(at=None, colour=Colour.GOOD),
        Step(at=30, colour=Colour.WATCH),
        Step(at=300, colour=Colour.PROBLEM),
    ),
)
_FREE = Look(
    unit="percentunit",
    decimals=0,
    lowest=0,
    highest=1,
    steps=(
        Step(at=None, colour=Colour.PROBLEM),
        Step(at=0.1, colour=Colour.WATCH),
        Step(at=0.2, colour=Colour.GOOD),
    ),
)


def system(wording: Wording) -> Dashboard:
    """Define the dashboard."""
    return Dashboard(
        key=KEY,
        links=("district", "fleet"),
        panels=(
            *_numbers(),
            _rates(Box(x=0, y=4, w=12, h=8)),
            _lag(Box(x=12, y=4, w=12, h=8)),
            _backlogs(Box(x=0, y=12, w=12, h=8)),
            _errors(Box(x=12, y=12, w=12, h=8)),
            _disk(Box(x=0, y=20, w=8, h=10)),
            _messages(wording, Box(x=8, y=20, w=16, h=10)),
        ),
    )


def _numbers() -> tuple[NumberPanel, ...]:
    wanted: tuple[tuple[str, Query, Look, str], ...] = (
        ("lag_now", fleet_flux.newest_of_process(LAG, window="max"), _LAG, "figures"),
        ("disk_now", fleet_flux.newest_of_process(DISK, window="min"), _FREE, "figures"),
        (
            "waiting",
            sql.count("outbox", "waiting", "settled_at IS NULL"),
            none_is_good(Colour.WATCH),
            "count",
        ),
        (
            "undelivered",
            sql.count("outbox", "undelivered", "undelivered AND $__timeFilter(created_at)"),
            none_is_good(Colour.PROBLEM),
            "count",
        ),
    )
    return tuple(
        NumberPanel(
            key=key, box=Box(x=6 * index, y=0, w=6, h=4), queries=(query,), look=look, none=none
        )
        for index, (key, query, look, none) in enumerate(wanted)
    )


def _columns(colours: dict[str, Colour]) -> tuple[Field, ...]:
    return tuple(Field(name=name, colour=colour) for name, colour in colours.items())


def _rates(box: Box) -> CurvePanel:
    return CurvePanel(
        key="rates",
        box=box,
        queries=(fleet_flux.process_rates(list(RATES)),),
        look=_PER_MINUTE,
        none="figures",
        fields=_columns(RATES),
    )


def _lag(box: Box) -> CurvePanel:
    return CurvePanel(
        key="lag",
        box=box,
        queries=(fleet_flux.process_values([LAG]),),
        look=_LAG,
        none="figures",
        limits_drawn=True,
        legend=False,
        fields=(Field(name=LAG),),
    )


def _backlogs(box: Box) -> CurvePanel:
    return CurvePanel(
        key="backlogs",
        box=box,
        queries=(fleet_flux.process_values(list(BACKLOGS)),),
        look=_ENTRIES,
        none="figures",
        fields=_columns(BACKLOGS),
    )


def _errors(box: Box) -> CurvePanel:
    return CurvePanel(
        key="errors",
        box=box,
        queries=(fleet_flux.process_rates(list(ERRORS)),),
        look=_PER_MINUTE,
        none="figures",
        fields=_columns(ERRORS),
    )


def _disk(box: Box) -> CurvePanel:
    return CurvePanel(
        key="disk",
        box=box,
        queries=(fleet_flux.process_values([DISK], window="min"),),
        look=_FREE,
        none="figures",
        limits_drawn=True,
        legend=False,
        fields=(Field(name=DISK),),
    )


def _messages(wording: Wording, box: Box) -> TablePanel:
    recipient = f"coalesce({sql.named('recipient', wording.locale)}, recipient)"
    text = (
        f"SELECT created_at, case_number AS number, {recipient} AS recipient, channel,\n"
        "  attempts, settled_after_s, last_error, case_id\n"
        "FROM dashboards.outbox WHERE $__timeFilter(created_at)\n"
        "ORDER BY undelivered DESC, settled_at IS NULL DESC, created_at DESC LIMIT 50"
    )
    return TablePanel(
        key="messages",
        box=box,
        queries=(SqlQuery(text=text),),
        look=_ENTRIES,
        none="messages",
        fields=(
            Field(name="created_at", look=TIME, width=130),
            Field(name="number", link=CASE_LINK, width=130),
            Field(name="recipient"),
            Field(name="channel", width=90),
            Field(name="attempts", look=_ENTRIES, width=80),
            Field(name="settled_after_s", look=Look(unit="s", decimals=1), width=110),
            Field(name="last_error"),
            Field(name="case_id", hidden=True),
        ),
    )
