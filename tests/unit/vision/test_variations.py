"""Varied copies of a training crop."""

import numpy as np
import pytest

from tests.fakes.sample_pictures import clean_scene
from vision.limited_cv2 import Picture
from vision.training.variations import reframed, varied


def crop_of(width: int, height: int) -> Picture:
    return clean_scene()[40 : 40 + height, 250 : 250 + width].copy()


@pytest.mark.parametrize(("width", "height"), [(96, 166), (12, 160), (60, 9), (1, 1)])
def test_every_copy_is_a_picture_that_can_be_looked_at(width: int, height: int) -> None:
    random = np.random.default_rng(1)
    crop = crop_of(width, height)
    for _ in range(60):
        copy = varied(crop, random)
        assert copy.dtype == np.uint8
        assert copy.ndim == 3
        assert copy.shape[2] == 3
        assert min(copy.shape) > 0


def test_copies_differ_from_each_other_and_are_the_same_for_the_same_dice() -> None:
    crop = crop_of(96, 166)

    def copies(seed: int) -> list[bytes]:
        random = np.random.default_rng(seed)
        return [varied(crop, random).tobytes() for _ in range(8)]

    assert copies(3) == copies(3)
    assert len({*copies(3), *copies(4), crop.tobytes()}) == 17


def test_margins_widen_and_tighten_each_side_by_its_share() -> None:
    crop = crop_of(100, 160)
    wider = reframed(crop, np.array([0.1, 0.25, 0.0, 0.0]))
    assert wider.shape == (200, 110, 3)
    assert np.array_equal(wider[40:, 10:], crop)
    tighter = reframed(crop, np.array([-0.1, 0.0, 0.0, -0.05]))
    assert np.array_equal(tighter, crop[:152, 10:])
    assert np.array_equal(reframed(crop, np.zeros(4)), crop)
