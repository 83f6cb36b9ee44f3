"""One suite over Grafanas: the fake, and a live one where there is any (docs/grafana.md)."""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboards.comparison import differences
from dashboards.grafana_port import (
    Annotation,
    Folder,
    GrafanaCredentialsError,
    GrafanaRefusalError,
    NotInGrafanaError,
    VersionMismatchError,
)
from dashboards.server import GrafanaAddress, GrafanaServer
from tests.fakes.grafana_server import EDITOR_TOKEN, GrafanaFake
from tests.grafana_server import live_grafana

AT = datetime(2026, 5, 6, 6, 30, 0, 123_000, tzinfo=UTC)


@pytest.fixture(scope="module", params=["fake", "live"])
def address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GrafanaAddress]:
    if request.param == "fake":
        with GrafanaFake(prefix="/grafana") as fake:
            yield GrafanaAddress(url=fake.url, token=EDITOR_TOKEN)
        return
    folder: Path = tmp_path_factory.mktemp("grafana")
    with live_grafana(folder) as found:
        yield found


@pytest.fixture
def server(address: GrafanaAddress) -> Iterator[GrafanaServer]:
    made = GrafanaServer(address)
    yield made
    made.close()


@pytest.fixture
def folder(server: GrafanaServer) -> Iterator[Folder]:
    """A folder of this test's own, which ends with all that is in it."""
    made = Folder(uid=f"hw-test-{secrets.token_hex(4)}", title=f"Test {secrets.token_hex(4)}")
    server.save_folder(made)
    yield made
    with suppress(NotInGrafanaError):
        server.send("DELETE", f"/folders/{made.uid}")


def model(folder: Folder, title: str = "满溢 · Overflow") -> dict[str, object]:
    panel = {"id": 1, "type": "text", "title": "看", "gridPos": {"h": 3, "w": 4, "x": 0, "y": 0}}
    return {
        "uid": f"{folder.uid}-d",
        "title": title,
        "tags": ["huanwei"],
        "timezone": "Asia/Shanghai",
        "schemaVersion": 41,
        "panels": [panel],
    }


def test_it_says_which_version_it_is_and_whose_credentials_these_are(
    server: GrafanaServer,
) -> None:
    assert server.version().partition(".")[0].isdigit()
    assert server.organisation()


def test_a_folder_is_made_once_and_keeps_its_uid_under_a_new_title(
    server: GrafanaServer, folder: Folder
) -> None:
    server.save_folder(folder)
    renamed = replace(folder, title=folder.title + " b")
    server.save_folder(renamed)

    assert server.folder(folder.uid) == renamed


def test_what_is_not_there_is_none(server: GrafanaServer) -> None:
    assert server.folder("hw-test-nowhere") is None
    assert server.dashboard("hw-test-nowhere") is None


def test_a_dashboard_reads_back_as_it_was_written(server: GrafanaServer, folder: Folder) -> None:
    wanted = model(folder)

    server.save_dashboard(wanted, folder_uid=folder.uid)
    found = server.dashboard(str(wanted["uid"]))

    assert found is not None
    assert differences(wanted, found.model) == []
    assert (found.folder_uid, found.from_file) == (folder.uid, False)


def test_a_dashboard_is_written_over_whatever_is_there(
    server: GrafanaServer, folder: Folder
) -> None:
    server.save_dashboard(model(folder), folder_uid=folder.uid)
    server.save_dashboard(model(folder, "other"), folder_uid=folder.uid)

    found = server.dashboard(str(model(folder)["uid"]))
    assert found is not None
    assert found.model["title"] == "other"
    assert found.version > 1


def test_over_a_version_that_somebody_has_changed_nothing_is_written(
    server: GrafanaServer, folder: Folder
) -> None:
    server.save_dashboard(model(folder), folder_uid=folder.uid)
    read = server.dashboard(str(model(folder)["uid"]))
    assert read is not None
    server.save_dashboard(model(folder, "theirs"), folder_uid=folder.uid)

    with pytest.raises(VersionMismatchError):
        server.save_dashboard(model(folder, "ours"), folder_uid=folder.uid, onto=read.version)

    found = server.dashboard(str(model(folder)["uid"]))
    assert found is not None
    assert found.model["title"] == "theirs"


def test_over_the_version_that_was_read_it_is_written(
    server: GrafanaServer, folder: Folder
) -> None:
    server.save_dashboard(model(folder), folder_uid=folder.uid)
    read = server.dashboard(str(model(folder)["uid"]))
    assert read is not None

    server.save_dashboard(model(folder, "ours"), folder_uid=folder.uid, onto=read.version)

    found = server.dashboard(str(model(folder)["uid"]))
    assert found is not None
    assert found.model["title"] == "ours"


def test_a_dashboard_without_a_title_is_refused(server: GrafanaServer, folder: Folder) -> None:
    with pytest.raises(GrafanaRefusalError, match="title"):
        server.save_dashboard(model(folder, ""), folder_uid=folder.uid)


def test_wrong_credentials_are_named(address: GrafanaAddress) -> None:
    stranger = GrafanaServer(GrafanaAddress(url=address.url, token="glsa_of_nobody"))  # noqa: S106  none

    with pytest.raises(GrafanaCredentialsError, match="401"):
        stranger.organisation()
    stranger.close()


def test_a_data_source_that_is_not_there_is_named(server: GrafanaServer) -> None:
    with pytest.raises(NotInGrafanaError):
        server.data_source_health("hw-test-nowhere")


def test_an_annotation_is_found_at_its_millisecond_by_its_tags(server: GrafanaServer) -> None:
    tag = f"hw-test-{secrets.token_hex(4)}"
    mark = Annotation(at=AT, text="满溢 at <b>place</b> 3 & more", tags=("huanwei", tag))

    server.annotate(mark)

    assert server.annotations_at(AT, tags=["huanwei", tag]) == [mark]
    assert server.annotations_at(AT + timedelta(milliseconds=1), tags=[tag]) == []
    assert server.annotations_at(AT, tags=[tag, "another"]) == []
    for each in server.send("GET", f"/annotations?tags={tag}"):
        server.send("DELETE", f"/annotations/{each['id']}")


def test_an_empty_answer_is_none_and_what_stays_editable_has_no_provenance(
    server: GrafanaServer,
) -> None:
    path = "/v1/provisioning/mute-timings"
    kept, locked = (f"hw-test-{secrets.token_hex(4)}" for _ in range(2))

    server.send("POST", path, {"name": kept, "time_intervals": []}, keep_editable=True)
    server.send("POST", path, {"name": locked, "time_intervals": []})

    assert not server.send("GET", f"{path}/{kept}").get("provenance")
    assert server.send("GET", f"{path}/{locked}")["provenance"] == "api"
    assert server.send("DELETE", f"{path}/{kept}", keep_editable=True) is None
    assert server.send("DELETE", f"{path}/{locked}") is None
