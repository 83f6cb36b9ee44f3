"""What the API tells of places, devices, alerts and cases."""

from datetime import timedelta

import pytest

from domain.cases import Actor, CaseAction
from domain.device_quality import DeviceQuality, GatewayQuality
from domain.measures import Coverage
from domain.records import (
    CameraHealth,
    FillReading,
    MeasurementQuality,
    Record,
    SnapshotVerdicts,
)
from tests.fakes.centre_rig import CentreRig
from tests.fakes.http_client import TestClient

API = "/api/v1"


def tell_level(rig: CentreRig, place_id: str, level: float, *, minutes_ago: float = 1) -> None:
    at = rig.clock.now() - timedelta(minutes=minutes_ago)
    for sensor in rig.registry.current().sensors_at[place_id]:
        values = FillReading(
            measurement_quality=MeasurementQuality.ACCEPTED,
            filling_level=level,
            battery_ratio=0.8,
            rssi_dbm=-90,
        )
        rig.history.add(
            Record(device_id=sensor.device_id, observed_at=at, gateway_at=at, values=values)
        )


def state_of(client: TestClient, place_id: str) -> str:
    places = client.get(f"{API}/places").json()["places"]
    return str(next(p["state"] for p in places if p["place_id"] == place_id))


def test_every_place_is_listed_and_unknown_while_nothing_is_heard(
    client: TestClient, rig: CentreRig
) -> None:
    answer = client.get(f"{API}/places").json()
    assert {p["place_id"] for p in answer["places"]} == set(rig.registry.current().places)
    assert {p["state"] for p in answer["places"]} == {"unknown"}
    assert {p["highest_level"] for p in answer["places"]} == {None}


