from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.devices import Lighting
from domain.problems import ProblemClass
from domain.records import Verdict, VerdictState
from tests.fakes.sample_pictures import clean_scene, street_camera, with_heaped_bin, with_noise
from vision.camera_setup import prepare_camera
from vision.child_work import judge_of
from vision.judge_snapshot import CameraState, judge_snapshot
from vision.limited_cv2 import Picture, cv2
from vision.lite0 import FEATURES
from vision.lite0_file import UnusableWeightsError
from vision.overflow_calibration import calibrate, calibration_path, write_calibration
from vision.overflow_network import (
    Network,
    OverflowNetwork,
    shipped_network_head,
    watching_network,
)
from vision.overflow_score import RIM_HALF, combined_score, head_can_tip
from vision.zone_verdicts import PRESENT_FROM

SCENE = clean_scene()


class CountingHead:
    """A head that is dear to ask, and always of one opinion."""

    is_quick = False

    def __init__(self, logit: float) -> None:
        self.logit = logit
        self.asked = 0

    def crop_logit(self, crop: Picture) -> float:
        assert crop.size
        self.asked += 1
        return self.logit


def with_something_above_the_rim(width_px: int) -> Picture:
    picture = SCENE.copy()
    cv2.rectangle(picture, (290, 44), (290 + width_px, 100), (20, 20, 220), -1)
    return picture


def bin_verdict(picture: Picture, head: CountingHead, normal_logit: float | None) -> Verdict:
    camera = prepare_camera(
        street_camera(),
        {Lighting.DAY: SCENE},
        width_px=640,
        height_px=360,
        head=head,
    )
    setup = replace(camera, normal_logit=normal_logit)
    head.asked = 0
    state = CameraState()
    verdicts: tuple[Verdict, ...] = ()
    for number in range(4):
        judged = judge_snapshot(setup, state, with_noise(picture, number))
        state, verdicts = judged.state, judged.values.verdicts
    return next(
        verdict for verdict in verdicts if verdict.problem_class is ProblemClass.BIN_OVERFLOW
    )


@pytest.mark.parametrize(
    ("picture", "state"),
    [(SCENE, VerdictState.CLEAR), (with_heaped_bin(SCENE), VerdictState.PRESENT)],
)
def test_a_slow_head_is_not_asked_where_the_rim_strip_has_decided(
    picture: Picture, state: VerdictState
) -> None:
    head = CountingHead(9.0)
    assert bin_verdict(picture, head, 0.0).state is state
    assert head.asked <= 1  # a heap may pass the borderline while it begins to stay


def test_a_borderline_strip_is_tipped_by_a_head_above_what_is_normal_for_the_camera() -> None:
    picture = with_something_above_the_rim(12)
    head = CountingHead(4.0)
    assert bin_verdict(picture, head, 0.0).state is VerdictState.PRESENT
    assert head.asked >= 1
    assert bin_verdict(picture, head, 4.0).state is not VerdictState.PRESENT


def test_what_just_looks_over_the_rim_makes_a_bin_full_and_not_overfull() -> None:
    def said(picture: Picture) -> tuple[VerdictState, tuple[str, ...]]:
        verdict = bin_verdict(picture, CountingHead(0.0), 0.0)
        return verdict.state, verdict.reasons

    assert said(SCENE) == (VerdictState.CLEAR, ("seen_clean",))
    assert said(with_something_above_the_rim(1)) == (VerdictState.CLEAR, ("bin_full",))
    assert said(with_something_above_the_rim(9)) == (
        VerdictState.UNKNOWN,
        ("borderline", "bin_full"),
    )
    assert said(with_something_above_the_rim(40))[0] is VerdictState.PRESENT


def test_a_slow_head_is_asked_about_the_clean_reference_only_once_and_only_when_needed() -> None:
    camera = street_camera()
    head = CountingHead(1.0)
    setup = prepare_camera(camera, {Lighting.DAY: SCENE}, width_px=640, height_px=360, head=head)
    assert head.asked == 0
    logits = setup.references[0].clean_logits
    assert list(logits.values()) == list(logits.values())
    assert head.asked == len(logits) == len(setup.masks.bins)


def test_the_head_is_asked_wherever_it_could_change_a_verdict() -> None:
    for share in np.linspace(0, 2 * RIM_HALF, 81):
        calls = {
            combined_score(rim_share=share, logit=logit, clean_logit=0.0) >= PRESENT_FROM
            for logit in (-99.0, 0.0, 99.0)
        }
        assert head_can_tip(share) or len(calls) == 1


class FlatNetwork:
    sha256 = "ab" * 32

    def run(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        assert values.shape[0] == 1
        return np.zeros(FEATURES)


def test_a_camera_is_judged_by_its_own_calibration_where_the_network_is_used(
    tmp_path: Path,
) -> None:
    camera = street_camera()
    network = OverflowNetwork(FlatNetwork(), shipped_network_head())
    write_calibration(
        calibration_path(tmp_path, camera.device_id),
        calibrate([3.0] * 20, network_sha256=network.identity),
    )
    normal_logit = judge_of(camera, tmp_path, network).learned().normal_logit
    assert normal_logit is not None
    assert normal_logit > 3.0
    assert judge_of(camera, tmp_path, None).learned().normal_logit is None
    assert judge_of(camera, tmp_path / "none", network).learned().normal_logit is None


def test_without_the_networks_file_a_camera_is_judged_by_the_classical_head(
    tmp_path: Path,
) -> None:
    def missing() -> Network:
        msg = "efficientnet_lite0_8bit.npz"
        raise FileNotFoundError(msg)

    def broken() -> Network:
        msg = "not a file of network weights"
        raise UnusableWeightsError(msg)

    assert watching_network(tmp_path, missing) is None
    assert watching_network(tmp_path, broken) is None
    found = watching_network(tmp_path, FlatNetwork)
    assert found is not None
    assert found.head == shipped_network_head()
