"""A picture keeps its fingerprint through what chat apps do to it; others have another."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.photo_evidence import ALIKE_BITS, alike
from tests.fakes.sample_pictures import clean_scene, with_noise
from vision.fingerprint import fingerprint_of
from vision.limited_cv2 import Picture, bytes_of, cv2


def rendered(seed: int) -> Picture:
    """A scene of its own with shade over it, so that no area is of one colour."""
    scene = clean_scene(seed).astype(np.float64)
    shade = np.random.default_rng(seed).uniform(0.5, 1.2, (4, 6)).astype(np.float32)
    scene *= np.asarray(cv2.resize(shade, (scene.shape[1], scene.shape[0])))[:, :, np.newaxis]
    return np.clip(scene, 0, 255).astype(np.uint8)


def through_chat(picture: Picture, scale: float, quality: int) -> Picture:
    height, width = picture.shape[:2]
    size = (round(width * scale), round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes_of(cv2.imdecode(coded, cv2.IMREAD_COLOR))


@settings(max_examples=25)
@given(
    seed=st.integers(0, 200),
    scale=st.floats(0.4, 1.5),
    quality=st.integers(35, 95),
    cut=st.tuples(*[st.floats(0, 0.015)] * 4),
)
def test_resizing_encoding_and_a_small_cut_keep_a_picture_alike(
    seed: int, scale: float, quality: int, cut: tuple[float, float, float, float]
) -> None:
    picture = rendered(seed)
    height, width = picture.shape[:2]
    left, top, right, bottom = cut
    shown = picture[
        round(height * top) : height - round(height * bottom),
        round(width * left) : width - round(width * right),
    ]
    sent = through_chat(with_noise(shown, seed), scale, quality)
    assert alike(fingerprint_of(picture), fingerprint_of(sent))


@settings(max_examples=25)
@given(one=st.integers(0, 10_000), other=st.integers(0, 10_000))
def test_other_pictures_and_mirrored_ones_are_not_alike(one: int, other: int) -> None:
    picture = rendered(one)
    assert one == other or not alike(fingerprint_of(picture), fingerprint_of(rendered(other)))
    mirrored = bytes_of(cv2.flip(picture, 1))
    assert not alike(fingerprint_of(picture), fingerprint_of(mirrored))


def test_alike_ends_at_its_limit() -> None:
    assert alike(0, (1 << ALIKE_BITS) - 1)
    assert not alike(0, (1 << ALIKE_BITS + 1) - 1)
