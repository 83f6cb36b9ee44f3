"""A whole dashboard as the JSON that Grafana 12.4 provisions and imports."""

import json

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.definition import Choice, Dashboard, Marks, WrittenMarks
from dashboards.grafana.panels_json import panel_json
from dashboards.grafana.queries_json import MarksTarget, reference, source_of
from dashboards.wording import Wording

TIME_ZONE = "Asia/Shanghai"
CONSOLE = "console"
"""The constant variable that holds the console's address; ``dashboards.prepared`` sets it."""
CONSOLE_ADDRESS = "http://127.0.0.1:8000"

GRAFANA_ITSELF = model.DataSourceRef(type_val="grafana", uid="-- Grafana --")
"""The built-in source of the annotations that are kept in Grafana."""
MOST_MARKS = 100

_REFRESHES = ["10s", "30s", "1m", "5m", "15m"]


def dashboard_text(dashboard: Dashboard, wording: Wording) -> str:
    """Return the file that provisioning reads: sorted keys, one final line end."""
    built = _built(dashboard, wording)
    return json.dumps(built, cls=JSONEncoder, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _built(dashboard: Dashboard, wording: Wording) -> model.Dashboard:
    builder = (
        build.Dashboard(wording.text(f"{dashboard.key}.title"))
        .uid(wording.uid(dashboard.key))
        .description(wording.text(f"{dashboard.key}.about"))
        .tags(["huanwei", wording.locale.language_tag])
        .timezone(TIME_ZONE)
        .week_start("monday")
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time(dashboard.since, "now")
        .refresh(dashboard.refresh)
        .timepicker(build.TimePicker().refresh_intervals(_REFRESHES))
        .version(1)
    )
    for choice in dashboard.choices:
        builder.with_variable(_choice(choice, wording))
    console = build.ConstantVariable(CONSOLE).value(CONSOLE_ADDRESS)
    builder.with_variable(console.label(wording.text("choice.console")))
    for marks in dashboard.marks:
        builder.annotation(_marks(marks, wording))
    for link in _links(dashboard, wording):
        builder.link(link)
    for number, panel in enumerate(dashboard.panels, 1):
        builder.with_panel(
            panel_json(panel, number=number, dashboard_key=dashboard.key, wording=wording)
        )
    return builder.build()


def _choice(choice: Choice, wording: Wording) -> build.QueryVariable:
    variable = (
        build.QueryVariable(choice.name)
        .label(wording.text(f"choice.{choice.name}"))
        .datasource(reference(source_of(choice.query)))
        .query(choice.query.text)
        .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(model.VariableSort.DISABLED)
        .multi(choice.several)
        .include_all(choice.everything)
        .allow_custom_value(allow_custom_value=False)
    )
    if choice.hidden:
        variable.hide(model.VariableHide.HIDE_VARIABLE)
    if choice.everything:
        all_of_them: str | list[str] = ["$__all"] if choice.several else "$__all"
        name: str | list[str] = ["All"] if choice.several else "All"
        variable.current(model.VariableOption(selected=True, text=name, value=all_of_them))
    if choice.all_matches is not None:
        variable.all_value(choice.all_matches)
    return variable


def _marks(marks: Marks | WrittenMarks, wording: Wording) -> build.AnnotationQuery:
    query = (
        build.AnnotationQuery()
        .name(wording.text(f"marks.{marks.key}"))
        .enable(enable=True)
        .icon_color(marks.colour)
    )
    if isinstance(marks, Marks):
        query.datasource(reference(source_of(marks.query)))
        return query.target(_MarksTargetBuilder(marks))
    tags = build.AnnotationTarget().type("tags").tags(list(marks.tags)).match_any(match_any=False)
    return query.datasource(GRAFANA_ITSELF).target(tags.limit(MOST_MARKS))


class _MarksTargetBuilder(build.AnnotationTarget):
    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._internal = MarksTarget(marks.query)


def _links(dashboard: Dashboard, wording: Wording) -> list[build.DashboardLink]:
    console = (
        build.DashboardLink(wording.text("choice.console"))
        .type(model.DashboardLinkType.LINK)
        .icon("external link")
        .url("${console}")
        .target_blank(target_blank=True)
    )
    others = [
        build.DashboardLink(wording.text(f"{key}.title"))
        .type(model.DashboardLinkType.LINK)
        .icon("dashboard")
        .url(wording.address(key))
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
        for key in dashboard.links
    ]
    return [*others, console]
