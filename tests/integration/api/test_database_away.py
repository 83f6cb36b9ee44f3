"""A district's API while its PostgreSQL is away: it says so plainly, and needs no restart."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from alerts.case_desk import CaseDesk, CaseWorkshop
from alerts.limits import AlertRules
from alerts.notices import Notices
from alerts.postgres_store import PostgresCases
from api.app import create_app
from api.settings import ApiSettings
from tests.fakes.centre_rig import BASE_URL, CATALOGUE, CentreRig
from tests.fakes.http_client import TestClient
from tests.postgres_server import RunningPostgres, find_postgres
from tests.servers import skip_without
from texts.catalogue import Locale

IN_ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def server() -> Iterator[RunningPostgres]:
    """A server of its own: others go on while it is away."""
    programs = find_postgres()
    skip_without("postgres", programs)
    assert programs is not None
    running = RunningPostgres(programs)
    running.start()
    yield running
    running.remove()


@contextmanager
def client_over(rig: CentreRig, url: str) -> Iterator[TestClient]:
    cases = PostgresCases(url)
    store, book = cases.open_store(evaluates=False), cases.open_book()
    notices = Notices(catalogue=CATALOGUE, locale=Locale.ZH_CN, crew_links=rig.links)
    desk = CaseDesk(
        CaseWorkshop(
            store, clock=rig.clock, registry=rig.registry, rules=AlertRules(), notices=notices
        )
    )
    app = create_app(replace(rig.parts(), book=book, desk=desk), settings=ApiSettings())
    with TestClient(app, base_url=BASE_URL, follow_redirects=False) as client:
        yield client
    store.close()
    book.close()


def test_while_the_database_is_away_programs_and_crews_are_told_so_and_orders_count_once(
    rig: CentreRig, server: RunningPostgres, blind_place: str
) -> None:
    crew_page = f"/c/{rig.token(rig.report(blind_place))}"
    headers = {**IN_ENGLISH, "X-Role": "operator", "Idempotency-Key": secrets.token_hex(8)}
    order = {"place_id": blind_place, "problem_class": "bin_overflow", "source": "telephone"}
    with client_over(rig, server.fresh_database()) as client:
        assert client.get("/api/v1/cases").status_code == 200
        server.kill()
        for answer in (
            client.get("/api/v1/cases", headers=IN_ENGLISH),
            client.post("/api/v1/cases", json=order, headers=headers),
        ):
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "5"
            error = answer.json()["error"]
            assert error["code"] == "database_away"
            assert error["text"].startswith("The database cannot be reached now.")
            assert "127.0.0.1" not in answer.text
        page = client.get(crew_page)
        assert page.status_code == 503
        assert "暂时连不上数据库" in page.text
        server.start()
        assert client.get("/api/v1/cases").json()["cases"] == []
        made = [client.post("/api/v1/cases", json=order, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in made] == [201, 201]
        assert len(client.get("/api/v1/cases").json()["cases"]) == 1
