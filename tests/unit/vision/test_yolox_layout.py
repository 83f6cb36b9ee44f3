"""Detectors laid out as YOLOX: cells to frames, and a whole file of that layout."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.detector_file import UnusableDetectorError, load_detector
from vision.onnx_writing import model, node, tensor
from vision.yolox_layout import is_yolox, yolox_input, yolox_movers

PERSON, CHAIR = 0, 56
CELLS_OF_416 = 52 * 52 + 26 * 26 + 13 * 13


def output_with(*cells: tuple[int, Sequence[float], int]) -> NDArray[np.float32]:
    """Return an output in which these cells (number, offset and size, class) see something."""
    output = np.zeros((1, CELLS_OF_416, 85), dtype=np.float32)
    for number, box, category in cells:
        output[0, number, :4] = box
        output[0, number, 4] = output[0, number, 5 + category] = 0.9
    return output


def test_a_cell_of_each_grid_becomes_a_frame_where_it_lies_in_the_picture() -> None:
    fine = 3 * 52 + 10
    middle = 52 * 52 + 5 * 26 + 20
    coarse = 52 * 52 + 26 * 26 + 12 * 13 + 1
    size = np.log([2.0, 4.0])
    found = yolox_movers(
        output_with(
            (fine, (0.5, 0.5, *size), PERSON),
            (middle, (0.0, 0.25, *size), 2),
            (coarse, (0.5, 0.5, *np.log([1.0, 1.0])), 5),
        ),
        416,
        width_px=832,
        height_px=416,
    )
    # The picture is shown at half its size: 16 by 32 pixels of the input are 32 by 64 of it.
    assert sorted(found) == [(64, 768, 64, 64), (152, 24, 32, 64), (608, 104, 64, 128)]


def test_things_that_do_not_move_are_no_frames_and_one_thing_is_one_frame() -> None:
    box = (0.5, 0.5, 2.0, 2.0)
    assert yolox_movers(output_with((700, box, CHAIR)), 416, width_px=416, height_px=416) == ()
    twice = output_with((700, box, PERSON), (701, (-0.4, 0.5, 2.0, 2.0), PERSON))
    assert len(yolox_movers(twice, 416, width_px=416, height_px=416)) == 1


def test_a_size_beyond_all_bounds_is_cut_to_the_picture() -> None:
    vast = output_with((700, (0.5, 0.5, 900.0, 900.0), PERSON))
    ((_, _, width, height),) = yolox_movers(vast, 416, width_px=416, height_px=416)
    assert (width, height) == (416, 416)


def test_a_picture_keeps_its_proportions_and_its_values() -> None:
    picture = np.full((100, 200, 3), (10, 20, 250), dtype=np.uint8)
    shown = yolox_input(picture, 416)
    assert shown.shape == (1, 3, 416, 416)
    assert shown[0, :, 100, 100].tolist() == [10.0, 20.0, 250.0]
    assert shown[0, :, 300, 100].tolist() == [114.0, 114.0, 114.0]


@pytest.mark.parametrize(("side_px", "cells"), [(416, 3549), (640, 8400)])
def test_the_layout_is_known_by_its_shape(side_px: int, cells: int) -> None:
    assert is_yolox(np.zeros((1, cells, 85), dtype=np.float32), side_px)
    assert not is_yolox(np.zeros((1, 85, cells), dtype=np.float32), side_px)
    assert not is_yolox(np.zeros((1, cells, 6), dtype=np.float32), side_px)


def bright_spots_are_people(path: Path, classes: int = 80) -> Path:
    """Write a network of YOLOX's layout: what is bright in all of a cell is a person."""
    nodes, tensors, grids = [], [], []
    for stride in (8, 16, 32):
        weights = np.zeros((5 + classes, 3, stride, stride), dtype=np.float32)
        weights[4] = 1.0 / (255.0 * 3 * stride * stride)
        bias = np.zeros(5 + classes, dtype=np.float32)
        bias[:2], bias[5 + PERSON] = 0.5, 1.0
        bias[4] = -0.5  # grey is no half of a person
        tensors += [tensor(f"w{stride}", weights), tensor(f"b{stride}", bias)]
        nodes += [
            node(
                "Conv",
                ["images", f"w{stride}", f"b{stride}"],
                f"c{stride}",
                kernel_shape=(stride, stride),
                strides=(stride, stride),
            ),
            node("Flatten", [f"c{stride}"], f"f{stride}", axis=2),
        ]
        grids.append(f"f{stride}")
    nodes += [
        node("Concat", grids, "joined", axis=1),
        node("Transpose", ["joined"], "turned", perm=(1, 0)),
        node("Unsqueeze", ["turned"], "output", axes=(0,)),
    ]
    path.write_bytes(
        model(
            nodes,
            tensors,
            inputs=[("images", (1, 3, 416, 416))],
            outputs=[("output", (1, CELLS_OF_416, 5 + classes))],
        )
    )
    return path


def test_a_file_of_this_layout_is_loaded_and_finds_what_it_was_taught(tmp_path: Path) -> None:
    movers = load_detector(bright_spots_are_people(tmp_path / "yolox.onnx"))
    picture = np.zeros((416, 832, 3), dtype=np.uint8)
    picture[64:80, 160:176] = 255
    assert movers.movers_near(picture, ((0, 0, 9, 9),)) == ((160, 64, 16, 16),)
    assert movers.movers_near(picture, ()) == ()
    assert movers.movers_near(np.zeros_like(picture), ((0, 0, 9, 9),)) == ()


def test_a_file_with_other_classes_is_refused_with_what_it_answered(tmp_path: Path) -> None:
    path = bright_spots_are_people(tmp_path / "three.onnx", classes=3)
    with pytest.raises(UnusableDetectorError, match=r"neither as FastestDet nor as YOLOX: .*, 8\)"):
        load_detector(path)
