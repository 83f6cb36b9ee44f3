"""Simulated cameras: what they answer, sound and broken; and their references."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from domain.devices import Lighting
from firmware_sim.backdrop import Picture
from firmware_sim.camera_server import CameraFault, UnknownCameraError, UnreachableCameraError
from firmware_sim.references import write_references
from tests.fakes.simulator_rig import SimulatorRig, district, simulator_rig

CAMERA_ID = "cam-001"


def picture(jpeg: bytes) -> Picture:
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded.astype(np.uint8)


def sharpness(of: Picture) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(of, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())


@pytest.fixture
def rig() -> SimulatorRig:
    return simulator_rig()


def test_every_camera_answers_a_jpeg_of_its_size(rig: SimulatorRig) -> None:
    for camera_id in district().registry.cameras:
        assert picture(rig.parts.cameras.snapshot(camera_id)).shape == (360, 640, 3)
    assert rig.counted("snapshots", answer="none") == 12


def test_overfilling_a_bin_changes_the_next_snapshot(rig: SimulatorRig) -> None:
    before = picture(rig.parts.cameras.snapshot(CAMERA_ID)).astype(int)
    rig.clock.advance(minutes=1)
    rig.world.overfill("bin-001-a", rig.clock.now())
    after = picture(rig.parts.cameras.snapshot(CAMERA_ID)).astype(int)
    assert float((np.abs(after - before).max(axis=2) > 40).mean()) > 0.01


@pytest.mark.parametrize("fault", CameraFault)
def test_an_unknown_camera_is_an_error_not_a_picture(rig: SimulatorRig, fault: CameraFault) -> None:
    for ask in (
        lambda: rig.parts.cameras.snapshot("cam-999"),
        lambda: rig.parts.cameras.fault("cam-999"),
        lambda: rig.parts.cameras.set_fault("cam-999", fault),
    ):
        with pytest.raises(UnknownCameraError):
            ask()


def test_an_unreachable_camera_gives_no_picture_until_it_is_mended(rig: SimulatorRig) -> None:
    rig.parts.cameras.set_fault(CAMERA_ID, CameraFault.UNREACHABLE)
    with pytest.raises(UnreachableCameraError):
        rig.parts.cameras.snapshot(CAMERA_ID)
    rig.parts.cameras.set_fault(CAMERA_ID, CameraFault.NONE)
    assert rig.parts.cameras.snapshot(CAMERA_ID)
    assert rig.counted("snapshots", answer="unreachable") == 1


def test_a_frozen_camera_repeats_one_picture_and_a_sound_one_never_does(rig: SimulatorRig) -> None:
    sound = [rig.parts.cameras.snapshot(CAMERA_ID)]
    rig.clock.advance(minutes=1)
    sound.append(rig.parts.cameras.snapshot(CAMERA_ID))
    rig.parts.cameras.set_fault(CAMERA_ID, CameraFault.FROZEN)
    frozen = []
    for _ in range(3):
        rig.clock.advance(minutes=30)
        frozen.append(rig.parts.cameras.snapshot(CAMERA_ID))
    assert sound[0] != sound[1]
    assert frozen == [sound[1]] * 3


def test_black_blurred_and_moved_look_like_it(rig: SimulatorRig) -> None:
    rig.clock.advance(hours=4)
    seen = {}
    for fault in (CameraFault.NONE, CameraFault.BLACK, CameraFault.BLURRED, CameraFault.MOVED):
        rig.parts.cameras.set_fault(CAMERA_ID, fault)
        seen[fault] = picture(rig.parts.cameras.snapshot(CAMERA_ID))
    assert seen[CameraFault.BLACK].mean() < 10 < seen[CameraFault.NONE].mean()
    assert sharpness(seen[CameraFault.BLURRED]) < sharpness(seen[CameraFault.NONE]) / 10
    moved = np.abs(seen[CameraFault.MOVED].astype(int) - seen[CameraFault.NONE]).mean()
    assert moved > 15


def test_references_are_named_by_their_content_and_stand_in_the_registry(tmp_path: Path) -> None:
    registry = write_references(district(), tmp_path / "references")
    for camera in registry.cameras.values():
        assert {reference.lighting for reference in camera.references} == {
            Lighting.DAY,
            Lighting.NIGHT,
        }
        for reference in camera.references:
            content = (tmp_path / "references" / f"{reference.sha256}.jpg").read_bytes()
            assert hashlib.sha256(content).hexdigest() == reference.sha256
    assert len(list((tmp_path / "references").iterdir())) == 2 * len(registry.cameras)


def test_a_clean_snapshot_is_like_its_reference(rig: SimulatorRig, tmp_path: Path) -> None:
    camera = write_references(district(), tmp_path).cameras[CAMERA_ID]
    by_lighting = {reference.lighting: reference.sha256 for reference in camera.references}
    rig.clock.advance(hours=5, minutes=30)
    rig.world.visit(camera.place_id, rig.clock.now(), actor="crew-visitor")
    rig.clock.advance(seconds=1)
    assert rig.world.truth(camera.place_id, rig.clock.now()).ground == ()
    day = (tmp_path / f"{by_lighting[Lighting.DAY]}.jpg").read_bytes()
    now = picture(rig.parts.cameras.snapshot(CAMERA_ID)).astype(int)
    assert float((np.abs(now - picture(day))[40:].max(axis=2) > 40).mean()) < 0.01


def test_a_clock_that_stands_gives_the_same_bytes_again(rig: SimulatorRig) -> None:
    first = rig.parts.cameras.snapshot(CAMERA_ID)
    assert rig.parts.cameras.snapshot(CAMERA_ID) == first
    rig.clock.advance(seconds=1)
    assert rig.parts.cameras.snapshot(CAMERA_ID) != first
