import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.district import build_district
from storage.registry_file import (
    BadRegistryFileError,
    RegistryFile,
    load_registry,
    save_registry,
)

SNAPSHOT = build_district(1, simulator_url="http://127.0.0.1:1", gateway_id="gw-test").registry


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "registry.json"
    save_registry(SNAPSHOT, path)
    return path


def _edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


def test_what_was_saved_is_loaded_again(path: Path) -> None:
    assert load_registry(path) == SNAPSHOT


def test_people_can_read_the_file(path: Path) -> None:
    assert "东关农贸市场" in path.read_text("utf-8")


def test_saving_leaves_no_draft_behind(path: Path) -> None:
    assert [entry.name for entry in path.parent.iterdir()] == ["registry.json"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda c: c.update(palces=[]), "palces"),
        (lambda c: c["places"][3].update(nmae="x"), "places[3].nmae"),
        (lambda c: c["places"][3]["name"].update(fr="x"), "places[3].name.fr"),
        (lambda c: c["places"][3]["location"].update(alt=1), "places[3].location.alt"),
        (lambda c: c["subdistricts"][0]["outline"][2].update(z=1), "subdistricts[0].outline[2].z"),
        (lambda c: c["cameras"][1]["zones"][0].update(colour=1), "cameras[1].zones[0].colour"),
    ],
)
def test_an_unknown_key_is_refused_with_file_and_key(
    path: Path, change: Callable[[dict[str, Any]], object], key: str
) -> None:
    _edit(path, change)
    with pytest.raises(BadRegistryFileError) as caught:
        load_registry(path)
    assert caught.value.key == key
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda c: c.update(schema=2), "schema"),
        (lambda c: c.pop("units"), "$"),
        (lambda c: c["places"][2].update(place_id="NO"), "places[2]"),
        (lambda c: c["places"][2].pop("crew_id"), "places[2]"),
        (lambda c: c["containers"][0].update(depth_mm="1000"), "containers[0].depth_mm"),
        (lambda c: c["containers"][0].update(depth_mm=5), "containers[0]"),
        (lambda c: c["sensors"][0].update(dev_eui="24E124"), "sensors[0]"),
        (lambda c: c["cameras"][0]["zones"][0].update(polygon=[[0, 0]]), "cameras[0].zones[0]"),
        (lambda c: c["places"].append(c["places"][0]), "places[60].place_id"),
        (lambda c: c["crews"].pop(), "$"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_in_the_file(
    path: Path, change: Callable[[dict[str, Any]], object], key: str
) -> None:
    _edit(path, change)
    with pytest.raises(BadRegistryFileError) as caught:
        load_registry(path)
    assert caught.value.key == key


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'{"version": NaN}', b"[" * 200_000])
def test_a_file_that_holds_something_else_is_refused(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    with pytest.raises(BadRegistryFileError):
        load_registry(path)


def test_a_bad_new_file_leaves_the_old_snapshot_and_is_told_once(path: Path) -> None:
    told: list[None] = []
    registry = RegistryFile(path, on_bad=lambda: told.append(None))
    before = registry.current()
    path.write_bytes(b"{ half a fi")
    assert registry.current() is before
    assert registry.current() is before
    assert len(told) == 1


def test_a_file_that_comes_back_is_taken_again(path: Path) -> None:
    registry = RegistryFile(path)
    path.unlink()
    assert registry.current() == SNAPSHOT
    save_registry(SNAPSHOT, path)
    _edit(path, lambda content: content.update(version=5))
    assert registry.current().version == 5
