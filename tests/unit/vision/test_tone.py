"""Bringing a picture to the light of its reference: factors, veils and bent tones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vision.limited_cv2 import Picture, cv2
from vision.references import smooth_lab
from vision.tone import apply_tone, blown_out, thinned, tone_between

RNG = np.random.default_rng(3)
FINE = cv2.resize(RNG.uniform(20, 215, (34, 60, 3)).astype(np.float32), (480, 270))
CLEAN: Picture = np.clip(FINE + RNG.normal(0, 12, (270, 480, 3)), 0, 255).astype(np.uint8)
EVERYWHERE = np.ones((270, 480), dtype=np.bool_)


def picture_of(values: NDArray[np.floating]) -> Picture:
    noise = np.random.default_rng(8).normal(0, 2, values.shape)
    return np.clip(np.rint(values + noise), 0, 255).astype(np.uint8)


def left_of(picture: Picture) -> NDArray[np.int64]:
    """Return what still differs in the light of the reference."""
    tone = tone_between(picture, thinned(CLEAN), EVERYWHERE)
    assert tone is not None
    left = np.abs(apply_tone(picture, tone).astype(np.int64) - CLEAN).max(axis=2)
    return np.asarray(left, dtype=np.int64)


@settings(max_examples=20, deadline=None)
@given(slope=st.floats(0.6, 1.0), veil=st.floats(0.0, 70.0))
def test_a_veil_of_haze_or_rain_is_taken_off(slope: float, veil: float) -> None:
    assert np.percentile(left_of(picture_of(CLEAN * slope + veil * (1.02 - slope) * 2)), 90) < 14


@settings(max_examples=15, deadline=None)
@given(power=st.floats(0.65, 1.5))
def test_bent_tones_are_set_straight(power: float) -> None:
    assert np.percentile(left_of(picture_of(255.0 * (CLEAN / 255.0) ** power)), 85) < 18


@pytest.mark.parametrize("share", [0.15, 0.3, 0.45])
def test_a_shadow_on_a_part_bends_no_tone(share: float) -> None:
    shaded = CLEAN.astype(np.float64)
    shaded[:, : round(480 * share)] *= 0.55
    left = left_of(picture_of(shaded))
    assert np.median(left[:, round(480 * share) :]) < 8


def test_a_white_bag_in_haze_stays_white() -> None:
    hazy = CLEAN * 0.8 + 30.0
    hazy[100:180, 200:280] = 235.0
    tone = tone_between(picture_of(hazy), thinned(CLEAN), EVERYWHERE)
    assert tone is not None
    assert apply_tone(picture_of(hazy), tone)[110:170, 210:270].mean() > 225


def test_what_is_blown_out_says_nothing_of_bright_ground_but_a_white_bag_on_dark_ground_does() -> (
    None
):
    clean = np.full((270, 480, 3), 90, dtype=np.uint8)
    clean[:, 240:] = 215
    now = np.clip(clean.astype(np.float64) * 1.5, 0, 255).astype(np.uint8)
    now[100:120, 100:120] = 255
    tone = tone_between(now, thinned(clean), EVERYWHERE)
    assert tone is not None
    untold = blown_out(now, apply_tone(now, tone), smooth_lab(clean), tone)
    assert untold is not None
    assert untold[:, 245:].all()
    assert not untold[100:120, 100:120].any()


@pytest.mark.parametrize(("gain", "told"), [(0.1, False), (0.3, True), (2.0, True), (3.0, False)])
def test_light_too_far_from_the_reference_is_not_compared(gain: float, *, told: bool) -> None:
    dim = np.clip(CLEAN / 3.0 * gain, 0, 255).astype(np.uint8)
    clean = thinned((CLEAN / 3.0).astype(np.uint8))
    assert (tone_between(dim, clean, EVERYWHERE) is not None) is told


def test_the_light_a_dark_reference_was_taken_in_is_not_forgotten() -> None:
    dark = (CLEAN * 0.25).astype(np.uint8)
    lifted = np.clip(dark.astype(np.float64) * 3.0, 0, 255).astype(np.uint8)
    tone = tone_between(dark, thinned(lifted), EVERYWHERE, lift=3.0)
    assert tone is not None
    assert abs(float(apply_tone(dark, tone).mean()) - float(lifted.mean())) < 4
    assert abs(float(apply_tone(dark, tone.as_taken).mean()) - float(dark.mean())) < 3
