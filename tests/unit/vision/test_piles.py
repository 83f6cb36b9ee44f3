"""A pile of bags grows bag by bag; a heap is there at once."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.problems import ProblemClass
from tests.fakes.sample_pictures import street_camera
from vision.ground_difference import SMALLEST_HEAP_M2, class_of, find_blobs
from vision.limited_cv2 import Mask
from vision.persistence import SeenPixels
from vision.piles import bags_put_down, no_bags_yet, piles_marked
from vision.zones import zone_masks

MASKS = zone_masks(street_camera(), 480, 270)
GROUND = MASKS.grounds[0]
NOTHING = np.zeros((270, 480), dtype=np.bool_)
BAG_PX = 48
"""The side of a bag of about half a heap's size."""


def seen(staying: Mask, passing: Mask = NOTHING) -> SeenPixels:
    return SeenPixels(
        staying=staying, passing=passing, nearly=staying, lit=NOTHING, doubtful=passing
    )


def row_of(bags: int) -> Mask:
    row = NOTHING.copy()
    row[200 : 200 + BAG_PX, 100 : 100 + BAG_PX * bags] = True
    return row


def kind_of(staying: Mask, bags: Mask) -> ProblemClass:
    (blob,) = piles_marked(find_blobs(staying, GROUND, MASKS.bins), staying, bags)
    return class_of(replace(blob, to_bin_m=0.0))


def test_one_bag_is_half_a_heap() -> None:
    assert 0.3 < np.count_nonzero(row_of(1)) * GROUND.m2_at.max() / SMALLEST_HEAP_M2 < 0.9


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=12))
def test_a_row_that_grows_by_a_bag_at_most_is_never_a_heap(steps: list[int]) -> None:
    memory, count = no_bags_yet(270, 480), 1
    for step in steps:
        count = min(6, count + step)
        memory = bags_put_down(memory, seen(row_of(count)), (GROUND,))
        assert kind_of(row_of(count), memory) is ProblemClass.BAGGED_WASTE_ON_GROUND


def test_what_is_there_at_once_is_a_heap_and_stays_one() -> None:
    memory = no_bags_yet(270, 480)
    for _ in range(3):
        memory = bags_put_down(memory, seen(row_of(4)), (GROUND,))
        assert kind_of(row_of(4), memory) is ProblemClass.EXPOSED_WASTE


def test_a_heap_of_which_a_part_is_settled_first_is_no_bag() -> None:
    memory = bags_put_down(
        no_bags_yet(270, 480), seen(row_of(1), row_of(4) & ~row_of(1)), (GROUND,)
    )
    memory = bags_put_down(memory, seen(row_of(4)), (GROUND,))
    assert kind_of(row_of(4), memory) is ProblemClass.EXPOSED_WASTE


def test_the_memory_of_bags_ends_with_clean_ground() -> None:
    memory = bags_put_down(no_bags_yet(270, 480), seen(row_of(1)), (GROUND,))
    assert memory.any()
    assert not bags_put_down(memory, seen(NOTHING), (GROUND,)).any()
