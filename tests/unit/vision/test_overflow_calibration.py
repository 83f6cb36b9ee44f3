from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.overflow_calibration import (
    FEWEST_NORMAL,
    LOWEST_LOGIT,
    TooFewNormalError,
    UnusableCalibrationError,
    calibrate,
    calibrated_threshold,
    calibration_path,
    load_calibration,
    parse_calibration,
    write_calibration,
)

SHA = "ab" * 32
logits = st.lists(st.floats(-20, 20), min_size=FEWEST_NORMAL, max_size=60)


@given(logits)
def test_the_threshold_does_not_depend_on_the_order(values: list[float]) -> None:
    assert calibrated_threshold(values) == pytest.approx(calibrated_threshold(values[::-1]))


@given(logits)
def test_a_camera_that_scores_higher_gets_a_higher_threshold(values: list[float]) -> None:
    higher = calibrated_threshold([value + 2 for value in values])
    assert higher >= calibrated_threshold(values)
    assert min(higher, calibrated_threshold(values)) >= LOWEST_LOGIT


@pytest.mark.parametrize("level", [-2.0, -1.3, 0.0, 3.0])
def test_most_but_not_all_normal_pictures_of_a_camera_stay_below(level: float) -> None:
    random = np.random.default_rng(3)
    shares = []
    for _ in range(200):
        threshold = calibrated_threshold(random.normal(level, 1.0, FEWEST_NORMAL).tolist())
        shares.append(np.mean(random.normal(level, 1.0, 2000) < threshold))
    assert 0.74 < np.mean(shares) < 0.90
    assert np.mean(np.array(shares) < 0.65) < 0.05


def test_few_pictures_are_believed_less_than_many_and_an_unusual_camera_all_the_same() -> None:
    few, many = (calibrated_threshold([0.0] * number) for number in (FEWEST_NORMAL, 2000))
    assert many - 0.25 < few < many - 0.1
    strange = calibrated_threshold([6.0] * FEWEST_NORMAL)
    assert strange - few > 6.0 - 0.15


def test_two_overfull_bins_among_the_normal_ones_move_it_by_less_than_half_a_logit() -> None:
    normal = np.linspace(-1, 3, 30).tolist()
    moved = calibrated_threshold([*normal[:-2], 15.0, 15.0])
    assert abs(moved - calibrated_threshold(normal)) < 0.5


def test_normal_pictures_that_are_nearly_one_leave_room_above_them() -> None:
    assert calibrated_threshold([1.0] * FEWEST_NORMAL) > 1.2


def test_nineteen_pictures_are_too_few() -> None:
    with pytest.raises(TooFewNormalError, match="19 normal pictures; 20 are needed"):
        calibrated_threshold([0.0] * 19)


def test_what_was_written_is_read_again_and_only_for_the_same_network(tmp_path: Path) -> None:
    path = calibration_path(tmp_path / "references", "cam-1")
    assert load_calibration(tmp_path / "references", "cam-1", network_sha256=SHA) is None
    made = calibrate(np.linspace(0, 3, 25).tolist(), network_sha256=SHA)
    write_calibration(path, made)
    assert load_calibration(tmp_path / "references", "cam-1", network_sha256=SHA) == made
    assert load_calibration(tmp_path / "references", "cam-1", network_sha256="cd" * 32) is None
    assert [entry.name for entry in path.parent.iterdir()] == ["cam-1.calibration.json"]


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b'{"version":2,"threshold":0,"normal_pictures":20,"network_sha256":"x"}']
)
def test_a_file_that_is_no_calibration_is_refused(raw: bytes) -> None:
    with pytest.raises(UnusableCalibrationError):
        parse_calibration(raw, network_sha256=SHA)


@pytest.mark.parametrize("name", ["../x", "", "a/b"])
def test_a_name_that_is_no_id_gives_no_path(name: str) -> None:
    with pytest.raises(ValueError, match="not a camera's id"):
        calibration_path(Path(), name)
