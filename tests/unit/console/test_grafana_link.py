import json

from api.console.grafana_link import place_dashboard
from api.console.markup import render
from dashboards.provisioned import PROVISIONED
from tests.fakes.ingest_samples import sample_registry
from texts.catalogue import Locale

PLACE = next(iter(sample_registry(sensors=1).places.values()))


def test_the_link_leads_to_the_dashboard_and_the_variables_that_there_are() -> None:
    for locale in Locale:
        path = PROVISIONED / locale.language_tag / "place.json"
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        variables = {each["name"] for each in dashboard["templating"]["list"]}

        link = place_dashboard("https://city.example/grafana/", PLACE, locale)

        assert {"subdistrict", "place"} <= variables
        assert link == (
            f"https://city.example/grafana/d/{dashboard['uid']}"
            f"?var-subdistrict={PLACE.subdistrict_id}&var-place={PLACE.place_id}"
        )


def test_without_a_grafana_or_a_place_there_is_no_link() -> None:
    assert place_dashboard(None, PLACE, Locale.ZH_CN) is None
    assert place_dashboard("https://city.example", None, Locale.ZH_CN) is None


def test_a_case_shows_the_link_only_where_there_is_one() -> None:
    facts = {"title": "t", "facts": [], "place_href": "/place/p", "place_word": "w"}

    without = render("case_facts", **facts, grafana_href=None, grafana_word="Grafana")
    with_one = render("case_facts", **facts, grafana_href="https://g/d/x", grafana_word="Grafana")

    assert "Grafana" not in without
    assert 'href="https://g/d/x"' in with_one
