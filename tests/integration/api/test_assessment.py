"""Weeks, months and years by area, as JSON and as a table for spreadsheet programs."""

import csv
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from itertools import pairwise

import pytest

from api.assessment import Assessment, assessment_when_there
from api.v1.assessment import AssessmentQuery, table_of
from domain.assessment import NOTHING_MEASURED, AreaBy, assess, district_total
from domain.cases import Actor, CaseAction
from domain.records import FillReading, MeasurementQuality, Record
from tests.fakes.centre_rig import CentreRig
from tests.fakes.http_client import TestClient
from texts.catalogue import Locale
from texts.formatting import DISTRICT_ZONE

API = "/api/v1/measures/assessment"
HOUR = timedelta(hours=1)


def tell_hours(rig: CentreRig, place_id: str, level: float) -> None:
    """Let every sensor of a place have told this level in each hour of today and yesterday."""
    now = rig.clock.now()
    for sensor in rig.registry.current().sensors_at[place_id]:
        for hours in range(48):
            at = now - hours * HOUR
            values = FillReading(
                measurement_quality=MeasurementQuality.ACCEPTED, filling_level=level
            )
            rig.measures.add(
                Record(device_id=sensor.device_id, observed_at=at, gateway_at=at, values=values)
            )


def today_alone(rig: CentreRig) -> str:
    today = rig.clock.now().astimezone(DISTRICT_ZONE).date()
    return f"since={today}&until={today + timedelta(days=1)}"


