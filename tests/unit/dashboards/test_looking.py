from datetime import UTC, datetime, timedelta

import pytest

from dashboards.interpretation import Chosen
from dashboards.looking import NoOptionError, opened

UNTIL = datetime(2026, 3, 2, tzinfo=UTC)


def variable(name: str, query: str, **more: object) -> dict[str, object]:
    return {"name": name, "type": "query", "query": query, **more}


SUBDISTRICT = variable("subdistrict", "SELECT s", includeAll=True, multi=True, allValue=".*")
PLACE = variable("place", "SELECT p WHERE s IN (${subdistrict:sqlstring})")
DASHBOARD = {
    "time": {"from": "now-24h"},
    "templating": {
        "list": [SUBDISTRICT, PLACE, {"name": "console", "type": "constant", "query": "http://c"}]
    },
}


def options(asked: str) -> list[str]:
    return {"SELECT s": ["one", "two"]}.get(asked, ["first", "second"])


def test_a_dashboard_opens_with_everything_and_the_first_of_what_is_one() -> None:
    view = opened(DASHBOARD, until=UNTIL, options=options)

    assert view.since == UNTIL - timedelta(hours=24)
    assert view.chosen == {
        "subdistrict": Chosen(values=["one", "two"], several=True, all_matches=".*"),
        "place": Chosen(values=["first"]),
        "console": Chosen(values=["http://c"]),
    }


def test_a_choice_sees_those_before_it() -> None:
    asked: list[str] = []

    def remembering(query: str) -> list[str]:
        asked.append(query)
        return options(query)

    opened(DASHBOARD, until=UNTIL, options=remembering, preferred={"subdistrict": "two"})

    assert asked == ["SELECT s", "SELECT p WHERE s IN ('two')"]


def test_a_wish_counts_only_where_it_can_be_chosen() -> None:
    wished = {"place": "second", "subdistrict": "nowhere"}

    view = opened(DASHBOARD, until=UNTIL, options=options, preferred=wished)

    assert view.chosen["place"].values == ["second"]
    assert view.chosen["subdistrict"].values == ["one", "two"]


def test_a_district_without_places_says_what_cannot_be_chosen() -> None:
    with pytest.raises(NoOptionError, match="subdistrict"):
        opened(DASHBOARD, until=UNTIL, options=lambda _query: [])
