"""When and where a photo was taken, by its EXIF, and what hostile bytes may not do."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.exif_samples import exif_segment, with_segment
from tests.fakes.sample_pictures import clean_scene, jpeg_of
from vision.exif import PhotoOrigin, read_origin

JPEG = jpeg_of(clean_scene())


@pytest.mark.parametrize("order", [">", "<"])
def test_time_and_place_are_read_in_either_byte_order(order: str) -> None:
    segment = exif_segment(
        taken="2026:03:03 10:00:00", offset="+05:30", at=(30.25, -110.5), order=order
    )
    origin = read_origin(with_segment(JPEG, segment))
    assert origin.taken_at == datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
    assert origin.location is not None
    assert origin.location.latitude_deg == pytest.approx(30.25, abs=1e-5)
    assert origin.location.longitude_deg == pytest.approx(-110.5, abs=1e-5)


def test_a_time_without_an_offset_is_the_time_of_china() -> None:
    origin = read_origin(with_segment(JPEG, exif_segment(taken="2026:03:03 10:00:00")))
    assert origin == PhotoOrigin(taken_at=datetime(2026, 3, 3, 2, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    "segment",
    [
        b"",
        exif_segment(),
        exif_segment(taken="0000:00:00 00:00:00"),
        exif_segment(taken="2026-03-03T10:00:00"),
        exif_segment(taken="2026:03:03 10:00:00", offset="+99:99"),
        exif_segment(taken="0001:01:01 00:00:00", offset="+08:00"),
        exif_segment(at=(0.0, 0.0)),
        exif_segment(at=(95.0, 12.0)),
    ],
)
def test_what_does_not_add_up_counts_as_not_said(segment: bytes) -> None:
    assert read_origin(with_segment(JPEG, segment)) == PhotoOrigin()


FULL = with_segment(
    JPEG, exif_segment(taken="2026:03:03 10:00:00", offset="+08:00", at=(30.25, 110.5))
)


@given(cut=st.integers(0, 400), at=st.integers(0, 300), byte=st.integers(0, 255))
def test_cut_and_damaged_bytes_never_raise(cut: int, at: int, byte: int) -> None:
    damaged = bytearray(FULL)
    damaged[at] = byte
    read_origin(bytes(damaged))
    read_origin(FULL[:cut])


@given(st.binary(max_size=300))
def test_any_tables_never_raise(tables: bytes) -> None:
    content = b"Exif\x00\x00" + tables
    read_origin(b"\xff\xd8\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content)
