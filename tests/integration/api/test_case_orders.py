"""What people order through the API: once, by the right role, on the case as they saw it."""

from collections.abc import Mapping

import httpx
import pytest

from domain.cases import Actor, CaseAction
from tests.fakes.centre_rig import CentreRig
from tests.fakes.http_client import TestClient

CASES = "/api/v1/cases"


def order(
    client: TestClient,
    path: str,
    body: Mapping[str, object],
    *,
    role: str = "dispatcher",
    key: str = "key-0001",
) -> httpx.Response:
    headers = {"x-role": role, "idempotency-key": key, "accept-language": "en"}
    answer: httpx.Response = client.post(path, json=dict(body), headers=headers)
    return answer


def report_of(place_id: str, /, **changes: object) -> dict[str, object]:
    return {
        "place_id": place_id,
        "problem_class": "exposed_waste",
        "source": "telephone",
        "note": "a heap at the corner",
        **changes,
    }


def test_a_telephone_call_becomes_a_dispatched_case(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    answer = order(client, CASES, report_of(blind_place), role="operator")
    assert answer.status_code == 201
    case = rig.book.case(answer.json()["case_id"])
    assert case is not None
    assert (case.state, case.source, case.note) == (
        "dispatched",
        "telephone",
        "a heap at the corner",
    )
    assert rig.book.log(case.case_id)[0].actor is Actor.OPERATOR


def test_the_same_key_twice_reports_once(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    first = order(client, CASES, report_of(blind_place))
    log_length = len(rig.book.log(first.json()["case_id"]))
    second = order(client, CASES, report_of(blind_place))
    assert second.json() == first.json()
    assert len(rig.book.log(first.json()["case_id"])) == log_length


def test_the_same_key_for_another_step_is_another_order(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    moves = f"{CASES}/{case.case_id}/moves"
    deferral = {"action": "defer", "note": "road works", "approved_by": "Wang"}
    assert order(client, moves, deferral).json()["state"] == "deferred"
    assert order(client, moves, {"action": "resume"}).json()["state"] == "dispatched"
    assert order(client, moves, deferral).json()["state"] == "dispatched", "sent before: no effect"


def test_an_inspector_confirms_and_the_case_is_closed(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    rig.finish(case)
    moves = f"{CASES}/{case.case_id}/moves"
    answer = order(client, moves, {"action": "confirm_clean"}, role="inspector")
    assert answer.json()["state"] == "closed"


@pytest.mark.parametrize(
    ("role", "action"),
    [
        ("dispatcher", "confirm_clean"),
        ("operator", "void"),
        ("inspector", "accept"),
        ("dispatcher", "finish"),
    ],
)
def test_a_step_that_the_role_may_not_take_is_refused_and_changes_nothing(
    client: TestClient, rig: CentreRig, blind_place: str, role: str, action: str
) -> None:
    case = rig.report(blind_place)
    body = {"action": action, "note": "because", "approved_by": "Wang"}
    answer = order(client, f"{CASES}/{case.case_id}/moves", body, role=role)
    assert answer.status_code in (409, 422)
    assert answer.json()["error"]["code"] in ("illegal_move", "missing_proof")
    assert rig.book.case(case.case_id) == case


def test_a_refusal_tells_who_may_not_do_what_in_the_readers_language(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    body = {"action": "confirm_clean"}
    answer = order(client, f"{CASES}/{case.case_id}/moves", body, role="inspector")
    assert answer.json()["error"]["text"] == (
        "The case is “Dispatched”: “Confirm clean” is not open to Inspector"
    )


def test_a_stale_version_is_refused(client: TestClient, rig: CentreRig, blind_place: str) -> None:
    case = rig.report(blind_place)
    rig.move(case, CaseAction.ACCEPT, Actor.CREW)
    body = {
        "action": "suspend",
        "note": "n",
        "approved_by": "Wang",
        "expected_version": case.version,
    }
    answer = order(client, f"{CASES}/{case.case_id}/moves", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "stale_case")


def test_deferring_without_an_approver_is_refused(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    case = rig.report(blind_place)
    body = {"action": "defer", "note": "road works"}
    answer = order(client, f"{CASES}/{case.case_id}/moves", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "approval_missing")
    assert rig.book.case(case.case_id) == case


@pytest.mark.parametrize(
    "role", ["", "crew", "rule", "machine_verification", "admin", "DISPATCHER"]
)
def test_nobody_acts_without_a_role_of_the_console(
    client: TestClient, rig: CentreRig, blind_place: str, role: str
) -> None:
    answer = order(client, CASES, report_of(blind_place), role=role)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "role_missing")
    assert rig.book.open_cases() == []


def test_the_role_chosen_in_the_console_counts(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    client.cookies.set("role", "inspector")
    answer = client.post(
        CASES,
        json=report_of(blind_place, source="inspection"),
        headers={"idempotency-key": "key-0001"},
    )
    assert rig.book.log(answer.json()["case_id"])[0].actor is Actor.INSPECTOR


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space 123", "líne-break-1"])
def test_an_order_needs_a_usable_key(
    client: TestClient, rig: CentreRig, blind_place: str, key: str
) -> None:
    headers: dict[str, bytes] = {"x-role": b"operator", "idempotency-key": key.encode("latin-1")}
    answer = client.post(CASES, json=report_of(blind_place), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        422,
        "idempotency_key_missing",
    )
    assert rig.book.open_cases() == []


def test_a_place_that_is_not_ours_cannot_be_reported(client: TestClient) -> None:
    answer = order(client, CASES, report_of("place-elsewhere"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_place")


@pytest.mark.parametrize("source", ["sensor", "camera"])
def test_people_cannot_speak_for_devices(
    client: TestClient, rig: CentreRig, blind_place: str, source: str
) -> None:
    answer = order(client, CASES, report_of(blind_place, source=source))
    assert answer.status_code == 422
    assert rig.book.open_cases() == []
