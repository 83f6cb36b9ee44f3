"""Drops and smears that stay on the lens make a camera's picture unusable; things do not."""

from collections.abc import Callable

import numpy as np
import pytest

from domain.devices import Lighting
from domain.records import CameraHealth, VerdictState
from tests.fakes.sample_pictures import clean_scene, street_camera, with_bag, with_noise
from vision.camera_setup import prepare_camera
from vision.evaluation.disturbances import DISTURBANCES
from vision.judge_snapshot import CameraState, judge_snapshot
from vision.limited_cv2 import Picture, cv2
from vision.overflow_score import shipped_head


def grained() -> Picture:
    rng = np.random.default_rng(5)
    fine = cv2.GaussianBlur(rng.normal(0, 40, (360, 640)).astype(np.float32), (0, 0), 1.0)
    coarse = cv2.GaussianBlur(rng.normal(0, 900, (360, 640)).astype(np.float32), (0, 0), 14)
    return np.clip(clean_scene() + (fine + coarse)[..., None] * 1.5, 0, 255).astype(np.uint8)


SCENE = grained()
SETUP = prepare_camera(
    street_camera(), {Lighting.DAY: SCENE}, width_px=640, height_px=360, head=shipped_head()
)


def under_drops(picture: Picture) -> Picture:
    rng = np.random.default_rng(3)
    drops = np.zeros(picture.shape[:2], dtype=np.float32)
    for x, y in zip(rng.integers(40, 600, 12), rng.integers(40, 320, 12), strict=True):
        cv2.circle(drops, (int(x), int(y)), 44, 1.0, -1)
    cover = cv2.GaussianBlur(drops, (0, 0), 3)[..., None]
    soft = cv2.GaussianBlur(picture, (0, 0), 9)
    return (picture * (1 - cover) + soft * cover).astype(np.uint8)


def smeared(picture: Picture) -> Picture:
    smear = np.zeros(picture.shape[:2], dtype=np.float32)
    cv2.ellipse(smear, (380, 200), (190, 110), 20, 0, 360, 1.0, -1)
    cover = cv2.GaussianBlur(smear, (0, 0), 8)[..., None]
    soft = cv2.GaussianBlur(picture, (0, 0), 12) * 0.85 + 25
    return (picture * (1 - cover) + soft * cover).astype(np.uint8)


def lorry(picture: Picture) -> Picture:
    shown = picture.copy()
    cv2.rectangle(shown, (300, 120), (600, 330), (150, 140, 120), -1)
    return shown


def healths(view: Callable[[Picture], Picture], snapshots: int = 4) -> list[CameraHealth]:
    state, found = CameraState(), []
    for number in range(snapshots):
        judged = judge_snapshot(SETUP, state, with_noise(view(SCENE), number))
        state = judged.state
        if judged.values.camera_health is not CameraHealth.OK:
            assert {v.state for v in judged.values.verdicts} == {VerdictState.UNKNOWN}
        found.append(judged.values.camera_health)
    return found


@pytest.mark.parametrize("on_lens", [under_drops, smeared])
def test_what_stays_on_the_lens_is_told_from_the_third_snapshot(
    on_lens: Callable[[Picture], Picture],
) -> None:
    assert healths(on_lens)[2:] == [CameraHealth.BLURRED] * 2


def test_a_wiped_lens_is_well_at_once() -> None:
    state, found = CameraState(), []
    for number, picture in enumerate([*[smeared(SCENE)] * 4, SCENE]):
        judged = judge_snapshot(SETUP, state, with_noise(picture, number))
        state = judged.state
        found.append(judged.values.camera_health)
    assert found[-2:] == [CameraHealth.BLURRED, CameraHealth.OK]


@pytest.mark.parametrize("before", [lorry, with_bag], ids=["lorry", "bag"])
def test_a_thing_before_the_ground_is_no_smear(before: Callable[[Picture], Picture]) -> None:
    assert set(healths(before)) == {CameraHealth.OK}


@pytest.mark.parametrize("kind", list(DISTURBANCES))
def test_weather_light_and_shake_are_no_smear(kind: str) -> None:
    state = CameraState()
    for number in range(4):
        judged = judge_snapshot(SETUP, state, DISTURBANCES[kind](SCENE, number))
        state = judged.state
        assert judged.values.camera_health is CameraHealth.OK
