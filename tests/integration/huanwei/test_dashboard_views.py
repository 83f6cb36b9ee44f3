"""The views that Grafana reads are those that docs/dashboards-data.md promises."""

import re
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from alerts.postgres_store import PostgresCases
from huanwei.business_clock import SystemClock
from huanwei.database_reader import make_reader
from huanwei.errors import StandsInTheWayError
from storage.postgres import reading_engine
from storage.postgres_registry import PostgresRegistryWriter
from tests.fakes.alerts_rig import alerts_registry, open_alerts_rig
from tests.postgres_server import USER, RunningPostgres

PROMISED = Path(__file__).parents[3] / "docs" / "dashboards-data.md"


def promised_columns() -> dict[str, list[str]]:
    """Return the columns of each view: the paragraph that begins with a name in backticks."""
    found: dict[str, list[str]] = {}
    for section in PROMISED.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        columns = re.findall(r"`(\w+)`", body.strip().split("\n\n")[0])
        for view in re.findall(r"`(\w+)`", heading):
            found[view] = columns + (["age_s"] if view == "open_alerts" else [])
    return found


def test_every_view_and_column_is_promised_in_its_order_and_none_else(postgres_url: str) -> None:
    engine = reading_engine(postgres_url, schema="dashboards")
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = 'dashboards' ORDER BY table_name, ordinal_position"
            )
        ).all()
    engine.dispose()
    there: dict[str, list[str]] = {}
    for view, column in rows:
        there.setdefault(view, []).append(column)
    assert there == promised_columns()


def limit_of_the_case(url: str) -> tuple[str, float | None, bool]:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT state, time_left_s, overdue FROM dashboards.cases"
        ).fetchone()
    assert row is not None
    return row


def test_the_views_tell_a_case_from_its_opening_to_its_end(postgres_url: str) -> None:
    writer = PostgresRegistryWriter(postgres_url, by="test", now=SystemClock().now)
    writer.put(alerts_registry())
    writer.close()
    with open_alerts_rig(PostgresCases(postgres_url)) as rig:
        rig.level("only", 0.95, 0.95)
        rig.deliver()
        opened = rig.the_case()
        rig.clock.advance(minutes=10)
        running = limit_of_the_case(postgres_url)
        rig.finish(opened)
        waiting = limit_of_the_case(postgres_url)
        rig.level("only", 0.05, 0.05)
    engine = reading_engine(postgres_url, schema="dashboards")
    with engine.connect() as connection:
        (case,) = connection.execute(text("SELECT * FROM cases")).mappings()
        measures = connection.execute(
            text("SELECT sum(filed), sum(due), sum(closed), sum(closed_on_time) FROM case_measures")
        ).one()
        states = connection.execute(text("SELECT DISTINCT state FROM outbox")).scalars().all()
        evidence = connection.execute(text("SELECT count(*) FROM evidence")).scalar()
        open_alerts = connection.execute(text("SELECT count(*) FROM open_alerts")).scalar()
        districts = [
            tuple(row)
            for row in connection.execute(text("SELECT district_zh, district_en FROM places"))
        ]
    engine.dispose()
    assert running[0] == "dispatched"
    assert isinstance(running[1], float)
    assert waiting == ("awaiting_verification", None, False)
    assert case["state"] == "closed"
    assert (case["open"], case["overdue"], case["time_left_s"]) == (False, False, None)
    assert (case["handled_on_time"], case["closed_on_time"]) == (True, True)
    assert case["opened_at"] == opened.opened_at
    assert case["acceptance_s"] == 600
    assert case["total_s"] == 1200
    assert case["place_zh"] == alerts_registry().places["plain"].name.zh
    assert set(districts) == {(alerts_registry().district.zh, alerts_registry().district.en)}
    assert tuple(measures) == (1, 1, 1, 1)
    assert "delivered" in states
    assert (evidence, open_alerts) == (2, 0)


def test_the_reader_sees_the_views_and_nothing_else(postgres_url: str) -> None:
    # Accounts belong to the whole server, so one of our own name.
    name = "reader_" + postgres_url.rsplit("_", 1)[1]
    assert make_reader(postgres_url, name=name, password="of-this-test-only-1")  # noqa: S106
    assert not make_reader(postgres_url, name=name, password="of-this-test-only-2")  # noqa: S106
    address = make_url(postgres_url).set(username=name, password="of-this-test-only-2")  # noqa: S106
    with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
        connection.execute("SELECT * FROM cases")
        for refused in ("SELECT * FROM cases.cases", "SELECT * FROM registry.versions"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(refused.encode())
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE dashboards.mine ()")
    with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.commit()
        for refused in ("CREATE TEMPORARY TABLE mine ()", "CREATE TABLE dashboards.mine ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(refused.encode())
    with pytest.raises(StandsInTheWayError, match="may do more than read"):
        make_reader(postgres_url, name=USER, password="of-this-test-only-1")  # noqa: S106


def test_an_account_that_may_make_no_others_is_told_so(
    postgres: RunningPostgres, postgres_url: str
) -> None:
    plain = "plain_" + postgres_url.rsplit("_", 1)[1]
    postgres.execute(f"CREATE ROLE {plain} LOGIN PASSWORD 'of-this-test-only-1'")
    postgres.execute(f"GRANT pg_read_all_data TO {plain}")
    address = make_url(postgres_url).set(username=plain, password="of-this-test-only-1")  # noqa: S106

    with pytest.raises(StandsInTheWayError, match="was not made: permission denied") as refused:
        make_reader(address, name="reader_of_plain", password="of-this-test-only-2")  # noqa: S106

    assert "of-this-test" not in str(refused.value)


def test_the_server_never_sees_the_readers_password(
    postgres: RunningPostgres, postgres_url: str
) -> None:
    name = "unseen_" + postgres_url.rsplit("_", 1)[1]
    postgres.execute("ALTER SYSTEM SET log_statement = 'all'")
    postgres.execute("SELECT pg_reload_conf()")
    try:
        make_reader(postgres_url, name=name, password="of-this-test-only-3")  # noqa: S106
    finally:
        postgres.execute("ALTER SYSTEM RESET log_statement")
        postgres.execute("SELECT pg_reload_conf()")

    log = (postgres.folder / "postgres.log").read_text("utf-8")
    assert f'ALTER ROLE "{name}"' in log
    assert "of-this-test-only-3" not in log
