"""Every query of every dashboard, put to the real servers, answers what its panel needs."""

import html
from pathlib import Path
from typing import Any

import pytest
from influxdb_client.rest import ApiException

from tests.dashboards.drawn_pages import pages
from tests.dashboards.filled import FilledDistrict
from tests.dashboards.looking import Dashboard, committed, looked_at
from tests.dashboards.shapes import check_shape
from tests.dashboards.variables import View

LANGUAGES = ("zh-CN", "en")


def panels() -> list[Any]:
    return [
        pytest.param(dashboard, panel, id=f"{dashboard['uid']}: {panel['title']}")
        for language in LANGUAGES
        for dashboard in committed(language)
        for panel in dashboard["panels"]
    ]


def seen(dashboard: Dashboard, filled: FilledDistrict) -> View:
    return looked_at(
        dashboard, filled.sources, filled.until, preferred={"place": filled.busy_place}
    )


@pytest.mark.parametrize(("dashboard", "panel"), panels())
def test_a_panel_gets_data_of_the_shape_it_needs(
    dashboard: Dashboard, panel: dict[str, Any], filled: FilledDistrict
) -> None:
    view = seen(dashboard, filled)
    frames = [frame for target in panel["targets"] for frame in filled.sources.ask(target, view)]
    check_shape(panel, frames)


@pytest.mark.parametrize("language", LANGUAGES)
def test_marks_come_with_a_time_and_a_text(language: str, filled: FilledDistrict) -> None:
    for dashboard in committed(language):
        view = seen(dashboard, filled)
        for marks in dashboard["annotations"].get("list", ()):
            (frame,) = filled.sources.ask(marks["target"], view)
            text = frame.column("text")
            assert len(frame.of_kind("time")) == 1, marks["name"]
            assert text is not None, marks["name"]
            assert len(frame), marks["name"]


@pytest.mark.parametrize(
    "text",
    [
        'from(buckt: "a") |> range(start: -1h)',
        'from(bucket: "a") |> range(start: -1h) |> limit(n: "x")',
    ],
)
def test_a_query_of_wrong_types_would_be_refused(text: str, filled: FilledDistrict) -> None:
    with pytest.raises(ApiException, match="error @1"):
        filled.sources.flux(text)


def test_every_panel_can_be_drawn_and_none_is_empty(filled: FilledDistrict) -> None:
    drawn = pages(filled)
    assert len(drawn) == sum(len(committed(language)) for language in LANGUAGES)
    for language in LANGUAGES:
        for dashboard in committed(language):
            key = str(dashboard["uid"]).removeprefix("huanwei-")
            text = drawn[Path(language) / key.removesuffix(f"-{language.lower()}")]
            assert 'class="none"' not in text, f"{dashboard['title']} has an empty panel"
            assert all(html.escape(panel["title"]) in text for panel in dashboard["panels"])
