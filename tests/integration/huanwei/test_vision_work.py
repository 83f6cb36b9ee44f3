"""A camera's calibration as a file, and back; training by the command."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firmware_sim.district import build_district
from huanwei.command_line import app
from huanwei.errors import StandsInTheWayError
from huanwei.new_run import write_settings
from storage.registry_file import load_registry, save_registry

DISTRICT = build_district(7, simulator_url="http://127.0.0.1:8010", gateway_id="gw-main").registry
CAMERA = next(iter(DISTRICT.cameras))


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = write_settings(tmp_path, gateway_id="gw-main")
    save_registry(DISTRICT, tmp_path / "registry.json")
    return path


def test_zones_are_exported_edited_and_put_in_force_as_a_new_version(
    settings: Path, tmp_path: Path
) -> None:
    run = CliRunner()
    exported = run.invoke(app, ["vision", "zones", "export", CAMERA, "--settings", str(settings)])
    content = json.loads(exported.stdout)
    content["zones"] = content["zones"][:1]
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(content), encoding="utf-8")

    done = run.invoke(
        app, ["vision", "zones", "import", CAMERA, str(edited), "--settings", str(settings)]
    )

    assert "Version 2" in done.stdout
    zones = load_registry(tmp_path / "registry.json").cameras[CAMERA].zones
    assert zones == DISTRICT.cameras[CAMERA].zones[:1]


@pytest.mark.parametrize(
    ("camera", "content"), [("cam-none", '{"zones": []}'), (CAMERA, "{"), (CAMERA, '{"zones": 3}')]
)
def test_what_cannot_be_imported_changes_nothing(
    settings: Path, tmp_path: Path, camera: str, content: str
) -> None:
    file = tmp_path / "bad.json"
    file.write_text(content, encoding="utf-8")

    done = CliRunner().invoke(
        app, ["vision", "zones", "import", camera, str(file), "--settings", str(settings)]
    )

    assert isinstance(done.exception, StandsInTheWayError)
    assert load_registry(tmp_path / "registry.json") == DISTRICT


def test_training_without_pictures_says_what_is_missing(settings: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["vision", "train", str(tmp_path), "--settings", str(settings)])

    assert isinstance(done.exception, StandsInTheWayError)
    assert "no examples" in str(done.exception)
