"""What no reader of a dashboard should ever find, looked for in the committed JSON."""

import json
import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Panel as GrafanaPanel
from grafana_foundation_sdk.models.dashboard import VariableHide

from dashboards.definition import Source
from dashboards.palette import Colour
from dashboards.wording import uid_of
from tests.dashboards.looking import Dashboard, committed
from texts.catalogue import Locale, load_catalogues

CORE_PANELS = {"stat", "timeseries", "state-timeline", "table", "barchart", "geomap"}
"""The kinds that definitions can make; all are part of Grafana itself."""
KNOWN_UNITS = {
    *("none", "short", "percentunit", "percent", "s", "dthms", "dtdhms", "bytes", "volt", "dBm"),
    *("cpm", "cps", "reqps", "recps", "rowsps", "time:MM-DD HH:mm", "time:MM-DD"),
}
"""Grafana's ids of units that we use; what it does not know it prints behind the number."""
COLUMNS = 24
WRITTEN_BY_US = "dashboards.mark."
"""Texts of the annotations that a running Huanwei writes: not in the JSON."""
ALL = [
    pytest.param(dashboard, id=str(dashboard["uid"]))
    for locale in Locale
    for dashboard in committed(locale.language_tag)
]
register_default_plugins()


def texts_of(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from texts_of(inner)
        case list():
            for inner in value:
                yield from texts_of(inner)


def properties(panel: dict[str, Any], name: str) -> list[Any]:
    return [
        entry["value"]
        for override in panel["fieldConfig"]["overrides"]
        for entry in override["properties"]
        if entry["id"] == name
    ]


def queries(dashboard: Dashboard) -> Iterator[str]:
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target.get("query") or target["rawSql"]
    for marks in dashboard["annotations"].get("list", ()):
        target = marks["target"]
        yield target.get("query") or target.get("rawSql") or " ".join(target["tags"])
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]


@pytest.mark.parametrize("dashboard", ALL)
def test_every_variable_is_used_and_every_used_one_is_there(dashboard: Dashboard) -> None:
    declared = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set()
    for text in texts_of([dashboard["panels"], dashboard["links"], list(queries(dashboard))]):
        used |= set(re.findall(r"\$\{(\w+)[}:.]", text))
    used -= {"__data", "__field", "__value"}
    assert used == declared


@pytest.mark.parametrize("dashboard", ALL)
def test_each_choice_follows_the_one_before_it(dashboard: Dashboard) -> None:
    asked = [each for each in dashboard["templating"]["list"] if each["type"] == "query"]
    expected = ["district", "subdistrict", "place"][: len(asked)]
    assert [variable["name"] for variable in asked] == expected
    for before, variable in pairwise(asked):
        assert f"${{{before['name']}:sqlstring}}" in variable["query"], variable["name"]
    if asked:
        # One registry has one district: nothing to choose, and nothing to see.
        assert asked[0]["hide"] == VariableHide.HIDE_VARIABLE
        assert not asked[0]["multi"]


