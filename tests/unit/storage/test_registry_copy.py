from dataclasses import replace
from pathlib import Path

import structlog.testing

from storage.registry_copy import RegistryCopy, bring_copy
from storage.registry_file import RegistryFile, load_registry
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.simulated_district import world
from tests.whole_run import until

FIRST = world().district.registry
SECOND = replace(FIRST, version=FIRST.version + 1)


def test_the_copy_is_made_at_once_and_follows_what_the_registry_becomes(tmp_path: Path) -> None:
    path = tmp_path / "registry-copy.json"
    registry = MemoryRegistry(FIRST)
    copy = RegistryCopy(registry, path, look_every_s=0.01)
    copy.start()
    try:
        edge = RegistryFile(path)
        assert edge.current() == FIRST

        registry.replace(SECOND)

        assert until(lambda: edge.current() == SECOND, within_s=5)
    finally:
        copy.stop()


def test_an_equal_copy_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "registry-copy.json"

    assert bring_copy(FIRST, path)
    made = path.stat().st_ino
    assert not bring_copy(FIRST, path)
    assert path.stat().st_ino == made


def test_a_database_put_back_to_an_older_version_takes_the_edge_along(tmp_path: Path) -> None:
    path = tmp_path / "registry-copy.json"
    bring_copy(SECOND, path)

    assert bring_copy(FIRST, path)
    assert load_registry(path) == FIRST


def test_a_copy_that_cannot_be_written_is_told_once_and_made_as_soon_as_it_can(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "site"
    folder.write_text("a file where the folder should be", "utf-8")
    copy = RegistryCopy(MemoryRegistry(FIRST), folder / "registry.json")

    with structlog.testing.capture_logs() as told:
        copy.look()
        copy.look()
        folder.unlink()
        copy.look()

    assert [entry["event"] for entry in told] == [
        "registry_not_copied",
        "registry_copied",
        "registry_copied_again",
    ]
    assert load_registry(folder / "registry.json") == FIRST
