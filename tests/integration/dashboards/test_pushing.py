from collections.abc import Iterator
from typing import Any

import pytest

from dashboards.grafana_port import Folder, GrafanaRefusalError
from dashboards.pushing import Standing, WantedDashboard, compare, push
from dashboards.server import GrafanaAddress, GrafanaServer
from tests.fakes.grafana_server import EDITOR_TOKEN, GrafanaFake

FOLDER = Folder(uid="hw-zh", title="环卫")
ELSEWHERE = Folder(uid="elsewhere", title="Elsewhere")


def wanted(uid: str, **more: Any) -> WantedDashboard:  # noqa: ANN401  JSON
    return WantedDashboard(model={"uid": uid, "title": uid, "panels": []} | more, folder=FOLDER)


@pytest.fixture
def grafana() -> Iterator[GrafanaFake]:
    with GrafanaFake() as fake:
        yield fake


@pytest.fixture
def server(grafana: GrafanaFake) -> Iterator[GrafanaServer]:
    made = GrafanaServer(GrafanaAddress(url=grafana.url, token=EDITOR_TOKEN), waits_s=())
    yield made
    made.close()


def test_what_is_missing_is_brought_and_then_everything_is_the_same(server: GrafanaServer) -> None:
    both = [wanted("hw-a"), wanted("hw-b")]

    before = push(server, both)

    assert [finding.standing for finding in before] == [Standing.MISSING, Standing.MISSING]
    assert [finding.standing for finding in compare(server, both)] == [Standing.SAME] * 2


def test_a_second_push_writes_nothing(grafana: GrafanaFake, server: GrafanaServer) -> None:
    push(server, [wanted("hw-a")])
    grafana.asked.clear()

    push(server, [wanted("hw-a")])

    assert grafana.asked == ["GET /api/dashboards/uid/hw-a"]


def test_a_hand_made_change_is_found_named_and_put_right(server: GrafanaServer) -> None:
    push(server, [wanted("hw-a")])
    server.save_dashboard(wanted("hw-a", title="mine").model, folder_uid=FOLDER.uid)

    (found,) = push(server, [wanted("hw-a")])

    assert (found.standing, found.differing) == (Standing.OTHER, ["title"])
    assert compare(server, [wanted("hw-a")])[0].standing is Standing.SAME


def test_a_dashboard_in_another_folder_is_brought_home(server: GrafanaServer) -> None:
    server.save_folder(ELSEWHERE)
    server.save_dashboard(wanted("hw-a").model, folder_uid=ELSEWHERE.uid)

    (found,) = push(server, [wanted("hw-a")])

    assert found.standing is Standing.IN_ANOTHER_FOLDER
    assert compare(server, [wanted("hw-a")])[0].standing is Standing.SAME


def test_what_comes_from_files_is_left_to_the_files(
    grafana: GrafanaFake, server: GrafanaServer
) -> None:
    server.save_folder(FOLDER)
    grafana.provision({**wanted("hw-a").model, "title": "older"}, folder_uid=FOLDER.uid)

    (found,) = push(server, [wanted("hw-a")])

    assert found.from_file
    assert found.standing is Standing.OTHER
    assert "POST /api/dashboards/db" not in grafana.asked


def test_a_dashboard_that_reads_back_otherwise_is_no_success(
    grafana: GrafanaFake, server: GrafanaServer
) -> None:
    server.save_folder(FOLDER)
    uid, meta = "hw-a", {"folderUid": "hw-zh", "provisioned": False}
    changed = {**wanted(uid).model, "panels": [{"migrated": True}], "version": 1}
    grafana.answer_next(404, {"message": "Dashboard not found"})
    grafana.answer_next(200, {"uid": FOLDER.uid, "title": FOLDER.title})
    grafana.answer_next(200, {"status": "success"})
    grafana.answer_next(200, {"meta": meta, "dashboard": changed})

    with pytest.raises(GrafanaRefusalError, match="reads back otherwise: panels"):
        push(server, [wanted(uid)])
