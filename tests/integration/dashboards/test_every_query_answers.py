"""Every query of every dashboard, put to the real servers, answers what its panel needs.

One test asks for everything: the district that it asks about takes seconds to live.
"""

import html

import pytest
from influxdb_client.rest import ApiException

from tests.dashboards.asked import Asked, ask_everything, marks_asked_for
from tests.dashboards.drawn_pages import pages
from tests.dashboards.filled import FilledDistrict
from tests.dashboards.looking import committed
from tests.dashboards.shapes import check_shape
from texts.catalogue import Locale

pytestmark = pytest.mark.takes_s(10)


def faults(asked: Asked) -> list[str]:
    found = []
    for panel in asked.dashboard["panels"]:
        try:
            check_shape(panel, asked.answers[panel["id"]])
        except AssertionError as error:
            found.append(f"{asked.dashboard['uid']}: {panel['title']}: {error}")
    for events, frames in zip(marks_asked_for(asked.dashboard), asked.marks, strict=True):
        times = [frame for frame in frames if frame.of_kind("time") and frame.column("text")]
        if not any(len(frame) for frame in times):
            found.append(f"{asked.dashboard['uid']}: no {events['name']} with a time and a text")
    return found


def subdistricts_of(filled: FilledDistrict) -> list[str]:
    """The busy place's and one more: several values, and not all of them."""
    places = filled.registry.places
    own = places[filled.busy_place].subdistrict_id
    return [own, next(key for key in sorted(filled.registry.subdistricts) if key != own)]


def test_every_query_gets_data_of_the_shape_its_panel_needs(filled: FilledDistrict) -> None:
    all_of_it = ask_everything(filled, "zh-CN")
    two_parts = ask_everything(filled, "en", subdistricts=subdistricts_of(filled))
    assert [fault for asked in (*all_of_it, *two_parts) for fault in faults(asked)] == []
    drawn = pages(all_of_it, filled.registry, Locale.ZH_CN)
    assert len(drawn) == len(committed("zh-CN"))
    for asked, text in zip(all_of_it, drawn.values(), strict=True):
        assert 'class="none"' not in text
        assert all(html.escape(panel["title"]) in text for panel in asked.dashboard["panels"])
    for text in ('from(buckt: "a")', 'from(bucket: "a") |> range(start: -1h) |> limit(n: "x")'):
        with pytest.raises(ApiException, match="error @1"):
            filled.sources.flux(text)  # so a text of wrong types cannot have passed above
