"""``huanwei vision evaluate litter``: lists, tracks and intervals, and a clip made for the test."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from huanwei.command_line import app
from huanwei.errors import StandsInTheWayError
from huanwei.vision_evaluation import litter_report
from tests.fakes.sample_pictures import clean_scene, with_noise
from vision.detector_file import UnusableDetectorError, load_detector, movers_of
from vision.evaluation.clips import (
    LeftObject,
    UnusableClipError,
    load_clips,
)
from vision.evaluation.disturbances import shake
from vision.evaluation.planted import plant
from vision.evaluation.rates import count_interval, f1_interval, share_interval
from vision.evaluation.tracks import Sighting, is_false, is_of, join_tracks, overlap
from vision.limited_cv2 import cv2

FPS, FRAMES, CLEAN_TO, LEFT_AT = 4, 68, 24, 28
BOX = (120, 190, 10, 10)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a clip of 17 seconds on which a piece of litter of 10 x 10 pixels is left."""
    folder = tmp_path_factory.mktemp("clips")
    writer = cv2.VideoWriter(
        str(folder / "street.avi"), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (320, 240)
    )
    scene = np.asarray(cv2.resize(clean_scene(), (320, 240)), dtype=np.uint8)
    x, y, width, height = BOX
    for number in range(FRAMES):
        frame = scene.copy()
        if number >= LEFT_AT:
            frame[y : y + height, x : x + width] = (235, 240, 240)
        writer.write(with_noise(frame, number))
    writer.release()
    listed = {
        "fps": FPS,
        "clean_frames": [0, CLEAN_TO],
        "roi": [[0.02, 0.55], [0.98, 0.55], [0.98, 0.98], [0.02, 0.98]],
        "events": [{"start": LEFT_AT, "end": FRAMES - 1, "box": list(BOX)}],
    }
    path = folder / "events.json"
    path.write_text(json.dumps({"note": "made", "videos": {"street.avi": listed}}))
    return path


def test_litter_of_ten_pixels_is_found_within_six_snapshots_and_nothing_else(events: Path) -> None:
    answer = CliRunner().invoke(app, ["vision", "evaluate", "litter", str(events), "--json"])
    assert answer.exit_code == 0
    report = json.loads(answer.stdout)
    assert report["counts"] == {
        "clips": 1,
        "snapshots": 14,
        "objects": 1,
        "found": 1,
        "false_tracks": 0,
        "clean_snapshots": 3,
        "clean_snapshots_with_false_alarm": 0,
    }
    assert report["recall"]["value"] == report["precision"]["value"] == report["f1"]["value"] == 1
    assert 4 <= report["latency_snapshots"]["largest"] <= 6
    assert report["cameras"]["street.avi"]["false_tracks_per_hour"] == 0


@pytest.mark.parametrize(
    "truth",
    [
        {"start": 30, "end": 20, "box": [1, 1, 9, 9]},
        {"start": 20, "end": 30, "box": [1, 1, 0, 9]},
    ],
)
def test_an_object_that_cannot_lie_there_is_no_missed_one(
    tmp_path: Path, truth: dict[str, object]
) -> None:
    listed = {"fps": 5, "clean_frames": [0, 9], "events": [truth]}
    (tmp_path / "events.json").write_text(json.dumps({"videos": {"a.avi": listed}}))
    with pytest.raises(StandsInTheWayError, match="makes no sense"):
        litter_report(tmp_path / "events.json", None)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"videos": {"a.avi": {"fps": 0, "clean_frames": [0, 9]}}}',
        '{"videos": {"a.avi": {"fps": 5, "clean_frames": [9, 9]}}}',
        '{"videos": {"a.avi": {"fps": 5, "clean_frames": [0, 9], "roi": [[0, 7], [1, 1]]}}}',
        '{"videos": {"a.avi": {"fps": 5, "clean_frames": [0, 9]}}}',
        '{"videos": {}}',
    ],
    ids=[
        "no JSON",
        "no rate",
        "no clean frames",
        "outside",
        "no clip",
        "nothing listed",
    ],
)
def test_what_cannot_be_evaluated_is_told_as_such(tmp_path: Path, text: str) -> None:
    (tmp_path / "events.json").write_text(text)
    with pytest.raises(StandsInTheWayError):
        litter_report(tmp_path / "events.json", None)


def test_a_clip_without_a_frame_after_its_reference_is_not_measured_as_clean(
    events: Path, tmp_path: Path
) -> None:
    listed = {"street.avi": {"fps": FPS, "clean_frames": [0, 2 * FRAMES], "roi": None}}
    (tmp_path / "events.json").write_text(json.dumps({"videos": listed}))
    (tmp_path / "street.avi").write_bytes((events.parent / "street.avi").read_bytes())
    with pytest.raises(StandsInTheWayError, match="ends before frame"):
        litter_report(tmp_path / "events.json", None)


