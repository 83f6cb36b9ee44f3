import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from huanwei.overflow_evaluation import (
    UnusableOverflowDataError,
    calibrate_camera,
    overflow_report,
)
from tests.fakes.sample_pictures import clean_scene, jpeg_of, with_heaped_bin
from vision.evaluation.overflow import (
    UnusableCropsError,
    area_under_curve,
    evaluate_overflow,
    report,
)
from vision.limited_cv2 import Picture, cv2
from vision.lite0 import FEATURES
from vision.overflow_network import OverflowNetwork, shipped_network_head


def mean_of(crop: Picture) -> float:
    """A stand-in for the network: brighter is more overfull, 128 is even odds."""
    return (float(crop.mean()) - 128.0) / 10.0


class FlatNetwork:
    """A network that finds nothing, quickly."""

    sha256 = "ab" * 32

    def run(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        assert values.shape == (1, 3, 224, 224)
        return np.zeros(FEATURES)


def write_crops(folder: Path, levels: list[int]) -> Path:
    folder.mkdir(parents=True)
    for number, level in enumerate(levels):
        crop: NDArray[np.uint8] = np.full((40, 40, 3), level, dtype=np.uint8)
        (folder / f"{number:03}.jpg").write_bytes(jpeg_of(crop))
    return folder


def test_counts_and_rates_are_those_of_the_crops(tmp_path: Path) -> None:
    write_crops(tmp_path / "overflow", [200, 190, 180, 100])
    write_crops(tmp_path / "not_overflow", [90, 80, 150])
    (tmp_path / "overflow" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (tmp_path / "overflow" / "notes.txt").write_text("not a picture", encoding="utf-8")
    found = evaluate_overflow(tmp_path, mean_of)
    assert (found["overflow"], found["not_overflow"], found["unreadable"]) == (4, 3, 2)
    assert found["unreadable_files"] == [
        "overflow/broken.jpg: unreadable picture: truncated",
        "overflow/notes.txt: unreadable picture: wrong_format",
    ]
    counts = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    assert [found[name] for name in counts] == [3, 1, 1, 2]
    auc, recall = found["auc"], found["recall"]
    assert isinstance(auc, dict)
    assert isinstance(recall, dict)
    assert auc["value"] == pytest.approx(11 / 12, abs=1e-4)
    assert recall["value"] == 0.75
    assert recall["low"] <= recall["value"] <= recall["high"]
    again = evaluate_overflow(tmp_path, mean_of)
    assert {**again, "processor_ms_a_crop": found["processor_ms_a_crop"]} == found


def test_odd_crops_are_scored_and_odd_files_are_counted(tmp_path: Path) -> None:
    overflow = write_crops(tmp_path / "overflow", [200, 210])
    normal = write_crops(tmp_path / "not_overflow", [60, 70])
    (overflow / "camera-1").mkdir()
    grey = cv2.imencode(".png", np.full((300, 9), 220, np.uint8))[1].tobytes()
    (overflow / "camera-1" / "tall and grey.PNG").write_bytes(grey)
    clear = cv2.imencode(".png", np.full((12, 400, 4), 50, np.uint8))[1].tobytes()
    (normal / "a png with alpha.jpg").write_bytes(clear)
    deep = cv2.imencode(".png", np.full((40, 40, 3), 51 * 257, np.uint16))[1].tobytes()
    (normal / "sixteen bits").write_bytes(deep)
    (normal / "tiny.png").write_bytes(cv2.imencode(".png", np.zeros((4, 4, 3)))[1].tobytes())
    (normal / ".hidden").write_bytes(b"of the system")
    (normal / "twice.jpg").write_bytes((overflow / "000.jpg").read_bytes())
    found = evaluate_overflow(tmp_path, mean_of)
    assert (found["overflow"], found["not_overflow"], found["unreadable"]) == (3, 5, 1)
    assert found["unreadable_files"] == ["not_overflow/tiny.png: unreadable picture: too_small"]
    assert found["in_both_labels"] == 1
    known = hashlib.sha256((overflow / "001.jpg").read_bytes()).hexdigest()[:16]
    assert found["trained_on_and_measured"] == 0
    again = evaluate_overflow(tmp_path, mean_of, trained_on=[known, "0" * 16])
    assert again["trained_on_and_measured"] == 1
    assert (found["true_positives"], found["false_positives"]) == (3, 1)


def test_each_folder_within_the_labels_is_told_by_itself(tmp_path: Path) -> None:
    write_crops(tmp_path / "overflow" / "east", [200, 190, 100])
    write_crops(tmp_path / "not_overflow" / "east", [90, 80])
    write_crops(tmp_path / "not_overflow" / "west", [150, 100])
    loose = (tmp_path / "overflow" / "east" / "000.jpg").read_bytes()
    (tmp_path / "overflow" / "loose.jpg").write_bytes(loose)
    found = evaluate_overflow(tmp_path, mean_of)
    assert found["copies"] == 1
    folders = found["by_folder"]
    assert isinstance(folders, dict)
    assert list(folders) == [".", "east", "west"]
    assert (folders["east"]["overflow"], folders["east"]["not_overflow"]) == (3, 2)
    assert folders["east"]["auc"] == 1.0
    assert folders["east"]["recall"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert folders["east"]["specificity"]["low"] < folders["east"]["specificity"]["value"] == 1.0
    assert (folders["west"]["auc"], folders["west"]["recall"]) == (None, None)
    assert folders["west"]["specificity"]["value"] == 0.5
    assert sum(folder["overflow"] for folder in folders.values()) == found["overflow"]


def test_overfull_crops_beside_the_normal_ones_do_not_calibrate(tmp_path: Path) -> None:
    write_crops(tmp_path / "measured" / "overflow", [220])
    write_crops(tmp_path / "measured" / "not_overflow", [150])
    normals = write_crops(tmp_path / "camera" / "not_overflow", list(range(145, 165)))
    write_crops(tmp_path / "camera" / "overflow", [240] * 20)
    alone = evaluate_overflow(tmp_path / "measured", mean_of, normals=normals)
    labelled = evaluate_overflow(tmp_path / "measured", mean_of, normals=tmp_path / "camera")
    assert labelled["threshold_logit"] == alone["threshold_logit"]
    assert labelled["calibrated_on"] == 20
    for path in normals.iterdir():
        path.unlink()
    normals.rmdir()
    with pytest.raises(UnusableCropsError, match="not_overflow: no such folder"):
        evaluate_overflow(tmp_path / "measured", mean_of, normals=tmp_path / "camera")


def test_pipes_and_giants_are_counted_and_not_read(tmp_path: Path) -> None:
    overflow = write_crops(tmp_path / "overflow", [200])
    write_crops(tmp_path / "not_overflow", [60])
    os.mkfifo(overflow / "pipe.jpg")
    with (overflow / "giant.jpg").open("wb") as stream:
        stream.truncate(10**10)
    found = evaluate_overflow(tmp_path, mean_of)
    assert found["unreadable_files"] == [
        "overflow/giant.jpg: unreadable picture: too_many_bytes",
        "overflow/pipe.jpg: no file",
    ]


def test_where_all_are_right_the_lower_bounds_still_say_how_few_they_were() -> None:
    found = report(np.ones(12), -np.ones(9), 0.0)
    recall, specificity = found["recall"], found["specificity"]
    assert isinstance(recall, dict)
    assert isinstance(specificity, dict)
    assert (recall["value"], specificity["value"]) == (1.0, 1.0)
    assert specificity["low"] < recall["low"] < 0.8


def test_calibrating_moves_the_threshold_above_what_is_normal_there(tmp_path: Path) -> None:
    write_crops(tmp_path / "overflow", [220, 230])
    write_crops(tmp_path / "not_overflow", [150, 160, 155])
    normals = write_crops(tmp_path / "normal", list(range(145, 165)))
    before = evaluate_overflow(tmp_path, mean_of)
    after = evaluate_overflow(tmp_path, mean_of, normals=normals)
    assert (before["false_positives"], after["false_positives"]) == (3, 0)
    assert (after["true_positives"], after["calibrated_on"]) == (2, 20)
    assert after["calibrated_and_measured"] == 3
    assert isinstance(after["at_even_odds"], dict)
    assert after["at_even_odds"] == {name: before[name] for name in after["at_even_odds"]}


def test_intervals_hold_the_value_and_shrink_with_more_pictures() -> None:
    random = np.random.default_rng(2)

    def width(number: int) -> float:
        found = report(random.normal(1, 1, number), random.normal(-1, 1, number), 0.0)["f1"]
        assert isinstance(found, dict)
        assert found["low"] <= found["value"] <= found["high"]
        return float(found["high"] - found["low"])

    assert width(400) < width(40)


def test_ties_count_half() -> None:
    assert area_under_curve(np.zeros(3), np.zeros(4)) == 0.5


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableCropsError, match="overflow: no such folder"):
        evaluate_overflow(tmp_path, mean_of)
    write_crops(tmp_path / "overflow", [200])
    (tmp_path / "not_overflow").mkdir()
    with pytest.raises(UnusableCropsError, match="not_overflow: no readable JPEG or PNG"):
        evaluate_overflow(tmp_path, mean_of)
    (tmp_path / "not_overflow" / "a.webp").write_bytes(b"RIFF....WEBPVP8 ")
    with pytest.raises(UnusableCropsError, match=r"1 files; not_overflow/a\.webp: .*wrong_format"):
        evaluate_overflow(tmp_path, mean_of)
    few = write_crops(tmp_path / "few", [100] * 3)
    (few / "broken.jpg").write_bytes(b"")
    with pytest.raises(UnusableCropsError, match=r"3 normal .* needed; 1 files are unreadable"):
        evaluate_overflow(tmp_path, mean_of, normals=few)


def test_the_command_scores_with_the_shipped_network_and_names_a_bad_backbone(
    tmp_path: Path,
) -> None:
    for label, scene in (
        ("overflow", with_heaped_bin(clean_scene())),
        ("not_overflow", clean_scene()),
    ):
        (tmp_path / label).mkdir()
        crop = scene[50:216, 256:352].copy()
        (tmp_path / label / "1.jpg").write_bytes(jpeg_of(crop))
    found = overflow_report(tmp_path, normals=None, backbone=None)
    assert found["network_sha256"] == found["head_trained_on_sha256"]
    assert json.loads(json.dumps(found)) == found
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no model")
    with pytest.raises(UnusableOverflowDataError, match=r"bad\.onnx: not a network"):
        overflow_report(tmp_path, normals=None, backbone=bad)


def test_a_camera_is_calibrated_into_the_folder_of_references(tmp_path: Path) -> None:
    normals = write_crops(tmp_path / "normal", list(range(100, 120)))
    classifier = OverflowNetwork(FlatNetwork(), shipped_network_head())
    found = calibrate_camera("cam-1", normals, tmp_path / "references", classifier=classifier)
    written = json.loads((tmp_path / "references" / "cam-1.calibration.json").read_text("utf-8"))
    assert written["normal_pictures"] == found["normal_pictures"] == 20
    with pytest.raises(UnusableOverflowDataError, match="not a camera's id"):
        calibrate_camera("../x", normals, tmp_path, classifier=classifier)