def test_a_place_goes_from_clean_to_problem_to_overdue_to_clean(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    tell_level(rig, blind_place, 0.2)
    assert state_of(client, blind_place) == "clean"
    case = rig.report(blind_place)
    assert state_of(client, blind_place) == "problem"
    assert case.due_at is not None
    rig.clock.advance(seconds=(case.due_at - rig.clock.now()).total_seconds() + 1)
    tell_level(rig, blind_place, 0.1)
    assert state_of(client, blind_place) == "overdue"
    rig.finish(case)
    rig.move(case, CaseAction.CONFIRM_CLEAN, Actor.INSPECTOR)
    assert state_of(client, blind_place) == "clean"


def test_a_silent_place_turns_from_clean_to_unknown(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    tell_level(rig, blind_place, 0.2)
    rig.clock.advance(hours=2)
    assert state_of(client, blind_place) == "unknown"


def test_a_place_tells_its_curve_devices_and_cases(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    for minutes_ago in (30, 20, 10):
        tell_level(rig, blind_place, minutes_ago / 100, minutes_ago=minutes_ago)
    tell_level(rig, blind_place, 0.9, minutes_ago=60 * 30)
    case = rig.report(blind_place)
    answer = client.get(f"{API}/places/{blind_place}").json()
    series = answer["fill"][0]
    assert [reading["level"] for reading in series["readings"]] == [0.3, 0.2, 0.1]
    assert series["measured"] == 3
    assert answer["devices"][0]["state"] == "ok"
    assert answer["devices"][0]["latest_level"] == 0.1
    assert [c["case_id"] for c in answer["cases"]] == [case.case_id]


def test_a_long_curve_is_thinned_out_and_says_so(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    for number in range(2100):
        tell_level(rig, blind_place, 0.5, minutes_ago=number / 2 + 1)
    series = client.get(f"{API}/places/{blind_place}").json()["fill"][0]
    assert series["measured"] == 2100
    assert len(series["readings"]) == 1050
    newest = rig.clock.now() - timedelta(minutes=1)
    assert series["readings"][-1]["at"] == newest.isoformat().replace("+00:00", "Z")


def test_devices_are_told_with_battery_signal_and_what_is_not_covered(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    tell_level(rig, blind_place, 0.2)
    camera = next(iter(rig.registry.current().cameras.values()))
    now = rig.clock.now()
    dark = SnapshotVerdicts(camera_health=CameraHealth.DARK, verdicts=())
    rig.history.add(
        Record(device_id=camera.device_id, observed_at=now, gateway_at=now, values=dark)
    )
    answer = client.get(f"{API}/devices").json()
    heard = len(rig.registry.current().sensors_at[blind_place])
    total = len(rig.registry.current().sensors) + len(rig.registry.current().cameras)
    assert answer["by_state"] == {
        "ok": heard,
        "camera_unusable": 1,
        "unknown": total - heard - 1,
    }
    told = {device["device_id"]: device for device in answer["devices"]}
    assert told[camera.device_id]["camera_health"] == "dark"
    sensor = rig.registry.current().sensors_at[blind_place][0]
    assert told[sensor.device_id]["rssi_dbm"] == -90
    assert told[sensor.device_id]["battery_ratio"] == 0.8


def test_open_alerts_are_a_list_even_when_there_are_none(client: TestClient) -> None:
    assert client.get(f"{API}/alerts").json() == {"alerts": []}


def test_cases_are_listed_by_state(
    client: TestClient, rig: CentreRig, blind_place: str, camera_place: str
) -> None:
    open_case, ended = rig.report(blind_place), rig.report(camera_place)
    rig.finish(ended)
    rig.move(ended, CaseAction.CONFIRM_CLEAN, Actor.INSPECTOR)

    def listed(query: str) -> list[str]:
        answer = client.get(f"{API}/cases{query}").json()
        return [case["case_id"] for case in answer["cases"]]

    assert listed("") == [open_case.case_id]
    assert listed("?state=closed") == [ended.case_id]
    assert listed("?state=closed&state=dispatched") == [open_case.case_id, ended.case_id]
    assert listed("?state=closed&state=dispatched&limit=1") == [open_case.case_id]
    assert listed("?state=voided") == []


def test_a_case_tells_its_log_its_messages_and_who_may_do_what(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    answer = client.get(f"{API}/cases/{case.case_id}", headers={"accept-language": "en"}).json()
    assert answer["case"]["state"] == "dispatched"
    assert answer["case"]["state_text"] == "Dispatched"
    assert [entry["action"] for entry in answer["log"]][-2:] == ["file", "dispatch"]
    assert "defer" in answer["actions"]["dispatcher"]
    assert answer["actions"]["operator"] == []
    recipients = {message["recipient"] for message in answer["messages"]}
    assert case.crew_id in recipients
    assert {message["undelivered"] for message in answer["messages"]} == {False}


def test_the_crews_link_stays_between_us_and_the_crew(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    answer = client.get(f"{API}/cases/{case.case_id}")
    assert any(message.link for message in rig.book.messages(case.case_id))
    assert "/c/" not in answer.text


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/places/no-such-place", "unknown_place"),
        ("/cases/case-none", "unknown_case"),
        ("/nothing", "not_found"),
    ],
)
def test_what_is_not_there_is_said_in_code_and_in_the_readers_language(
    client: TestClient, path: str, code: str
) -> None:
    told_zh = client.get(f"{API}{path}").json()["error"]
    english = client.get(f"{API}{path}", headers={"accept-language": "en-GB"})
    assert english.status_code == 404
    assert told_zh["code"] == english.json()["error"]["code"] == code
    assert english.json()["error"]["text"].startswith("There is")
    assert told_zh["text"].startswith("没有")


def test_a_picture_is_served_for_ever_and_a_missing_one_asks_to_come_back(
    client: TestClient, rig: CentreRig
) -> None:
    sha256 = rig.pictures.put(b"\xff\xd8\xffpicture")
    here = client.get(f"/pictures/{sha256}")
    assert here.content == b"\xff\xd8\xffpicture"
    assert here.headers["content-type"] == "image/jpeg"
    assert "immutable" in here.headers["cache-control"]
    missing = client.get(f"/pictures/{'0' * 64}")
    assert missing.status_code == 404
    assert missing.headers["retry-after"] == "5"
    assert missing.headers["cache-control"] == "no-store"
    assert missing.json()["error"]["code"] == "picture_not_here"
    page = client.get(f"/pictures/{'0' * 64}", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "图片还没有传到" in page.text


def test_the_list_of_devices_tells_what_became_of_their_records(
    client: TestClient, rig: CentreRig
) -> None:
    sensor_id, other_id, *_ = rig.registry.current().sensors
    rig.qualities.devices[sensor_id] = DeviceQuality(
        coverage=Coverage(due=24, observed=18),
        refused={"conflict": 2, "observed_in_future": 1},
        late=4,
        clock_ahead=timedelta(minutes=6),
    )
    rig.qualities.gateways["gateway-1"] = GatewayQuality(
        gaps=3, missing=2, lost=1, refused={"unknown_device": 5}
    )
    answer = client.get(f"{API}/devices", headers={"accept-language": "en"}).json()
    quality = {device["device_id"]: device["quality"] for device in answer["devices"]}
    assert quality[sensor_id] == {
        "state": "flawed",
        "state_text": "Flawed",
        "hours_due": 24,
        "hours_observed": 18,
        "coverage_ratio": 0.75,
        "refused": {"conflict": 2, "observed_in_future": 1},
        "suspicious": {},
        "conflicts": 2,
        "late": 4,
        "clock_ahead_s": 360.0,
        "clock_is_off": True,
    }
    assert quality[other_id]["state"] == "unknown"
    assert quality[other_id]["coverage_ratio"] is None
    assert answer["gateways"] == [
        {
            "gateway_id": "gateway-1",
            "gaps": 3,
            "missing": 2,
            "lost": 1,
            "refused": {"unknown_device": 5},
        }
    ]
