import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.sample_pictures import clean_scene, jpeg_of, png_of
from vision.limited_cv2 import cv2
from vision.picture_input import (
    PHOTO_LIMITS,
    SNAPSHOT_LIMITS,
    PictureFormat,
    Refusal,
    UnreadablePictureError,
    decode_picture,
    read_header,
)

JPEG, PNG = jpeg_of(clean_scene()), png_of(clean_scene())


def refusal_of(raw: bytes) -> Refusal:
    with pytest.raises(UnreadablePictureError) as caught:
        decode_picture(raw)
    return caught.value.reason


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4096)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def jpeg_claiming(width: int, height: int) -> bytes:
    at = JPEG.index(b"\xff\xc0")
    return JPEG[: at + 5] + struct.pack(">HH", height, width) + JPEG[at + 9 :]


@pytest.mark.parametrize(("raw", "kind"), [(JPEG, PictureFormat.JPEG), (PNG, PictureFormat.PNG)])
def test_a_whole_picture_is_measured_by_its_header_and_decoded(
    raw: bytes, kind: PictureFormat
) -> None:
    header = read_header(raw, SNAPSHOT_LIMITS)
    assert (header.format, header.width_px, header.height_px) == (kind, 640, 360)
    assert decode_picture(raw).shape == (360, 640, 3)


@pytest.mark.parametrize("raw", [JPEG, PNG], ids=["jpeg", "png"])
@pytest.mark.parametrize("percent", range(100))
def test_a_picture_cut_off_anywhere_is_unreadable_never_half_a_picture(
    raw: bytes, percent: int
) -> None:
    with pytest.raises(UnreadablePictureError):
        decode_picture(raw[: len(raw) * percent // 100])


@pytest.mark.parametrize("missing", [1, 2, 3])
@pytest.mark.parametrize("raw", [JPEG, PNG], ids=["jpeg", "png"])
def test_even_the_last_bytes_must_be_there(raw: bytes, missing: int) -> None:
    assert refusal_of(raw[:-missing]) is Refusal.TRUNCATED


def test_an_embedded_thumbnail_does_not_stand_in_for_a_missing_end() -> None:
    thumbnail = jpeg_of(clean_scene()[:64, :64])
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = JPEG[:2] + segment + JPEG[2:]
    assert decode_picture(whole).shape == (360, 640, 3)
    assert refusal_of(whole[:-2]) is Refusal.TRUNCATED


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Refusal.EMPTY),
        (b"\xff\xd8", Refusal.WRONG_FORMAT),
        (b"GIF89a" + bytes(200), Refusal.WRONG_FORMAT),
        (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(200), Refusal.WRONG_FORMAT),
        (b"II*\0" + bytes(200), Refusal.WRONG_FORMAT),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Refusal.WRONG_FORMAT),
        (b"<html>not here</html>", Refusal.WRONG_FORMAT),
        (bytes(5000), Refusal.WRONG_FORMAT),
        (JPEG + bytes(2 * 1024 * 1024), Refusal.TOO_MANY_BYTES),
        (png_claiming(20_000, 20_000), Refusal.TOO_MANY_PIXELS),
        (png_claiming(2**31 - 1, 2**31 - 1), Refusal.TOO_MANY_PIXELS),
        (png_claiming(1, 1), Refusal.TOO_SMALL),
        (png_claiming(0, 0), Refusal.TOO_SMALL),
        (jpeg_claiming(65_500, 65_500), Refusal.TOO_MANY_PIXELS),
        (jpeg_claiming(1, 1), Refusal.TOO_SMALL),
    ],
)
def test_what_is_no_picture_of_ours_is_refused_with_its_reason(raw: bytes, reason: Refusal) -> None:
    assert refusal_of(raw) is reason


def test_a_jpeg_of_thousands_of_scans_is_refused_before_it_is_decoded() -> None:
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + bytes(4)
    bomb = JPEG[:-2] + scan * 3000 + JPEG[-2:]
    assert refusal_of(bomb) is Refusal.TOO_MANY_SCANS


def test_a_progressive_picture_of_a_normal_camera_is_read() -> None:
    _, coded = cv2.imencode(".jpg", clean_scene(), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    assert decode_picture(coded.tobytes()).shape == (360, 640, 3)


def test_what_hangs_behind_a_picture_does_not_make_another_picture() -> None:
    polyglot = JPEG + b"<script>alert(1)</script>PK\x03\x04" + bytes(50)
    assert np.array_equal(decode_picture(polyglot), decode_picture(JPEG))


def test_a_large_photo_is_decoded_at_a_part_of_its_size() -> None:
    large = jpeg_of(cv2.resize(clean_scene(), (2560, 1440)).astype(np.uint8))
    assert decode_picture(large, PHOTO_LIMITS).shape == (720, 1280, 3)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_no_bytes_behind_a_good_start_end_in_another_error(tail: bytes) -> None:
    for start in (JPEG[:3], JPEG[:700], PNG[:8], PNG[:60]):
        try:
            decode_picture(start + tail)
        except UnreadablePictureError:
            continue


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(JPEG) - 1), st.binary(min_size=1, max_size=8))
def test_a_picture_damaged_anywhere_is_read_or_refused(at: int, damage: bytes) -> None:
    try:
        picture = decode_picture(JPEG[:at] + damage + JPEG[at + len(damage) :])
    except UnreadablePictureError:
        return
    assert picture.ndim == 3
