"""Requests made to harm: each is refused with a code, counted, never echoed; none stops us."""

import json
from collections.abc import Iterator

import pytest
from starlette.websockets import WebSocketDisconnect

from domain.cases import CaseState
from tests.fakes.centre_rig import CentreRig
from tests.fakes.http_client import TestClient

CASES = "/api/v1/cases"
CANARY = "canary-7f3a"
HEADERS = {"x-role": "operator", "idempotency-key": "key-0001", "content-type": "application/json"}


def send(client: TestClient, body: bytes | str) -> tuple[int, str]:
    answer = client.post(CASES, content=body, headers=HEADERS)
    assert CANARY not in answer.text, "what was sent came back"
    return answer.status_code, str(answer.json()["error"]["code"])


def report(place_id: str, /, **changes: object) -> str:
    body = {"place_id": place_id, "problem_class": "exposed_waste", "source": "telephone"}
    return json.dumps({**body, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "closed"},
        {"crew_id": CANARY},
        {"role": "inspector"},
        {CANARY: 1},
        {"note": 7},
        {"note": None},
        {"note": CANARY * 50},
        {"note": {"text": CANARY}},
        {"note": float("nan")},
        {"note": "\ud800" + CANARY},
        {"note": "bell \x07 " + CANARY},
        {"place_id": ["a-place"]},
        {"place_id": "../../" + CANARY},
        {"place_id": "a-place\n"},
        {"place_id": CANARY + "\u0000"},
        {"place_id": "' OR 1=1 --"},
        {"problem_class": CANARY},
        {"problem_class": 1},
        {"problem_class": None},
        {"source": True},
    ],
    ids=str,
)
def test_a_body_that_is_not_as_it_must_be_opens_no_case(
    client: TestClient, rig: CentreRig, blind_place: str, changes: dict[str, object]
) -> None:
    assert send(client, report(blind_place, **changes)) == (422, "invalid_request")
    assert rig.book.open_cases() == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid_request"),
        (b"not json " + CANARY.encode(), 422, "invalid_request"),
        (b"\xff\xfe" + CANARY.encode(), 400, "unreadable_body"),
        (b"[]", 422, "invalid_request"),
        (b"NaN", 422, "invalid_request"),
        (b'"' + CANARY.encode() + b'"', 422, "invalid_request"),
        (b"[" * 30_000 + b"]" * 30_000, 400, "unreadable_body"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "unreadable_body"),
    ],
    ids=["empty", "text", "not-utf8", "list", "nan", "string", "deep-lists", "deep-objects"],
)
def test_a_body_that_is_no_object_is_refused(
    client: TestClient, rig: CentreRig, body: bytes, status: int, code: str
) -> None:
    assert send(client, body) == (status, code)
    assert rig.book.open_cases() == []


def test_a_wrong_content_type_is_refused(client: TestClient, blind_place: str) -> None:
    headers = {**HEADERS, "content-type": "text/plain"}
    answer = client.post(CASES, content=report(blind_place), headers=headers)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "version", [0, -1, 1.5, "1", True, 10**30, float("inf"), float("nan")], ids=str
)
def test_a_version_that_is_none_is_refused(
    client: TestClient, rig: CentreRig, blind_place: str, version: float | str
) -> None:
    case = rig.report(blind_place)
    body = json.dumps({"action": "dispatch", "expected_version": version})
    answer = client.post(f"{CASES}/{case.case_id}/moves", content=body, headers=HEADERS)
    assert answer.status_code == 422
    assert rig.book.case(case.case_id) == case


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=100000", "limit=nan", "state=open", "state=", "sort=note;drop"]
)
def test_a_query_that_is_not_offered_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"{CASES}?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_a_large_body_is_refused_by_its_announced_length(client: TestClient) -> None:
    assert send(client, b" " * (64 * 1024 + 1)) == (413, "too_large")


def test_a_large_body_without_an_announced_length_is_refused_on_the_way(
    client: TestClient,
) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b" " * 1024

    answer = client.post(CASES, content=endless(), headers=HEADERS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "127.0.0.1:8000@evil.example",
        "127.0.0.1/../",
        "",
        "[::1",
        "2130706433",
    ],
)
def test_a_foreign_host_name_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/api/v1/places", headers={"host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "foreign_host")