def test_every_area_tells_hours_coverage_and_cases(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    tell_hours(rig, blind_place, 0.9)
    answer = client.get(f"{API}?by=unit&{today_alone(rig)}").json()
    registry = rig.registry.current()
    mine = registry.places[blind_place].unit_id
    areas = {one["area"]: one for one in answer["areas"]}
    sensors = len(registry.sensors_at[blind_place])
    hours = rig.clock.now().astimezone(DISTRICT_ZONE).hour
    assert areas[mine]["hours"]["share"] == 1.0
    assert areas[mine]["coverage"]["hours_observed"] == sensors * hours
    assert areas[mine]["coverage"]["hours_due"] > sensors * hours
    cases = areas[case.unit_id]["cases"]
    assert (cases["reported"], cases["due"], cases["on_time_closure_rate"]) == (1, 0, None)
    assert answer["district"]["cases"]["reported"] == 1
    assert answer["district"]["places"] == len(registry.places)


def test_areas_that_were_silent_have_no_rank_and_stand_at_the_end(
    client: TestClient, rig: CentreRig
) -> None:
    registry = rig.registry.current()
    rig.registry.replace(replace(registry, cameras={}))
    seen = next(iter(registry.subdistricts))
    for place_id, place in registry.places.items():
        if place.subdistrict_id == seen:
            tell_hours(rig, place_id, 0.9)
    first, *silent = client.get(f"{API}?{today_alone(rig)}").json()["areas"]
    assert (first["area"], first["rank"], first["hours"]["share"]) == (seen, 1, 1.0)
    assert silent
    for area in silent:
        assert (area["rank"], area["assessable"], area["hours"]["share"]) == (None, False, None)


@pytest.mark.parametrize("name", ["this_week", "last_week", "last_month", "this_year"])
def test_a_named_period_is_told_by_its_days(client: TestClient, rig: CentreRig, name: str) -> None:
    answer = client.get(f"{API}?period={name}").json()
    assert answer["since"] < answer["until"]
    assert answer["level_percent"] == 80
    assert all(one["rank"] is None for one in answer["areas"])
    del rig


def test_a_period_over_several_months_is_the_sum_of_its_days(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    sensor = rig.registry.current().sensors_at[blind_place][0]
    values = FillReading(measurement_quality=MeasurementQuality.ACCEPTED, filling_level=0.9)
    now = rig.clock.now()
    for days_ago in (0, 31, 62):
        at = now - timedelta(days=days_ago)
        rig.measures.add(
            Record(device_id=sensor.device_id, observed_at=at, gateway_at=at, values=values)
        )
    today = now.astimezone(DISTRICT_ZONE).date()
    days = f"since={today - timedelta(days=70)}&until={today + timedelta(days=40)}"
    district = client.get(f"{API}?{days}").json()["district"]
    assert district["hours"] == {"hours_above": 3.0, "hours_measured": 3, "share": 1.0}
    assert district["coverage"]["hours_observed"] >= 3


def test_this_week_is_told_where_no_days_are_named(client: TestClient) -> None:
    assert client.get(API).json() == client.get(f"{API}?period=this_week").json()


@pytest.mark.parametrize(
    "question",
    [
        "since=2026-03-01",
        "until=2026-03-01",
        "since=2026-03-02&until=2026-03-02",
        "since=2024-01-01&until=2026-01-01",
        "since=2026-03-01&until=2026-03-02&period=this_week",
        "since=0001-01-01&until=0001-01-03",
        "since=9999-12-30&until=9999-12-31",
        "period=next_week",
        "level=82",
        "by=colour",
        "days=7",
    ],
)
def test_what_cannot_be_asked_is_refused(client: TestClient, question: str) -> None:
    for path in (API, f"{API}.csv"):
        answer = client.get(f"{path}?{question}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_the_table_opens_in_a_spreadsheet_program_in_the_readers_language(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    tell_hours(rig, blind_place, 0.9)
    answer = client.get(f"{API}.csv?{today_alone(rig)}", headers={"accept-language": "en"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].endswith('.csv"')
    lines = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0][2:5] == ["Rank", "Subdistrict", "Places"]
    assert lines[-1][3] == "District"
    assert len(lines) == len(rig.registry.current().subdistricts) + 2
    assert all(len(first) == len(second) for first, second in pairwise(lines))
    assert b"\r\n" in answer.content
    chosen = client.get(f"{API}.csv?lang=zh", headers={"accept-language": "en"})
    assert "名次,镇街,点位" in chosen.content.decode("utf-8-sig")


def test_what_is_not_known_is_empty_in_the_table_and_never_a_nought(rig: CentreRig) -> None:
    text = _table(rig)
    for line in csv.DictReader(StringIO(text)):
        assert (line["Rank"], line["Hours full"], line["Time full (%)"]) == ("", "", "")
        assert (line["Coverage (%)"], line["Assessable"]) == ("", "no")


def test_the_table_tells_no_share_of_who_was_hardly_observed(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    tell_hours(rig, blind_place, 0.1)
    table = client.get(f"{API}.csv?{today_alone(rig)}&lang=en").content.decode("utf-8-sig")
    seen = [line for line in csv.DictReader(StringIO(table)) if line["Hours measured"] != "0"]
    assert seen
    for line in seen:
        assert (line["Assessable"], line["Time full (%)"], line["Hours full"]) == ("no", "", "0.0")


def test_no_name_is_a_formula_in_the_table(rig: CentreRig) -> None:
    registry = rig.registry.current()
    evil = {
        key: replace(one, name=replace(one.name, zh="=1+1", en="=1+1"))
        for key, one in registry.subdistricts.items()
    }
    rig.registry.replace(replace(registry, subdistricts=evil))
    names = [line["Subdistrict"] for line in csv.DictReader(StringIO(_table(rig)))]
    assert set(names[:-1]) == {"'=1+1"}


def _table(rig: CentreRig) -> str:
    parts = rig.parts()
    now = rig.clock.now()
    areas = assess(parts.registry.current(), AreaBy.SUBDISTRICT, NOTHING_MEASURED, ())
    question = AssessmentQuery().question(now.astimezone(DISTRICT_ZONE).date())
    found = Assessment(question=question, at=now, areas=areas, total=district_total(areas))
    return table_of(found, parts, Locale.EN)


def test_while_the_time_series_is_away_programs_are_told_when_to_ask_again(
    client: TestClient, rig: CentreRig
) -> None:
    rig.measures.away = True
    for path in (API, f"{API}.csv"):
        refused = client.get(path)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["error"]["code"] == "time_series_away"


def test_the_console_is_told_the_cases_even_then(rig: CentreRig, blind_place: str) -> None:
    rig.report(blind_place)
    rig.measures.away = True
    question = AssessmentQuery().question(rig.clock.now().astimezone(DISTRICT_ZONE).date())
    found = assessment_when_there(rig.parts(), question)
    assert found.readings_away
    assert found.total.cases.reported == 1
    assert {(one.rank, one.assessable) for one in found.areas} == {(None, False)}
    rig.measures.away = False
    assert not assessment_when_there(rig.parts(), question).readings_away


def test_a_late_case_counts_as_such_and_is_told(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    rig.clock.advance(days=1)
    rig.move(case, CaseAction.ACCEPT, Actor.CREW)
    today = rig.clock.now().astimezone(DISTRICT_ZONE).date()
    days = f"since={today - timedelta(days=2)}&until={today + timedelta(days=1)}"
    cases = client.get(f"{API}?{days}").json()["district"]["cases"]
    assert (cases["due"], cases["late"], cases["closed"]) == (1, 1, 0)
    assert cases["on_time_closure_rate"] == 0.0
