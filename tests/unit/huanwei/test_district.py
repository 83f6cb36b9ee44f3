from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huanwei.business_clock import SHANGHAI
from huanwei.district.local_grafana import write_provisioning
from huanwei.district.plan import Server, ServerPlan
from huanwei.district.run import LIVED_AT_LEAST, district_start
from huanwei.errors import StandsInTheWayError
from huanwei.new_run import write_settings
from huanwei.run_plan import roles_of
from huanwei.settings import load_settings
from tests.unit.deploy.test_compose import provisioning

SERVER = Server(port=18850, secret="kept-by-this-test-alone", reader="read-by-this-test-alone")  # noqa: S106  of nobody


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001  made aware below
def test_the_district_begins_in_a_morning_and_has_some_hours_to_live(moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC)
    start = district_start(now)

    assert start.astimezone(SHANGHAI).strftime("%H:%M:%S.%f") == "06:30:00.000000"
    assert LIVED_AT_LEAST <= now - start < LIVED_AT_LEAST + timedelta(days=1)


def test_without_its_servers_a_district_is_a_run_on_files(tmp_path: Path) -> None:
    plan = ServerPlan(postgres=None, influx=None, grafana=None)
    path = write_settings(tmp_path, gateway_id="gw-one", simulator_port=18010)
    path.write_text(path.read_text("utf-8") + plan.settings_text(), "utf-8")
    settings = load_settings(path)

    assert plan.secrets_text(None) == ""
    assert roles_of(settings) == ("edge", "ingest", "centre")
    assert settings.influx is None
    assert settings.grafana is None
    assert plan.ports == ()
    assert [line.split()[0] for line in plan.found_lines() if "not " in line] == [
        "PostgreSQL",
        "InfluxDB",
        "Grafana",
    ]


def test_the_servers_of_a_run_are_found_again_with_their_secrets(tmp_path: Path) -> None:
    plan = ServerPlan(postgres=SERVER, influx=None, grafana=None)

    plan.write(tmp_path)

    assert ServerPlan.read(tmp_path) == plan
    assert (tmp_path / "servers.json").stat().st_mode & 0o077 == 0
    assert SERVER.secret not in repr(plan)
    (tmp_path / "servers.json").write_text("{}", "utf-8")
    with pytest.raises(StandsInTheWayError, match=r"servers\.json"):
        ServerPlan.read(tmp_path)


def test_its_grafana_is_provisioned_as_that_of_the_compose_file(tmp_path: Path) -> None:
    write_provisioning(
        tmp_path,
        influx=("http://127.0.0.1:18851", "huanwei", "a-token"),
        postgres=(18850, "huanwei", "grafana", "a-password"),
    )
    written = {
        name: provisioning(name, tmp_path / "provisioning")
        for name in ("datasources", "dashboards")
    }
    shipped = {name: provisioning(name) for name in written}

    for mine, theirs in zip(
        written["datasources"]["datasources"], shipped["datasources"]["datasources"], strict=True
    ):
        elsewhere = {"url", "secureJsonData", "jsonData", "editable"}
        own = {key: value for key, value in mine.items() if key not in elsewhere}
        assert own == {key: value for key, value in theirs.items() if key not in elsewhere}
        assert mine["jsonData"].items() <= theirs["jsonData"].items()
    assert [
        {key: value for key, value in each.items() if key in {"name", "folder", "folderUid"}}
        for each in written["dashboards"]["providers"]
    ] == [
        {key: value for key, value in each.items() if key in {"name", "folder", "folderUid"}}
        for each in shipped["dashboards"]["providers"]
    ]
