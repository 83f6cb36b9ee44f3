"""What every Registry owes its readers, over the fake, the file and PostgreSQL."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.ports.registry import Registry
from domain.registry import RegistrySnapshot
from firmware_sim.district import build_district
from huanwei.business_clock import SystemClock
from storage.postgres_registry import PostgresRegistry, PostgresRegistryWriter
from storage.registry_file import RegistryFile, save_registry
from tests.fakes.memory_registry import MemoryRegistry

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
