"""The PostgreSQL database of a district: brought to this release, seen in order, away and back."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from huanwei.database import WrongRevisionError, database_state, require_this_release, upgrade
from storage.postgres import (
    DatabaseUnavailableError,
    WriteLock,
    administration_engine,
    reading_engine,
    writing_engine,
)
from tests.postgres_server import PASSWORD, RunningPostgres


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
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with engine.connect() as connection:
        postgres.execute(cut)
        with pytest.raises(DatabaseUnavailableError):
            connection.execute(text("SELECT 1"))
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
