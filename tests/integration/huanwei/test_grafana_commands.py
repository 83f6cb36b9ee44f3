"""``huanwei grafana push | diff | doctor`` against a Grafana that answers as the real one does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dashboards.definition import Source
from dashboards.wanted import wanted_dashboards
from huanwei.commands.grafana import grafana_app
from huanwei.errors import StandsInTheWayError
from huanwei.new_run import write_settings
from huanwei.settings import SettingsError
from tests.fakes.grafana_server import EDITOR_TOKEN, GrafanaFake

CONSOLE = "http://127.0.0.1:8000"
UIDS = [each.uid for each in wanted_dashboards(console_url=CONSOLE)]


@pytest.fixture
def grafana() -> Iterator[GrafanaFake]:
    with GrafanaFake() as fake:
        fake.state.data_sources |= dict.fromkeys(map(str, Source), "")
        yield fake


@pytest.fixture
def settings(grafana: GrafanaFake, tmp_path: Path) -> Path:
    path = write_settings(tmp_path, gateway_id="gw-one")
    with path.open("a", encoding="utf-8") as file:
        file.write(f'\n[grafana]\nurl = "{grafana.url}"\ntoken = "{EDITOR_TOKEN}"\n')
    return path


def run(command: str, settings: Path) -> Result:
    return CliRunner().invoke(grafana_app, [command, "--settings", str(settings)])


def test_push_brings_every_dashboard_in_both_languages_into_its_folder(
    grafana: GrafanaFake, settings: Path
) -> None:
    out = run("push", settings)

    assert out.exit_code == 0, out.output
    assert sorted(grafana.state.dashboards) == sorted(UIDS)
    assert {f["title"] for f in grafana.state.folders.values()} == {"环卫", "Huanwei"}
    assert out.output.count("missing; written and read back") == len(UIDS)


def test_diff_is_silent_success_after_a_push_and_names_what_a_hand_changed(
    grafana: GrafanaFake, settings: Path
) -> None:
    run("push", settings)
    same = run("diff", settings)
    grafana.state.dashboards[UIDS[0]]["dashboard"]["title"] = "mine"
    other = run("diff", settings)

    assert same.exit_code == 0
    assert (other.exit_code, f"{UIDS[0]}: other in title" in other.output) == (1, True)


def test_links_lead_to_the_console_of_this_run(
    grafana: GrafanaFake, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUANWEI_CENTRE__PUBLIC_URL", "https://city.example/")

    run("push", settings)

    (console,) = [
        variable["query"]
        for variable in grafana.state.dashboards[UIDS[0]]["dashboard"]["templating"]["list"]
        if variable["name"] == "console"
    ]
    assert console == "https://city.example"


def test_doctor_finds_nothing_where_all_is_well(settings: Path) -> None:
    run("push", settings)

    out = run("doctor", settings)

    assert out.exit_code == 0, out.output
    assert all(line.startswith("ok") for line in out.output.splitlines())


def test_doctor_says_what_is_wrong_and_what_to_do(grafana: GrafanaFake, settings: Path) -> None:
    del grafana.state.data_sources[Source.INFLUX]
    grafana.state.data_sources[Source.POSTGRES] = "connection refused"

    out = run("doctor", settings)

    assert out.exit_code == 1
    assert f"data source {Source.INFLUX}: missing" in out.output
    assert "connection refused" in out.output
    assert "huanwei grafana push" in out.output


def test_doctor_names_a_version_that_the_dashboards_are_not_meant_for(
    grafana: GrafanaFake, settings: Path
) -> None:
    grafana.answer_next(200, {"database": "ok", "version": "13.1.0"})

    assert (
        "version: 13.1.0\n      these dashboards are meant for 12.4"
        in run("doctor", settings).output
    )


def test_a_wrong_token_is_named_by_doctor_and_stands_in_the_way_of_the_others(
    settings: Path,
) -> None:
    settings.write_text(settings.read_text("utf-8").replace(EDITOR_TOKEN, "wrong"), "utf-8")

    assert "put a valid token" in run("doctor", settings).output
    assert isinstance(run("push", settings).exception, StandsInTheWayError)


def test_without_section_or_token_the_settings_are_what_is_wrong(
    grafana: GrafanaFake, tmp_path: Path
) -> None:
    path = write_settings(tmp_path, gateway_id="gw-one")
    without = run("push", path)
    path.write_text(path.read_text("utf-8") + f'[grafana]\nurl = "{grafana.url}"\n', "utf-8")
    tokenless = run("push", path)

    assert isinstance(without.exception, SettingsError)
    assert isinstance(tokenless.exception, SettingsError)
    assert "Service accounts" in str(tokenless.exception)