@pytest.mark.parametrize("host", ["127.0.0.1", "LOCALHOST:8000", "[::1]:8000", "localhost:1"])
def test_our_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "http://127.0.0.1:8000.evil.example"},
        {"origin": "http://["},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8000"},
    ],
    ids=str,
)
def test_an_order_from_a_foreign_page_is_refused(
    client: TestClient, rig: CentreRig, blind_place: str, headers: dict[str, str]
) -> None:
    answer = client.post(CASES, content=report(blind_place), headers={**HEADERS, **headers})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_origin")
    assert rig.book.open_cases() == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"},
    ],
    ids=str,
)
def test_an_order_from_our_page_or_from_a_program_is_taken(
    client: TestClient, blind_place: str, headers: dict[str, str]
) -> None:
    answer = client.post(CASES, content=report(blind_place), headers={**HEADERS, **headers})
    assert answer.status_code == 201


def test_a_foreign_page_cannot_open_the_consoles_socket(client: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect("/socket", headers={"origin": "https://evil.example"}),
    ):
        pass
    assert refused.value.code == 1008


def test_no_foreign_origin_is_ever_allowed_to_read(client: TestClient) -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answers = [
        client.get("/api/v1/places", headers=headers),
        client.options(CASES, headers=headers),
    ]
    for answer in answers:
        assert not any(name.startswith("access-control-") for name in answer.headers)


@pytest.mark.parametrize(
    "path",
    [
        "/pictures/..%2f..%2fetc%2fpasswd",
        "/pictures/%2e%2e/secret",
        "/pictures/" + "A" * 64,
        "/pictures/" + "0" * 64 + "%0a",
        "/pictures/" + "0" * 63,
        "/assets/..%2f..%2fapp.py",
        "/assets/../app.py",
        "/assets/%2e%2e/templates/task.html",
    ],
)
def test_no_path_leads_out_of_the_folders(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (404, 422)
    assert "import" not in answer.text


def test_a_bomb_of_ranges_is_not_multiplied(client: TestClient) -> None:
    ranges = ",".join(f"{start}-" for start in range(2000))
    plain = client.get("/assets/crew.css")
    bombed = client.get("/assets/crew.css", headers={"range": f"bytes={ranges}"})
    assert len(bombed.content) <= 2 * len(plain.content)


def test_every_refusal_is_counted_by_its_code(client: TestClient, blind_place: str) -> None:
    send(client, report(blind_place, note=7))
    client.get("/healthz", headers={"host": "evil.example"})
    counted = client.get("/metrics").text
    assert 'huanwei_api_refused_total{code="invalid_request"} 1.0' in counted
    assert 'huanwei_api_refused_total{code="foreign_host"} 1.0' in counted


def test_after_all_of_it_a_decent_order_is_still_taken(
    client: TestClient, rig: CentreRig, blind_place: str
) -> None:
    send(client, b"[" * 30_000)
    send(client, b" " * 100_000)
    client.post(CASES, content=report(blind_place), headers=HEADERS)
    assert [case.state for case in rig.book.open_cases()] == [CaseState.DISPATCHED]


@pytest.mark.parametrize("path", ["/c/x", "/api/v1/places", "/docs", "/pictures/" + "0" * 64])
def test_every_answer_tells_browsers_to_be_careful(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["referrer-policy"] == (
        "no-referrer" if path.startswith("/c/") else "same-origin"
    )


def test_a_failure_of_ours_tells_nothing_of_the_inside(rig: CentreRig) -> None:
    from api.app import create_app  # noqa: PLC0415  only this test builds its own application
    from api.settings import ApiSettings  # noqa: PLC0415

    rig.book.close()
    rig.cases_path.rename(rig.cases_path.with_suffix(".gone"))
    app = create_app(rig.parts(), settings=ApiSettings())
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/cases", headers={"accept-language": "en"})
        assert answer.status_code == 500
        assert answer.json() == {
            "error": {
                "code": "failed",
                "text": "Something went wrong on our side; please try again shortly",
            }
        }
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert client.get("/healthz").status_code == 200
