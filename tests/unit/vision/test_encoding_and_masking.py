import hashlib

import numpy as np

from tests.fakes.sample_pictures import clean_scene, jpeg_of
from vision.encoding import MOST_JPEG_BYTES, encode_picture, fit_within
from vision.masking import BLOCKS_ACROSS, mask_picture, pixelate
from vision.picture_input import decode_picture


def test_a_stored_picture_is_named_by_its_content() -> None:
    encoded = encode_picture(clean_scene())
    assert encoded.sha256 == hashlib.sha256(encoded.jpeg).hexdigest()
    assert decode_picture(encoded.jpeg).shape == (360, 640, 3)


def test_even_pure_noise_of_4k_fits_into_256_kib() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (2160, 3840, 3), dtype=np.uint8)
    assert len(encode_picture(noise).jpeg) <= MOST_JPEG_BYTES


def test_nothing_that_hangs_on_a_picture_survives_encoding() -> None:
    polyglot = jpeg_of(clean_scene()) + b"<script>secret</script>"
    assert b"secret" not in encode_picture(decode_picture(polyglot)).jpeg


def test_a_picture_is_only_ever_made_smaller() -> None:
    assert fit_within(clean_scene(), 1280).shape == (360, 640, 3)
    assert fit_within(clean_scene(), 320).shape == (180, 320, 3)


def test_outside_the_polygons_only_blocks_are_left() -> None:
    scene, nothing = clean_scene(), np.zeros((270, 480), dtype=np.bool_)
    shown = nothing.copy()
    shown[150:, :] = True
    masked = mask_picture(scene, shown, nothing)
    assert np.array_equal(masked[:190], pixelate(scene)[:190])
    assert np.array_equal(masked[204:], scene[204:])


def test_what_passes_inside_a_polygon_is_hidden_with_a_block_around_it() -> None:
    scene, everything = clean_scene(), np.ones((270, 480), dtype=np.bool_)
    passing = np.zeros((270, 480), dtype=np.bool_)
    # A figure whose clothes have the colour of the ground: only its outline differs.
    passing[100:200, 240], passing[100:200, 270] = True, True
    passing[100, 240:270], passing[199, 240:270] = True, True
    masked, blocks = mask_picture(scene, everything, passing), pixelate(scene)
    assert np.array_equal(masked[134:266, 320:360], blocks[134:266, 320:360])
    assert np.array_equal(masked[:, :200], scene[:, :200])


def test_a_block_has_one_colour() -> None:
    blocks = pixelate(clean_scene())
    side = 640 // BLOCKS_ACROSS
    assert np.all(blocks[:10, :side] == blocks[0, 0])


def test_without_polygons_nothing_is_shown() -> None:
    nothing = np.zeros((270, 480), dtype=np.bool_)
    assert np.array_equal(mask_picture(clean_scene(), nothing, nothing), pixelate(clean_scene()))
