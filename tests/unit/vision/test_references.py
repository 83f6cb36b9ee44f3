"""The bank of clean references, and the choice among them."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.devices import Lighting
from tests.fakes.sample_pictures import clean_scene, street_camera, with_noise
from vision.limited_cv2 import Picture, bytes_of, cv2
from vision.overflow_score import shipped_head
from vision.references import PreparedReference, choose_reference, prepare_reference
from vision.zones import zone_masks

MASKS = zone_masks(street_camera(), 480, 270)
DAY = bytes_of(cv2.resize(clean_scene(), (480, 270), interpolation=cv2.INTER_AREA))
DUSK = bytes_of(np.clip(DAY * np.array([0.55, 0.45, 0.38]), 0, 255).astype(np.uint8))
GREY = bytes_of(cv2.cvtColor(cv2.cvtColor(DAY, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))
INFRARED = bytes_of((GREY * 0.6).astype(np.uint8))


def wet(picture: Picture) -> Picture:
    """Return it with ground that is dark and shines in patches."""
    shown = picture.astype(np.float64)
    shown[135:] *= np.where(np.sin(np.arange(480) / 25.0) > 0.2, 1.35, 0.6)[None, :, None]
    return np.clip(shown, 0, 255).astype(np.uint8)


BANK: Mapping[Lighting, Picture] = {
    Lighting.DAY: DAY,
    Lighting.DUSK: DUSK,
    Lighting.INFRARED: INFRARED,
    Lighting.WET: wet(DAY),
}
PREPARED = [prepare_reference(key, value, MASKS, shipped_head()) for key, value in BANK.items()]


def chosen(picture: Picture, current: Lighting | None = None) -> Lighting | None:
    reference = choose_reference(picture, PREPARED, current)
    return None if reference is None else reference.lighting


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(list(BANK)), st.floats(0.85, 1.15), st.integers(0, 99))
def test_a_picture_gets_the_reference_of_its_own_light(
    lighting: Lighting, gain: float, seed: int
) -> None:
    lit = np.clip(BANK[lighting] * gain, 0, 255).astype(np.uint8)
    noise = with_noise(lit, seed)
    if lighting is Lighting.INFRARED:
        noise = np.repeat(noise[..., :1], 3, axis=2)
    assert chosen(noise) is lighting


def test_between_two_lights_the_one_in_use_is_kept() -> None:
    between = bytes_of(np.clip(DAY * np.array([0.77, 0.7, 0.64]), 0, 255).astype(np.uint8))
    assert chosen(between, Lighting.DAY) is Lighting.DAY
    assert chosen(between, Lighting.DUSK) is Lighting.DUSK
    assert chosen(DUSK, Lighting.DAY) is Lighting.DUSK


@pytest.mark.parametrize("references", [[], PREPARED[:1]])
def test_a_bank_of_one_is_chosen_and_an_empty_one_chooses_none(
    references: list[PreparedReference],
) -> None:
    assert choose_reference(INFRARED, references) is (references[0] if references else None)
