"""What the adapter makes of a Grafana that is away, half there, or none at all."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dashboards.grafana_port import (
    Annotation,
    Folder,
    GrafanaCredentialsError,
    GrafanaOutageError,
    GrafanaRefusalError,
)
from dashboards.server import GrafanaAddress, GrafanaServer
from tests.fakes.grafana_server import (
    EDITOR_TOKEN,
    PASSWORD,
    USER,
    VIEWER_TOKEN,
    GrafanaFake,
)
from tests.servers import free_ports

FOLDER = Folder(uid="hw-zh", title="环卫")
PROXY_PAGE = "<html><body>502 Bad Gateway, a message of a proxy</body></html>"
AT = datetime(2026, 5, 6, 6, 30, tzinfo=UTC)


@pytest.fixture
def grafana() -> Iterator[GrafanaFake]:
    with GrafanaFake() as fake:
        yield fake


@pytest.fixture
def server(grafana: GrafanaFake) -> Iterator[GrafanaServer]:
    made = GrafanaServer(
        GrafanaAddress(url=grafana.url, token=EDITOR_TOKEN), waits_s=(0.001, 0.001)
    )
    yield made
    made.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"message": "Internal server error"}),
        (502, PROXY_PAGE),
        (503, None),
        (429, ["too many"]),
    ],
)
def test_a_server_that_stumbles_is_asked_again(
    grafana: GrafanaFake, server: GrafanaServer, status: int, body: object
) -> None:
    grafana.answer_next(status, body, times=2)

    server.save_folder(FOLDER)

    assert server.folder("hw-zh") == FOLDER


def test_after_three_tries_it_is_an_outage(grafana: GrafanaFake, server: GrafanaServer) -> None:
    grafana.answer_next(502, PROXY_PAGE, times=3)

    with pytest.raises(GrafanaOutageError, match="502"):
        server.organisation()

    assert len(grafana.asked) == 3


def test_a_server_that_does_not_answer_is_an_outage() -> None:
    server = GrafanaServer(
        GrafanaAddress(url=f"http://127.0.0.1:{free_ports(1)[0]}", token="t"),  # noqa: S106  none
        waits_s=(),
    )

    with pytest.raises(GrafanaOutageError, match="no answer"):
        server.version()
    server.close()


def test_no_try_is_waited_for_once_the_process_ends(grafana: GrafanaFake) -> None:
    stop = threading.Event()
    stop.set()
    address = GrafanaAddress(url=grafana.url, token=EDITOR_TOKEN)
    server = GrafanaServer(address, waits_s=(600.0,), stop=stop)
    grafana.answer_next(503, None)

    with pytest.raises(GrafanaOutageError):
        server.organisation()
    server.close()


def test_a_folder_whose_answer_was_lost_is_not_made_twice(
    grafana: GrafanaFake, server: GrafanaServer
) -> None:
    server.folder("hw-zh")
    grafana.asked.clear()
    grafana.lose_next_answers(2)  # of the look and of the making

    server.save_folder(FOLDER)

    assert server.folder("hw-zh") == FOLDER
    assert len(grafana.state.folders) == 1


def test_an_annotation_is_tried_once_only(grafana: GrafanaFake, server: GrafanaServer) -> None:
    grafana.lose_next_answers(1)

    with pytest.raises(GrafanaOutageError):
        server.annotate(Annotation(at=AT, text="t", tags=("huanwei",)))

    assert len(grafana.state.annotations) == 1


def test_a_viewers_token_may_not_write(grafana: GrafanaFake) -> None:
    server = GrafanaServer(GrafanaAddress(url=grafana.url, token=VIEWER_TOKEN))

    with pytest.raises(GrafanaCredentialsError, match="403 You'll need"):
        server.save_folder(FOLDER)
    server.close()


def test_a_password_serves_as_well_as_a_token(grafana: GrafanaFake) -> None:
    server = GrafanaServer(GrafanaAddress(url=grafana.url, user=USER, password=PASSWORD))

    assert server.organisation() == "Main Org."
    server.close()


def test_a_redirect_is_not_taken_for_an_answer(grafana: GrafanaFake, server: GrafanaServer) -> None:
    grafana.answer_next(302, "")

    with pytest.raises(GrafanaRefusalError, match="redirected to /login"):
        server.organisation()


@pytest.mark.parametrize("body", ["<html>a shop</html>", "[]", '"hello"'])
def test_a_server_that_is_no_grafana_is_named_so(
    grafana: GrafanaFake, server: GrafanaServer, body: str
) -> None:
    grafana.answer_next(200, body)

    with pytest.raises(GrafanaRefusalError, match="is this its address"):
        server.organisation()


def test_a_sick_data_source_says_why(grafana: GrafanaFake, server: GrafanaServer) -> None:
    grafana.state.data_sources |= {"well": "", "sick": "error reading buckets"}

    assert server.data_source_health("well").well
    found = server.data_source_health("sick")
    assert not found.well
    assert "error reading buckets" in found.message


def test_no_secret_is_in_what_is_printed() -> None:
    address = GrafanaAddress(url="http://x", token="very-secret", password="also-secret")  # noqa: S106  none

    assert "secret" not in repr(address)
