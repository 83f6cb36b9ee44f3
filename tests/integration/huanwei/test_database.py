"""The PostgreSQL database of a district: brought to this release, seen in order, away and back."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from alerts import schema as cases_schema
from huanwei.database import WrongRevisionError, database_state, require_this_release, upgrade
from ingest.postgres import schema as journal_schema
from storage import registry_tables
from storage.postgres import (
    DatabaseUnavailableError,
    WriteLock,
    administration_engine,
    reading_engine,
    writing_engine,
)
from tests.postgres_server import PASSWORD, RunningPostgres

pytestmark = pytest.mark.takes_s(6)

OWNED = {
    "cases": cases_schema.METADATA,
    "registry": registry_tables.METADATA,
    "journal": journal_schema.METADATA,
}


def test_an_empty_database_is_brought_to_this_release_and_once_more_changes_nothing(
    postgres: RunningPostgres,
) -> None:
    url = postgres.fresh_database(upgraded=False)
    with pytest.raises(WrongRevisionError, match="huanwei database upgrade"):
        require_this_release(url)
    said: list[str] = []
    upgrade(url, say=said.append)
    upgrade(url, say=said.append)
    require_this_release(url)
    assert len(said) == len(set(said)) > 0
    postgres.drop(url)


def test_a_database_of_a_newer_release_is_left_alone(postgres_url: str) -> None:
    engine = administration_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE public.alembic_version SET version_num = '9999'"))
    engine.dispose()
    assert database_state(postgres_url).unknown
    with pytest.raises(WrongRevisionError, match="9999"):
        upgrade(postgres_url)


def test_the_tables_are_those_that_the_parts_define(postgres_url: str) -> None:
    engine = administration_engine(postgres_url)
    with engine.connect() as connection:
        for schema, metadata in OWNED.items():
            connection.exec_driver_sql(f"SET search_path TO {schema}")
            context = MigrationContext.configure(connection, opts={"compare_server_default": True})
            assert compare_metadata(context, metadata) == [], schema
        found = connection.execute(
            text("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'")
        )
        assert set(found.scalars()) == {*OWNED, "dashboards", "public"}
    engine.dispose()


_UPGRADE = "import sys; from huanwei.database import upgrade; upgrade(sys.argv[1])"


def test_an_upgrade_killed_at_any_moment_goes_on_where_it_ended(postgres: RunningPostgres) -> None:
    url = postgres.fresh_database(upgraded=False)
    reached = set()
    for blocked in ("cases", "registry", "dashboards"):
        with psycopg.connect(url) as holder:
            # Whoever makes this schema waits for us to give it up again: there it is killed.
            holder.execute(f"CREATE SCHEMA {blocked}".encode())
            killed = subprocess.Popen([sys.executable, "-c", _UPGRADE, url])
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'"
            deadline_s = time.monotonic() + 20
            with psycopg.connect(url, autocommit=True) as look:
                while look.execute(waiting).fetchone() is None:
                    assert time.monotonic() < deadline_s
                    threading.Event().wait(0.02)
            killed.kill()
            killed.wait()
            postgres.end_sessions(url, but=holder.info.backend_pid)
            holder.rollback()
        reached.add(database_state(url).at)
    assert reached == {None, "0001", "0002"}
    upgrade(url)
    require_this_release(url)
    postgres.drop(url)


def test_two_upgrades_at_once_take_turns(postgres: RunningPostgres) -> None:
    url = postgres.fresh_database(upgraded=False)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(upgrade, [url, url]))
    require_this_release(url)
    postgres.drop(url)


def test_writers_take_turns_and_readers_cannot_write(postgres_url: str) -> None:
    lock = {"lock": WriteLock.CASES, "schema": "cases"}
    first, second = (writing_engine(postgres_url, **lock) for _ in range(2))  # type: ignore[arg-type]
    reader = reading_engine(postgres_url, schema="cases")
    in_turn = threading.Event()

    def write() -> None:
        with second.begin() as connection:
            in_turn.set()
            connection.execute(text("INSERT INTO counters VALUES ('n', 2)"))

    with ThreadPoolExecutor(1) as pool, first.begin() as connection:
        waiting = pool.submit(write)
        assert not in_turn.wait(0.2)
        connection.execute(text("INSERT INTO cursors VALUES ('n', 1)"))
        connection.commit()
        waiting.result(5)
    with reader.connect() as connection:
        assert connection.execute(text("SELECT value FROM counters")).scalar() == 2
        with pytest.raises(DatabaseUnavailableError, match="read-only"):
            connection.execute(text("DELETE FROM counters"))
    for engine in (first, second, reader):
        engine.dispose()


def test_an_outage_is_one_error_and_the_engine_works_again_without_a_restart_of_ours(
    postgres: RunningPostgres, postgres_url: str
) -> None:
    engine = reading_engine(postgres_url, schema="cases")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    with engine.connect() as connection:
        postgres.end_sessions(postgres_url)
        with pytest.raises(DatabaseUnavailableError):
            connection.execute(text("SELECT 1"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    # A connection that waited in the pool meanwhile is replaced without a word.
    postgres.end_sessions(postgres_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    engine.dispose()


def test_an_address_where_nobody_answers_is_an_outage_and_hides_the_password(
    postgres: RunningPostgres,
) -> None:
    url = postgres.url("no_such_database").replace(str(postgres.port), "1")
    engine = reading_engine(url, schema="cases")
    with pytest.raises(DatabaseUnavailableError) as raised, engine.connect():
        pass
    assert PASSWORD not in str(raised.value)
    assert PASSWORD not in repr(engine)
