"""``huanwei influx ...`` and the writers of a run, on a real InfluxDB 2."""

import stat
import threading
import time
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.records import Record
from huanwei.business_clock import SystemClock
from huanwei.errors import StandsInTheWayError
from huanwei.influx import InfluxRun, address, bucket_names, influx_run
from huanwei.influx_setup import influx_section, refused_rows, set_up, write_again, write_tokens
from huanwei.new_run import write_settings
from huanwei.settings import Settings, SettingsError, load_settings
from ingest.influx.server import InfluxServer
from ingest.series import SqliteSeries
from storage.registry_file import RegistryFile, save_registry
from tests.fakes.centre_rig import open_centre
from tests.fakes.influx_rig import REGISTRY
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import batch, emptied_record, fill_record, verdicts_record
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import START
from tests.influx_server import ADMIN_TOKEN, ORG, RunningInflux

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def settings_path(influx: RunningInflux, tmp_path: Path) -> Path:
    """Settings of a run whose buckets no other test has."""
    path = write_settings(tmp_path / "run", gateway_id="gateway-1")
    mark = tmp_path.name.replace("_", "-")
    with path.open("a", encoding="utf-8") as file:
        file.write(f'\n[influx]\nurl = "{influx.url}"\norg = "{ORG}"\n')
        file.writelines(f'{name}_bucket = "{name}-{mark}"\n' for name in ("raw", "hourly", "daily"))
    save_registry(REGISTRY, path.parent / "registry.json")
    return path


def said_by_set_up(settings_path: Path, *, yes: bool, token: str = ADMIN_TOKEN) -> list[str]:
    said: list[str] = []
    set_up(settings_path, admin_token=token, yes=yes, say=said.append)
    return said


def fill_files(settings: Settings) -> list[Record]:
    """Write a journal, a series and a case, as ingest and centre do."""
    data = settings.run.data
    records = [fill_record(n % 4, at=NOW - (60 - n) * MINUTE, level=n / 60) for n in range(60)]
    records += [emptied_record(1, at=NOW - MINUTE), verdicts_record(at=NOW - MINUTE)]
    with IngestRig(data, registry=REGISTRY) as rig:
        rig.clock.advance(seconds=(NOW - START).total_seconds())
        rig.receive(batch(dict(enumerate(records, start=1))))
        series = SqliteSeries(data / "series.db")
        series.append(stretch_of(rig.entries()))
        series.close()
    with open_centre(data, REGISTRY) as centre:
        centre.clock.advance(seconds=(NOW - START).total_seconds())
        centre.report(next(iter(REGISTRY.places)))
    return records


def measurements(settings: Settings) -> dict[str, int]:
    """Count the points of each measurement, asked with the token that may only read."""
    section = influx_section(settings)
    server = InfluxServer(address(section, section.read_token))
    counted: dict[str, int] = {}
    for bucket in bucket_names(section).kept_s():
        flux = (
            f'from(bucket: "{bucket}") |> range(start: -100d, stop: 1d)'
            ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
        )
        for row in server.rows(flux):
            name = row["_measurement"]
            counted[name] = counted.get(name, 0) + 1
    server.close()
    return counted


def run_until_written(run: InfluxRun, feeds: dict[str, int]) -> None:
    run.start()
    deadline_s = time.monotonic() + 15
    try:
        while any(run.service.position(feed) < through for feed, through in feeds.items()):
            assert time.monotonic() < deadline_s, run.readiness()
            threading.Event().wait(0.02)
    finally:
        run.stop()


def test_set_up_shows_its_plan_first_does_it_once_and_then_has_nothing_to_do(
    settings_path: Path,
) -> None:
    plan = said_by_set_up(settings_path, yes=False)
    assert plan[0] == "To do:"
    assert len(plan) == 1 + 5 + 1
    assert influx_section(load_settings(settings_path)).token.get_secret_value() == ""
    assert said_by_set_up(settings_path, yes=True)[-1] == "Done."
    section = influx_section(load_settings(settings_path))
    assert section.token.get_secret_value() != section.read_token.get_secret_value()
    secrets_path = settings_path.with_name("secrets.toml")
    assert stat.S_IMODE(secrets_path.stat().st_mode) == 0o600
    assert section.token.get_secret_value() not in repr(section)
    for yes in (False, True):
        assert said_by_set_up(settings_path, yes=yes) == ["Everything is as it should be."]


def test_set_up_with_a_wrong_token_is_one_clear_line(settings_path: Path) -> None:
    with pytest.raises(StandsInTheWayError, match="401: unauthorized access"):
        said_by_set_up(settings_path, yes=True, token="wrong")  # noqa: S106  that is the test


def test_without_the_section_the_commands_say_what_it_needs(tmp_path: Path) -> None:
    path = write_settings(tmp_path / "run", gateway_id="gateway-1")
    with pytest.raises(SettingsError, match="influx: no such section"):
        said_by_set_up(path, yes=False)


def test_everything_a_run_knows_lands_in_influxdb_and_a_backfill_adds_nothing(
    settings_path: Path,
) -> None:
    said_by_set_up(settings_path, yes=True)
    settings = load_settings(settings_path)
    fill_files(settings)
    run = influx_run(
        settings,
        registry=RegistryFile(settings.run.registry),
        clock=SystemClock(),
        metrics=CollectorRegistry(),
        failed=threading.Event(),
    )
    assert run is not None
    assert run.trim_cursor() == 0
    once = dict.fromkeys(("hourly", "daily", "health", "coverage"), 1)
    run_until_written(run, {"records": 62, "changes": 3, **once})
    counted = measurements(settings)
    assert (counted["fill"], counted["emptied"], counted["snapshot"]) == (60, 1, 1)
    assert counted["case"] == 3  # reported, filed, dispatched: one transaction, three points
    assert counted["device_health"] == len(REGISTRY.sensors) + len(REGISTRY.cameras)
    assert counted["hourly"] >= 5
    assert counted["daily"] >= 5
    assert counted["coverage"] >= len(REGISTRY.units)
    said: list[str] = []
    write_again(settings_path, say=said.append)
    assert said[-1] == "Done."
    assert any("records" in line and "62 of 62 (100%)" in line for line in said)
    assert measurements(settings) == counted
    assert refused_rows(settings, limit=10) == []


def test_a_backfill_with_a_wrong_token_ends_with_its_reason(settings_path: Path) -> None:
    said_by_set_up(settings_path, yes=True)
    fill_files(load_settings(settings_path))
    write_tokens(settings_path.with_name("secrets.toml"), {"token": "wrong"})
    with pytest.raises(StandsInTheWayError, match="401: unauthorized access"):
        write_again(settings_path, say=lambda _line: None)


def test_new_tokens_leave_the_other_secrets_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(
        '# kept\n[broker]\npassword = "a"\n\n'
        '[influx]\ntoken = "old"\nother = 1\n\n[centre]\nx = 2\n',
        "utf-8",
    )
    write_tokens(path, {"token": "new", "read_token": "reader"})
    text = path.read_text("utf-8")
    assert text.startswith("# kept\n[broker]")
    assert tomllib.loads(text) == {
        "broker": {"password": "a"},
        "influx": {"token": "new", "read_token": "reader", "other": 1},
        "centre": {"x": 2},
    }
    fresh = tmp_path / "fresh.toml"
    write_tokens(fresh, {"token": "new"})
    assert tomllib.loads(fresh.read_text("utf-8")) == {"influx": {"token": "new"}}
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o600
