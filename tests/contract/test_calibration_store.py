"""One suite over the calibration stores, real and fake."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.calibration import (
    CameraCalibration,
    OverflowThreshold,
    StaleCalibrationError,
    UnknownCameraError,
)
from domain.cases import Actor
from domain.checks import InvalidValueError
from domain.devices import Lighting, ReferencePicture, Zone, ZoneKind
from domain.ports.calibration_store import CalibrationStore
from firmware_sim.district import build_district
from storage.registry_editing import RegistryFileEditor
from storage.registry_file import RegistryFile, load_registry, save_registry
from tests.fakes.memory_calibrations import MemoryCalibrations
from tests.fakes.memory_registry import MemoryRegistry
from vision.calibration_folder import CalibrationFolder

DISTRICT = build_district(7, simulator_url="http://127.0.0.1:8010", gateway_id="gw-test").registry
CAMERA = next(iter(DISTRICT.cameras))
AT = datetime(2026, 3, 3, tzinfo=UTC)
GROUND = Zone(
    zone_id="ground-1",
    kind=ZoneKind.GROUND,
    polygon=((0.1, 0.5), (0.9, 0.5), (0.9, 0.9), (0.1, 0.9)),
    area_m2=14.0,
)
BIN = Zone(
    zone_id="bin-1",
    kind=ZoneKind.BIN,
    polygon=((0.2, 0.2), (0.4, 0.2), (0.4, 0.6)),
    rim_share=0.3,
)
NEW = CameraCalibration(
    zones=(GROUND, BIN),
    references=(ReferencePicture(lighting=Lighting.DAY, sha256="a" * 64),),
    overflow=OverflowThreshold(logit=1.25, normal_pictures=24, network_sha256="b" * 64),
)


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> CalibrationStore:
    if request.param == "memory":
        return MemoryCalibrations(MemoryRegistry(DISTRICT))
    path = tmp_path / "registry.json"
    save_registry(DISTRICT, path)
    return CalibrationFolder(
        folder=tmp_path / "references",
        registry=RegistryFile(path),
        editor=RegistryFileEditor(path),
    )


def test_what_is_saved_is_in_force(store: CalibrationStore) -> None:
    version = store.save(CAMERA, NEW, saved_by=Actor.OPERATOR, saved_at=AT, note="first")

    assert store.current(CAMERA) == NEW
    assert store.versions(CAMERA)[0] == version
    assert (version.saved_by, version.saved_at, version.note) == (Actor.OPERATOR, AT, "first")


def test_what_was_in_force_before_the_first_save_can_be_restored(store: CalibrationStore) -> None:
    found = store.current(CAMERA)
    store.save(CAMERA, NEW, saved_by=Actor.OPERATOR, saved_at=AT)

    oldest = store.versions(CAMERA)[-1]
    assert (oldest.number, oldest.calibration) == (1, found)
    store.save(CAMERA, oldest.calibration, saved_by=Actor.OPERATOR, saved_at=AT, note="back")
    assert store.current(CAMERA) == found
    assert [version.number for version in store.versions(CAMERA)] == [3, 2, 1]


def test_a_save_that_has_not_seen_the_newest_is_refused(store: CalibrationStore) -> None:
    seen = store.current(CAMERA)
    store.save(CAMERA, NEW, saved_by=Actor.OPERATOR, saved_at=AT, based_on=seen)

    with pytest.raises(StaleCalibrationError):
        store.save(CAMERA, seen, saved_by=Actor.OPERATOR, saved_at=AT, based_on=seen)

    assert store.current(CAMERA) == NEW
    assert len(store.versions(CAMERA)) == 2


def test_zones_that_cannot_be_used_change_nothing(store: CalibrationStore) -> None:
    before = store.current(CAMERA)
    crossing = replace(GROUND, polygon=((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)))

    with pytest.raises(InvalidValueError):
        store.save(
            CAMERA, CameraCalibration(zones=(crossing,)), saved_by=Actor.OPERATOR, saved_at=AT
        )

    assert (store.current(CAMERA), list(store.versions(CAMERA))) == (before, [])


def test_a_camera_nobody_knows_is_refused(store: CalibrationStore) -> None:
    with pytest.raises(UnknownCameraError):
        store.current("camera-none")
    with pytest.raises(UnknownCameraError):
        store.save("camera-none", NEW, saved_by=Actor.OPERATOR, saved_at=AT)


def test_a_reference_is_named_by_its_content(store: CalibrationStore) -> None:
    jpeg = b"\xff\xd8 any bytes \xff\xd9"

    assert store.put_reference(jpeg) == store.put_reference(jpeg)
    assert store.put_reference(jpeg) == hashlib.sha256(jpeg).hexdigest()


def test_what_people_edited_by_hand_meanwhile_stays_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "registry.json"
    save_registry(DISTRICT, path)
    registry, editor = RegistryFile(path), RegistryFileEditor(path)
    store = CalibrationFolder(folder=tmp_path, registry=registry, editor=editor)
    other = next(name for name in DISTRICT.cameras if name != CAMERA)
    by_hand = replace(DISTRICT.cameras[other], snapshot_interval_s=77)
    editor.replace_camera(by_hand)

    store.save(CAMERA, NEW, saved_by=Actor.OPERATOR, saved_at=AT)

    saved = load_registry(path)
    assert saved.cameras[other] == by_hand
    assert saved.cameras[CAMERA].zones == NEW.zones
    assert saved.version == DISTRICT.version + 2


def test_looks_are_written_down(tmp_path: Path) -> None:
    path = tmp_path / "registry.json"
    save_registry(DISTRICT, path)
    store = CalibrationFolder(
        folder=tmp_path, registry=RegistryFile(path), editor=RegistryFileEditor(path)
    )

    store.note_look(CAMERA, looked_by=Actor.INSPECTOR, looked_at=AT)

    noted = (tmp_path / "calibrations" / CAMERA / "looks.jsonl").read_text(encoding="utf-8")
    assert '"inspector"' in noted
    assert "2026-03-03" in noted


def test_who_saves_second_is_refused_also_while_the_registry_is_followed_late(
    tmp_path: Path,
) -> None:
    path = tmp_path / "registry.json"
    save_registry(DISTRICT, path)
    followed = MemoryRegistry(DISTRICT)
    late = CalibrationFolder(
        folder=tmp_path / "references", registry=followed, editor=RegistryFileEditor(path)
    )
    found = late.current(CAMERA)
    late.save(CAMERA, NEW, saved_by=Actor.OPERATOR, saved_at=AT, based_on=found)

    with pytest.raises(StaleCalibrationError):
        late.save(CAMERA, found, saved_by=Actor.OPERATOR, saved_at=AT, based_on=found)
    late.save(CAMERA, found, saved_by=Actor.OPERATOR, saved_at=AT, based_on=NEW)
    followed.replace(load_registry(path))
    assert late.current(CAMERA).zones == found.zones