@pytest.mark.parametrize("dashboard", ALL)
def test_panels_lie_side_by_side_within_the_grid(dashboard: Dashboard) -> None:
    boxes = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
    for title, box in boxes:
        assert box["x"] >= 0, title
        assert box["x"] + box["w"] <= COLUMNS, title
        assert box["h"] >= 3, title
    for (one, a), (other, b) in combinations(boxes, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{one} lies over {other}"


@pytest.mark.parametrize("dashboard", ALL)
def test_no_gap_is_left_in_the_grid(dashboard: Dashboard) -> None:
    cells = {
        (column, row)
        for panel in dashboard["panels"]
        for column in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for row in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    }
    height = max(row for _, row in cells) + 1
    assert len(cells) == COLUMNS * height


@pytest.mark.parametrize("dashboard", ALL)
def test_every_panel_has_a_unit_a_text_for_no_data_and_says_what_to_do(
    dashboard: Dashboard,
) -> None:
    for panel in dashboard["panels"]:
        defaults = panel["fieldConfig"]["defaults"]
        units = {defaults.get("unit"), *properties(panel, "unit")}
        assert units <= KNOWN_UNITS, f"{panel['title']}: {units - KNOWN_UNITS}"
        assert defaults.get("noValue"), panel["title"]
        assert len(panel["description"]) >= 15, panel["title"]


@pytest.mark.parametrize("dashboard", ALL)
def test_every_colour_is_one_of_the_few(dashboard: Dashboard) -> None:
    known = {str(colour) for colour in Colour}
    found = set()
    for text in texts_of(dashboard):
        found |= set(re.findall(r"#[0-9a-fA-F]{6}\b", text))
    assert found <= known
    named = {"red", "green", "yellow", "orange", "blue", "purple", "grey", "gray"}
    for panel in dashboard["panels"]:
        colours = {text for text in texts_of(panel["fieldConfig"]) if text in named}
        assert not colours, panel["title"]


@pytest.mark.parametrize("dashboard", ALL)
def test_only_the_two_data_sources_are_named(dashboard: Dashboard) -> None:
    known = {str(source) for source in Source}
    references = [panel["datasource"] for panel in dashboard["panels"]]
    references += [t["datasource"] for panel in dashboard["panels"] for t in panel["targets"]]
    for marks in dashboard["annotations"].get("list", ()):
        if "tags" in marks["target"]:
            assert marks["datasource"] == {"type": "grafana", "uid": "-- Grafana --"}
        else:
            references.append(marks["datasource"])
    references += [v["datasource"] for v in dashboard["templating"]["list"] if "datasource" in v]
    assert {reference["uid"] for reference in references} <= known


@pytest.mark.parametrize("dashboard", ALL)
def test_every_panel_is_of_a_core_kind_and_has_options_that_grafana_knows(
    dashboard: Dashboard,
) -> None:
    for panel in dashboard["panels"]:
        assert panel["type"] in CORE_PANELS, panel["title"]
        wanted = {key: panel[key] for key in ("type", "options", "fieldConfig", "gridPos")}
        wanted = {key: value for key, value in wanted.items() if key in panel}
        read = GrafanaPanel.from_json(json.loads(json.dumps(wanted)))
        again = json.loads(json.dumps(read, cls=JSONEncoder))
        lost = [key for key, value in wanted.items() if not contains(again.get(key), value)]
        assert not lost, f"{panel['title']}: the schema does not know all of {lost}"


def contains(read: object, wanted: object) -> bool:
    """Whether nothing of ``wanted`` was dropped; defaults may have come in."""
    if isinstance(wanted, dict):
        return isinstance(read, dict) and all(
            key in read and contains(read[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(read, list) and len(read) == len(wanted) and all(map(contains, read, wanted))
        )
    return read == wanted


@pytest.mark.parametrize("dashboard", ALL)
def test_links_lead_to_dashboards_that_are_there(dashboard: Dashboard) -> None:
    there = {str(other.values[0]["uid"]) for other in ALL if isinstance(other.values[0], dict)}
    linked = {found for text in texts_of(dashboard) for found in re.findall(r"/d/([\w-]+)", text)}
    assert linked <= there


@pytest.mark.parametrize("dashboard", ALL)
def test_texts_are_in_the_language_of_the_dashboard(dashboard: Dashboard) -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for panel in dashboard["panels"]:
        said = (
            f"{panel['title']} {panel['description']} {panel['fieldConfig']['defaults']['noValue']}"
        )
        if str(dashboard["uid"]).endswith("-en"):
            assert not chinese.search(said), said
        else:
            assert chinese.search(panel["title"]), said


def test_no_text_of_the_catalogue_is_left_unused() -> None:
    catalogue = load_catalogues()
    for locale in Locale:
        shown = {
            text for dashboard in committed(locale.language_tag) for text in texts_of(dashboard)
        }
        together = "\n".join(shown)
        unused = [
            key
            for key in catalogue.keys(locale)
            if key.startswith("dashboards.")
            and not key.startswith(WRITTEN_BY_US)
            and catalogue.pattern(key, locale) not in together
        ]
        assert unused == []


def test_a_uid_says_its_language() -> None:
    assert uid_of("place", Locale.ZH_CN) == "huanwei-place-zh-cn"


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("options", {"colourMode": "value"}),
        ("fieldConfig", {"defaults": {"unitt": "none"}, "overrides": []}),
    ],
)
def test_an_option_that_grafana_does_not_know_would_be_seen(
    part: str, wrong: dict[str, object]
) -> None:
    panel = {"type": "stat", "gridPos": {"x": 0, "y": 0, "w": 1, "h": 1}, part: wrong}
    read = GrafanaPanel.from_json(json.loads(json.dumps(panel)))
    again = json.loads(json.dumps(read, cls=JSONEncoder))
    assert not contains(again.get(part), wrong)
