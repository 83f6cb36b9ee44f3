"""What every Registry owes its readers, over the fake, the file and PostgreSQL."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from domain.ports.registry import Registry
from domain.registry import RegistrySnapshot
from firmware_sim.district import build_district
from huanwei.business_clock import SystemClock
from storage.postgres import DatabaseUnavailableError
from storage.postgres_registry import OlderRegistryError, PostgresRegistry, PostgresRegistryWriter
from storage.registry_file import RegistryFile, save_registry
from tests.fakes.memory_registry import MemoryRegistry
from tests.postgres_server import RunningPostgres

SNAPSHOT = build_district(1, simulator_url="http://127.0.0.1:1", gateway_id="gw-test").registry

Changer = Callable[[RegistrySnapshot], object]


@pytest.fixture(params=["memory", "file", "postgres"])
def registry_and_changer(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Registry, Changer]]:
    if request.param == "memory":
        fake = MemoryRegistry(SNAPSHOT)
        yield fake, fake.replace
        return
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        clock = SystemClock()
        writer = PostgresRegistryWriter(url, by="test", now=clock.now)
        writer.put(SNAPSHOT)
        registry = PostgresRegistry(url, monotonic_s=clock.monotonic_s, look_every_s=0)
        yield registry, writer.put
        registry.close()
        writer.close()
        return
    path = tmp_path / "registry.json"
    save_registry(SNAPSHOT, path)
    yield RegistryFile(path), lambda snapshot: save_registry(snapshot, path)


def test_it_gives_the_snapshot_whole(registry_and_changer: tuple[Registry, Changer]) -> None:
    registry, _ = registry_and_changer
    assert registry.current() == SNAPSHOT


def test_it_gives_the_same_object_until_something_changes(
    registry_and_changer: tuple[Registry, Changer],
) -> None:
    registry, _ = registry_and_changer
    assert registry.current() is registry.current()


def test_it_gives_the_new_snapshot_after_a_change(
    registry_and_changer: tuple[Registry, Changer],
) -> None:
    registry, change = registry_and_changer
    assert registry.current().version == 1
    change(replace(SNAPSHOT, version=2))
    assert registry.current().version == 2


def test_an_older_version_is_refused_and_what_is_there_already_changes_nothing(
    postgres_url: str,
) -> None:
    writer = PostgresRegistryWriter(postgres_url, by="test", now=SystemClock().now)
    assert writer.put(replace(SNAPSHOT, version=5))
    assert not writer.put(replace(SNAPSHOT, version=5))
    with pytest.raises(OlderRegistryError, match="version 4, and the database has version 5"):
        writer.put(replace(SNAPSHOT, version=4))
    writer.close()


def test_a_camera_is_replaced_under_a_new_version_and_laid_out_at_once(postgres_url: str) -> None:
    writer = PostgresRegistryWriter(postgres_url, by="test", now=SystemClock().now)
    writer.put(SNAPSHOT)
    camera = replace(next(iter(SNAPSHOT.cameras.values())), snapshot_interval_s=77)
    writer.replace_camera(camera)
    with pytest.raises(LookupError):
        writer.replace_camera(replace(camera, device_id="camera-nowhere"))
    writer.close()
    clock = SystemClock()
    registry = PostgresRegistry(postgres_url, monotonic_s=clock.monotonic_s)
    assert registry.current().version == SNAPSHOT.version + 1
    assert registry.current().cameras[camera.device_id] == camera
    registry.close()
    with psycopg.connect(postgres_url) as connection:
        laid_out = connection.execute(
            "SELECT device_id FROM registry.cameras WHERE snapshot_interval_s = 77"
        ).fetchall()
    assert laid_out == [(camera.device_id,)]


def test_the_last_good_registry_stays_while_the_database_is_away(
    postgres: RunningPostgres,
) -> None:
    url = postgres.fresh_database()
    writer = PostgresRegistryWriter(url, by="test", now=SystemClock().now)
    writer.put(SNAPSHOT)
    writer.close()
    clock = SystemClock()
    registry = PostgresRegistry(url, monotonic_s=clock.monotonic_s, look_every_s=0)
    postgres.drop(url)
    assert registry.current() == SNAPSHOT
    registry.close()
    with pytest.raises(DatabaseUnavailableError):
        PostgresRegistry(url, monotonic_s=clock.monotonic_s)