def test_a_camera_that_shakes_while_its_reference_is_taken_too_gives_no_false_track(
    tmp_path: Path,
) -> None:
    """The plain median of shaken pictures is a blurred one that none of them looks like."""
    rng = np.random.default_rng(2)
    grain = cv2.GaussianBlur(rng.normal(0, 90, (240, 320)).astype(np.float32), (0, 0), 1.5)
    scene = cv2.resize(clean_scene(), (320, 240)).astype(np.float32) + grain[..., None] * 2
    still = np.clip(scene, 0, 255).astype(np.uint8)
    fourcc = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(tmp_path / "mast.avi"), fourcc, 2, (320, 240))
    for number in range(52):
        frame = still.copy()
        if number >= 26:
            frame[190:202, 120:132] = (235, 240, 240)
        writer.write(shake(frame, number))
    writer.release()
    listed = {
        "fps": 2,
        "clean_frames": [0, 24],
        "roi": [[0, 0.5], [1, 0.5], [1, 1], [0, 1]],
        "events": [{"start": 26, "end": 51, "box": [120, 190, 12, 12]}],
    }
    (tmp_path / "events.json").write_text(json.dumps({"videos": {"mast.avi": listed}}))
    counts = litter_report(tmp_path / "events.json", None)["counts"]
    assert isinstance(counts, dict)
    assert (counts["false_tracks"], counts["found"]) == (0, 1)


def test_a_list_that_is_not_there_is_no_empty_list(tmp_path: Path) -> None:
    with pytest.raises(UnusableClipError):
        load_clips(tmp_path / "none.json")


def test_a_planted_thing_lies_in_the_ground_and_is_drawn_there_only(events: Path) -> None:
    (clip,) = load_clips(events)
    black = np.zeros((240, 320, 3), dtype=np.uint8)
    for seed in range(10):
        planted, draw = plant(clip, seed, width_px=320, height_px=240)
        x, y, width, height = (int(side) for side in planted.objects[-1].box)
        drawn = draw(black, 1)
        assert drawn[y : y + height, x : x + width].any()
        drawn[y : y + height, x : x + width] = 0
        assert not drawn.any()
        assert y >= 0.55 * 240 - 1
        assert not draw(black, 0).any()


@given(st.integers(0, 500), st.integers(1, 500))
def test_an_interval_holds_what_was_counted(hits: int, more: int) -> None:
    low, high = share_interval(hits, hits + more)
    assert 0 <= low <= hits / (hits + more) <= high <= 1
    low, high = count_interval(hits)
    assert 0 <= low <= hits <= high
    low, high = f1_interval(hits, more, more)
    assert low <= hits / (hits + more) <= high


def test_known_intervals_are_met() -> None:
    assert share_interval(7, 7)[0] == pytest.approx(0.6457, abs=1e-3)
    assert count_interval(0)[0] == 0
    assert count_interval(0)[1] == pytest.approx(3.69, abs=0.05)
    assert count_interval(3)[0] == pytest.approx(0.62, abs=0.05)
    assert count_interval(3)[1] == pytest.approx(8.77, abs=0.1)


BOXES = st.tuples(*[st.floats(0, 100)] * 2, *[st.floats(1, 50)] * 2)


@given(BOXES, BOXES)
def test_overlap_is_a_share_and_the_same_both_ways(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> None:
    assert 0 <= overlap(one, other) <= 1 + 1e-9
    assert overlap(one, other) == overlap(other, one)
    assert overlap(one, one) == pytest.approx(1)


def test_a_piece_seen_again_is_one_track_and_elsewhere_or_later_another() -> None:
    here, there = (10.0, 10.0, 20.0, 20.0), (100.0, 10.0, 20.0, 20.0)
    seen = [
        Sighting(snapshot=0, frame=0, box=here),
        Sighting(snapshot=1, frame=30, box=(12.0, 11.0, 20.0, 20.0)),
        Sighting(snapshot=1, frame=30, box=there),
        Sighting(snapshot=9, frame=270, box=here),
    ]
    tracks = join_tracks(seen)
    assert [len(track.sightings) for track in tracks] == [2, 1, 1]
    truth = LeftObject(start=25, end=100, box=here)
    assert [is_of(sighting, truth) for sighting in seen] == [False, True, False, False]
    assert [is_false(track, (truth,), 0) for track in tracks] == [False, True, True]
    whole_picture = Sighting(snapshot=1, frame=30, box=(0.0, 0.0, 320.0, 240.0))
    assert not is_of(whole_picture, truth)


def cells(*, category: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    output = np.zeros((1, 85, 22, 22), dtype=np.float32)
    output[0, 3:5] = -9.0
    for row in (10, 11):
        output[0, 0, row, 5] = 0.9
        output[0, 1:5, row, 5] = (0.5, 0.5 if row == 10 else -0.5, -1.5, 0.0)
        output[0, 5 + category, row, 5] = 0.95
    return output


def test_a_detectors_cells_become_one_frame_a_person_and_none_a_chair() -> None:
    (frame,) = movers_of(cells(category=0), 440, 220)
    x, y, width, height = frame
    assert abs(x + width / 2 - 440 * (5 + np.tanh(0.5)) / 22) <= 1
    assert abs(y + height / 2 - 220 * 10.5 / 22) <= 1
    assert height == 110
    assert movers_of(cells(category=56), 440, 220) == ()


def test_a_detector_of_another_shape_or_a_broken_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableDetectorError):
        movers_of(np.zeros((1, 84, 8400), dtype=np.float32), 10, 10)
    broken = tmp_path / "detector.onnx"
    for raw in (b"", b"no model at all", bytes(200)):
        broken.write_bytes(raw)
        with pytest.raises(UnusableDetectorError):
            load_detector(broken)
    with pytest.raises(UnusableDetectorError):
        load_detector(tmp_path / "missing.onnx")
