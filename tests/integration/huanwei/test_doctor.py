"""The doctor at real servers."""

import json
from pathlib import Path

import psycopg
from pydantic import SecretStr
from typer.testing import CliRunner

from huanwei.broker.cap import cap_stored_messages
from huanwei.business_clock import SystemClock
from huanwei.command_line import app
from huanwei.doctor.case_checks import check_case_work
from huanwei.doctor.findings import State
from huanwei.doctor.server_checks import check_broker, check_broker_store, check_influx
from huanwei.new_run import write_settings
from huanwei.settings import InfluxSection, load_settings
from tests.influx_server import ADMIN_TOKEN, ORG, RunningInflux
from tests.postgres_server import RunningPostgres
from tests.servers import RunningBroker


def test_the_broker_lets_in_or_not(broker: RunningBroker, tmp_path: Path) -> None:
    section = load_settings(write_settings(tmp_path / "run", gateway_id="gw-one")).broker
    right = section.model_copy(
        update={
            "mqtt_port": broker.port,
            "monitoring_port": broker.ports.monitoring,
            "ingest_password": SecretStr(broker.passwords["ingest"]),
        }
    )
    wrong = right.model_copy(update={"ingest_password": SecretStr("not-the-password-at-all")})

    assert check_broker(right, gateway_id="gw-one").state is State.OK
    assert check_broker(wrong, gateway_id="gw-one").state is State.WRONG
    unasked = right.model_copy(
        update={f"{name}_password": SecretStr("") for name in ("ingest", "gateway", "devices")}
    )
    assert check_broker(unasked, gateway_id="gw-one").word == "broker_unasked"
    assert check_broker_store(right).word == "store_unbounded"
    assert cap_stored_messages(broker.ports, broker.passwords["admin"])
    assert check_broker_store(right).state is State.OK


def test_influx_without_our_tokens_is_told(influx: RunningInflux) -> None:
    section = InfluxSection(url=influx.url, org=ORG, token=SecretStr(ADMIN_TOKEN))

    found = check_influx(section, now=SystemClock().now())

    assert {each.word for each in found} >= {"influx_refuses", "clock_good"}


def test_a_run_that_was_never_started_is_told_in_words_and_by_the_exit_code(
    tmp_path: Path,
) -> None:
    run = CliRunner()
    folder = tmp_path / "run"
    assert run.invoke(app, ["init", str(folder)]).exit_code == 0
    path = folder / "huanwei.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("mqtt_port = 1883", "mqtt_port = 1"), "utf-8")
    settings = ["--settings", str(path)]

    assert run.invoke(app, ["config", "check", *settings]).exit_code == 0
    told = run.invoke(app, ["doctor", *settings, "--json", "--language", "zh"])

    assert told.exit_code == 1
    rows = {row["check"]: row for row in json.loads(told.stdout)}
    assert rows["broker"]["state"] == "wrong"
    assert "没有应答" in rows["broker"]["text"]
    assert rows["registry"]["state"] == "ok"
    assert rows["disk"]["word"] == "data_missing"


def test_lag_and_waiting_messages_are_those_of_the_districts_database(
    tmp_path: Path, postgres: RunningPostgres
) -> None:
    url = postgres.fresh_database()
    path = write_settings(tmp_path / "run", gateway_id="gw-one")
    secrets = path.with_name("secrets.toml")
    secrets.write_text(secrets.read_text("utf-8") + f'\n[postgres]\nurl = "{url}"\n', "utf-8")
    settings = load_settings(path)
    calm = {each.check: each.word for each in check_case_work(settings)}

    with psycopg.connect(url) as connection:
        connection.execute("UPDATE journal.tail SET position = 6000")
        connection.execute(
            "INSERT INTO cases.outbox (message_id, case_id, episode, occasion, channel, recipient,"
            " level, title, body, created_at, lane, state, repeat, attempts)"
            " SELECT 'm' || n, 'case-one', 'e', 'o' || n, 'webhook', 'crew-one', 'new', 't', 'b',"
            " (extract(epoch FROM now() - interval '40 minutes') * 1000000)::bigint, 0, 'waiting',"
            " false, 0 FROM generate_series(1, 2) n"
        )
    told = {each.check: each for each in check_case_work(settings)}

    postgres.drop(url)
    assert calm == {"lag": "lag_good", "messages": "messages_none"}
    assert told["lag"].values == {"entries": 6000}
    assert told["lag"].state is State.WRONG
    assert told["messages"].word == "messages_old"
    assert told["messages"].values == {"count": 2, "minutes": 40}
