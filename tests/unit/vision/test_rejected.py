"""A rejected detection raises what is needed at its spot; rejected again it makes no verdict."""

from dataclasses import replace

import pytest

from domain.devices import Lighting
from domain.problems import ProblemClass
from domain.records import Verdict, VerdictState
from domain.reviews import RejectedSpot
from tests.fakes.sample_pictures import (
    HEIGHT_PX,
    WIDTH_PX,
    clean_scene,
    street_camera,
    with_bag,
    with_heaped_bin,
    with_noise,
)
from vision.camera_setup import prepare_camera
from vision.judge_snapshot import CameraState, judge_snapshot
from vision.limited_cv2 import Picture
from vision.overflow_score import shipped_head

SCENE = clean_scene()
BAG = ProblemClass.BAGGED_WASTE_ON_GROUND
NOT_THERE = RejectedSpot(zone_id="ground", problem_class=BAG, frame=(0.7, 0.6, 0.1, 0.1), times=9)


def verdicts(picture: Picture, *rejected: RejectedSpot) -> list[Verdict]:
    setup = prepare_camera(
        street_camera(),
        {Lighting.DAY: SCENE},
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        head=shipped_head(),
    )
    setup = replace(setup, rejected=rejected)
    judged = judge_snapshot(setup, CameraState(), with_noise(picture, 0))
    for number in range(1, 6):
        judged = judge_snapshot(setup, judged.state, with_noise(picture, number))
    return list(judged.values.verdicts)


def bag_spot(times: int) -> RejectedSpot:
    (bag,) = [v for v in verdicts(with_bag(SCENE)) if v.problem_class is BAG]
    assert bag.state is VerdictState.PRESENT
    return RejectedSpot(zone_id="ground", problem_class=BAG, frame=bag.boxes[0], times=times)


def test_a_bag_rejected_twice_is_a_fixture_and_its_ground_unknown_never_clear() -> None:
    ground = [v for v in verdicts(with_bag(SCENE), bag_spot(2)) if v.zone_id == "ground"]

    assert {verdict.state for verdict in ground} == {VerdictState.UNKNOWN}
    assert {verdict.reasons for verdict in ground} == {("rejected_before",)}


def test_another_bag_is_told_beside_a_fixture() -> None:
    both = with_bag(with_bag(SCENE), x=460)
    ground = [v for v in verdicts(both, bag_spot(2)) if v.zone_id == "ground"]

    assert [v.problem_class for v in ground if v.state is VerdictState.PRESENT] == [BAG]


def test_a_rejection_elsewhere_changes_nothing() -> None:
    assert verdicts(with_bag(SCENE), NOT_THERE) == verdicts(with_bag(SCENE))


@pytest.mark.parametrize("times", [1, 3])
def test_a_rejected_bin_needs_more_to_be_overfull(times: int) -> None:
    spot = RejectedSpot(
        zone_id="bin-1", problem_class=ProblemClass.BIN_OVERFLOW, frame=None, times=times
    )
    (plain,) = [v for v in verdicts(with_heaped_bin(SCENE)) if v.zone_id == "bin-1"]
    (after,) = [v for v in verdicts(with_heaped_bin(SCENE), spot) if v.zone_id == "bin-1"]

    needed = min(0.95, 0.5 + 0.15 * times)
    assert plain.state is VerdictState.PRESENT
    assert (after.state is VerdictState.PRESENT) == (plain.score >= needed)
