"""No GET changes anything: chat apps, browsers and crawlers open addresses ahead of people."""

import sqlite3

from fastapi import FastAPI
from fastapi.routing import APIRoute

from tests.fakes.centre_rig import CentreRig
from tests.fakes.http_client import TestClient


def everything_in(rig: CentreRig) -> str:
    """The whole case file, as text."""
    connection = sqlite3.connect(f"file:{rig.cases_path}?mode=ro", uri=True)
    try:
        return "\n".join(connection.iterdump())
    finally:
        connection.close()


def addresses(app: FastAPI, *, token: str, case_id: str, place_id: str) -> set[str]:
    """Every GET route of the application, with something that exists in its parameters."""
    values = {"token": token, "case_id": case_id, "place_id": place_id, "sha256": "0" * 64}
    found = set()
    for path, methods in app.openapi()["paths"].items():
        if "get" in methods:
            found.add(path)
    found |= {
        route.path
        for route in app.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    }
    return {path.format(**values) for path in found | {"/c/{token}", "/docs", "/openapi.json"}}


def test_every_address_can_be_read_any_number_of_times(
    client: TestClient, rig: CentreRig, camera_place: str
) -> None:
    case = rig.report(camera_place)
    app = client.app
    assert isinstance(app, FastAPI)
    found = addresses(app, token=rig.token(case), case_id=case.case_id, place_id=camera_place)
    assert len(found) >= 12
    before, pictures = everything_in(rig), dict(rig.pictures.stored)
    for address in sorted(found) * 2:
        answer = client.get(address)
        expected = 404 if address.startswith("/pictures/") else 200
        assert answer.status_code == expected, address
    assert everything_in(rig) == before
    assert rig.pictures.stored == pictures


def test_steps_cannot_be_taken_by_reading(
    client: TestClient, rig: CentreRig, camera_place: str
) -> None:
    case = rig.report(camera_place)
    before = everything_in(rig)
    for step in ("accept", "arrive", "finish"):
        answer = client.get(f"/c/{rig.token(case)}/{step}?key=some-key-0001")
        assert answer.status_code == 405
    assert client.get(f"/api/v1/cases/{case.case_id}/moves").status_code == 405
    assert everything_in(rig) == before
