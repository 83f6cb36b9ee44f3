"""The district's own Grafana, as `make test-grafana` finds it: provisioned, healthy, answering.

Runs only where ``GRAFANA_URL`` tells of one that runs in the compose set-up (docs/grafana.md).
"""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboards.comparison import differences
from dashboards.definition import Source
from dashboards.interpretation import Chosen, chosen_in
from dashboards.server import GrafanaServer
from dashboards.wanted import wanted_dashboards
from tests.grafana_server import live_grafana
from tests.servers import skip_without

WANTED = wanted_dashboards(console_url="http://127.0.0.1:8000")
EXPECTED_TO_DIFFER = "templating/list/"
"""The console's address is that of the district."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrafanaServer]:
    skip_without("Grafana of the compose set-up", os.environ.get("GRAFANA_URL"))
    folder: Path = tmp_path_factory.mktemp("grafana")
    with live_grafana(folder) as address:
        made = GrafanaServer(address)
        yield made
        made.close()


@pytest.mark.parametrize("wanted", WANTED, ids=lambda each: each.uid)
def test_provisioning_has_loaded_each_dashboard_and_it_reads_back_equal(
    server: GrafanaServer,
    wanted: Any,  # noqa: ANN401  a parameter
) -> None:
    found = server.dashboard(wanted.uid)

    assert found is not None
    assert found.folder_uid == wanted.folder.uid
    paths = differences(wanted.model, found.model)
    assert [path for path in paths if not path.startswith(EXPECTED_TO_DIFFER)] == []


@pytest.mark.parametrize("source", Source)
def test_the_data_sources_are_well(server: GrafanaServer, source: Source) -> None:
    health = server.data_source_health(source)

    assert health.well, health.message


@pytest.mark.parametrize("wanted", WANTED, ids=lambda each: each.uid)
def test_every_panel_answers_through_grafana(
    server: GrafanaServer,
    wanted: Any,  # noqa: ANN401  a parameter
) -> None:
    until = datetime.now(UTC)
    since = until - timedelta(days=1)
    chosen = _chosen(server, wanted.model, since, until)
    for panel in wanted.model["panels"]:
        queries = [_with(target, chosen) for target in panel["targets"]]
        results = server.query(queries, since=since, until=until)
        for ref, result in results.items():
            assert not result.get("error"), f"{panel['title']} {ref}: {result['error']}"
            assert result["frames"], f"{panel['title']} {ref}: no frame"


def test_an_annotation_can_be_written(server: GrafanaServer) -> None:
    made = server.send(
        "POST", "/annotations", {"text": "make test-grafana", "tags": ["huanwei-test"]}
    )

    server.send("DELETE", f"/annotations/{made['id']}")


def _chosen(
    server: GrafanaServer, model: Mapping[str, Any], since: datetime, until: datetime
) -> dict[str, Chosen]:
    chosen: dict[str, Chosen] = {}
    for variable in model["templating"]["list"]:
        if variable["type"] == "constant":
            chosen[variable["name"]] = Chosen(values=[variable["query"]])
            continue
        target = {
            "refId": "A",
            "datasource": variable["datasource"],
            "rawSql": variable["query"],
            "format": "table",
        }
        results = server.query([_with(target, chosen)], since=since, until=until)
        frame = results["A"]["frames"][0]
        names = [field["name"] for field in frame["schema"]["fields"]]
        values = frame["data"]["values"][names.index("__value")]
        every = bool(variable.get("includeAll"))
        chosen[variable["name"]] = Chosen(
            values=values if every else values[:1], several=bool(variable.get("multi"))
        )
    return chosen


def _with(target: Mapping[str, Any], chosen: Mapping[str, Chosen]) -> dict[str, Any]:
    """Return the query as the browser sends it: variables put in, macros left to Grafana."""
    sent = dict(target) | {"intervalMs": 60_000, "maxDataPoints": 800}
    for key in ("query", "rawSql"):
        if key in sent:
            sent[key] = chosen_in(sent[key], chosen)
    return sent
