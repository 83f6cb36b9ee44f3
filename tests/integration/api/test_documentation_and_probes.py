"""The documentation, the probes and the metrics."""

import re

import pytest

from api.v1.answers import ErrorAnswer
from tests.fakes.centre_rig import CentreRig
from tests.fakes.http_client import TestClient


def test_the_documentation_shows_every_operation_without_foreign_hosts(
    client: TestClient,
) -> None:
    page = client.get("/docs").text
    document = client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in methods:
            assert f'id="{method.upper()}-{path}"' in page
    assert "居民来电" in page, "the example of a report"
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "<script" not in page


def test_every_order_has_an_example_that_the_api_itself_would_take(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    document = client.get("/openapi.json").json()
    example = document["components"]["schemas"]["CaseReport"]["examples"][0]
    headers = {"x-role": "operator", "idempotency-key": "key-0001"}
    answer = client.post(
        "/api/v1/cases", json={**example, "place_id": blind_place}, headers=headers
    )
    assert answer.status_code == 201
    move = document["components"]["schemas"]["CaseMove"]["examples"][0]
    case = rig.book.open_cases()[0]
    answer = client.post(
        f"/api/v1/cases/{case.case_id}/moves",
        json={**move, "expected_version": case.version},
        headers={**headers, "x-role": "dispatcher"},
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "deferred")


def test_all_get_operations_of_the_api_are_documented_with_a_summary(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    operations = [operation for methods in paths.values() for operation in methods.values()]
    assert len(operations) >= 11
    assert all(operation["summary"] and operation["description"] for operation in operations)


def test_refusals_are_documented_as_they_are_answered(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, methods in document["paths"].items():
        if not path.startswith("/api/"):
            continue
        for operation in methods.values():
            answer = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert answer["$ref"].endswith("/ErrorAnswer")
    answered = client.get("/api/v1/places/no-such-place").json()
    assert ErrorAnswer.model_validate(answered).error.code == "unknown_place"


def test_alive_is_not_ready(client: TestClient, rig: CentreRig) -> None:
    assert client.get("/readyz").json() == {"status": "ready", "missing": {}}
    rig.missing["broker"] = "not connected"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"] == {"broker": "not connected"}
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "line",
    [
        'huanwei_api_requests_total{area="api",method="GET",status="2xx"} 1.0',
        'huanwei_api_requests_total{area="console",method="GET",status="4xx"} 1.0',
        'huanwei_api_request_seconds_count{area="api"} 1.0',
    ],
)
def test_requests_are_counted_by_area_never_by_address(client: TestClient, line: str) -> None:
    client.get("/api/v1/places")
    client.get("/no-such-page-7f3a")
    told = client.get("/metrics").text
    assert line in told
    assert "7f3a" not in told
