"""What the API tells of what was measured, added up."""

from datetime import timedelta

import pytest

from domain.devices import Device
from domain.records import FillReading, MeasurementQuality, Record
from tests.fakes.centre_rig import CentreRig
from tests.fakes.http_client import TestClient
from texts.formatting import DISTRICT_ZONE

API = "/api/v1/measures"
MINUTE = timedelta(minutes=1)


def tell_level(rig: CentreRig, place_id: str, *levels: float, days_ago: int = 0) -> None:
    """Let the place's first sensor tell these levels, minute by minute, the last of them now."""
    sensor = rig.registry.current().sensors_at[place_id][0]
    newest = rig.clock.now() - timedelta(days=days_ago)
    for number, level in enumerate(reversed(levels)):
        values = FillReading(measurement_quality=MeasurementQuality.ACCEPTED, filling_level=level)
        at = newest - number * MINUTE
        rig.measures.add(
            Record(device_id=sensor.device_id, observed_at=at, gateway_at=at, values=values)
        )


def test_places_tell_their_newest_levels_and_how_long_they_were_full(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    tell_level(rig, blind_place, 0.9, 0.2)
    tell_level(rig, blind_place, 0.9, days_ago=1)
    answer = client.get(f"{API}/places?days=1").json()
    told = {place["place_id"]: place for place in answer["places"]}
    assert set(told) == set(rig.registry.current().places)
    place = told[blind_place]
    assert [container["level"] for container in place["containers"]] == [0.2]
    assert place["hours"] == {"hours_above": 0.5, "hours_measured": 1, "share": 0.5}
    two_days = client.get(f"{API}/places?days=2&level=20").json()["places"]
    hours = next(one["hours"] for one in two_days if one["place_id"] == blind_place)
    assert hours == {"hours_above": 2.0, "hours_measured": 2, "share": 1.0}
    silent = next(one for one in told.values() if not one["containers"])
    assert silent["hours"] == {"hours_above": 0.0, "hours_measured": 0, "share": None}


def test_a_place_tells_its_hours(client: TestClient, rig: CentreRig, blind_place: str) -> None:
    tell_level(rig, blind_place, 0.2, 0.6)
    (hour,) = client.get(f"{API}/places/{blind_place}/hours?hours=24").json()["hours"]
    begins = rig.clock.now().replace(minute=0, second=0, microsecond=0)
    assert hour["hour"] == begins.isoformat().replace("+00:00", "Z")
    assert (hour["accepted"], hour["mean"]) == (2, pytest.approx(0.4))
    assert (hour["lowest"], hour["highest"]) == (0.2, 0.6)
    unknown = client.get(f"{API}/places/no-such-place/hours")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "unknown_place")


@pytest.mark.parametrize(
    ("by", "field"),
    [("subdistrict", "subdistrict_id"), ("surroundings", "area_kind"), ("unit", "unit_id")],
)
def test_areas_are_ranked_by_the_share_of_hours(
    client: TestClient, rig: CentreRig, by: str, field: str
) -> None:
    places = rig.registry.current().places
    areas = sorted({str(getattr(place, field)) for place in places.values()})
    worst, best = areas[-1], areas[0]
    sensed = {
        str(getattr(place, field)): place_id
        for place_id, place in places.items()
        if rig.registry.current().sensors_at[place_id]
    }
    tell_level(rig, sensed[best], 0.1)
    tell_level(rig, sensed[worst], 0.95)
    ranked = client.get(f"{API}/areas?by={by}").json()["areas"]
    assert [area["area"] for area in ranked[:2]] == [worst, best]
    assert {area["area"] for area in ranked} == set(areas)
    assert {area["hours"]["share"] for area in ranked[2:]} <= {None}
    assert sum(area["places"] for area in ranked) == len(places)


def test_units_tell_their_coverage_of_the_hours_that_have_passed(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    registry = rig.registry.current()
    tell_level(rig, blind_place, 0.1)
    told = {unit["unit_id"]: unit for unit in client.get(f"{API}/units?days=1").json()["units"]}
    mine = registry.places[blind_place].unit_id
    devices: list[Device] = [*registry.sensors.values(), *registry.cameras.values()]
    of_mine = [device for device in devices if registry.places[device.place_id].unit_id == mine]
    hours = rig.clock.now().astimezone(DISTRICT_ZONE).hour
    assert told[mine]["hours_due"] == len(of_mine) * hours
    assert told[mine]["hours_observed"] == 1
    assert set(told) == set(registry.units)


@pytest.mark.parametrize(
    "question", ["places?level=82", "places?days=0", "areas?by=colour", "units?days=9999"]
)
def test_what_cannot_be_asked_is_refused(client: TestClient, question: str) -> None:
    answer = client.get(f"{API}/{question}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_while_the_readings_are_away_programs_are_told_when_to_ask_again(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    rig.history.away = True
    refused = client.get(f"/api/v1/places/{blind_place}", headers={"accept-language": "en"})
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"
    assert refused.json()["error"]["code"] == "time_series_away"
    assert refused.json()["error"]["text"].startswith("The readings cannot be reached")
    listed = client.get("/api/v1/cases").json()["cases"]
    assert [one["case_id"] for one in listed] == [case.case_id]
