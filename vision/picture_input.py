"""From bytes that anybody may have sent to a picture: format and size by the header alone, then
decoding within limits. A cut-off picture is unreadable, never half a picture.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from vision.limited_cv2 import Picture, bytes_of, cv2


class Refusal(StrEnum):
    """Why bytes are not a picture we look at."""

    EMPTY = "empty"
    TOO_MANY_BYTES = "too_many_bytes"
    WRONG_FORMAT = "wrong_format"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    TRUNCATED = "truncated"
    TOO_MANY_SCANS = "too_many_scans"
    UNDECODABLE = "undecodable"


class UnreadablePictureError(Exception):
    """These bytes are no picture of ours; ask for another one. ``reason`` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(f"unreadable picture: {reason}")
        self.reason = reason


class PictureFormat(StrEnum):
    """The formats that are decoded at all."""

    JPEG = "jpeg"
    PNG = "png"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """What a picture may be at most, and how wide it needs to be."""

    most_bytes: int
    most_pixels: int
    fewest_side_px: int = 32
    enough_width_px: int = 1920
    """A JPEG that is at least twice as wide is decoded at a half, a quarter or an eighth."""


SNAPSHOT_LIMITS = PictureLimits(most_bytes=2 * 1024 * 1024, most_pixels=9_000_000)
PHOTO_LIMITS = PictureLimits(
    most_bytes=6 * 1024 * 1024, most_pixels=50_000_000, enough_width_px=1280
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHeader:
    """What the header says, before anything is decoded."""

    format: PictureFormat
    width_px: int
    height_px: int


def read_header(raw: bytes, limits: PictureLimits) -> PictureHeader:
    """Return format and size of a whole picture; raise :class:`UnreadablePictureError`.

    Nothing is decoded: only markers and chunks are walked, so the cost is bounded by the length.
    """
    if not raw:
        raise UnreadablePictureError(Refusal.EMPTY)
    if len(raw) > limits.most_bytes:
        raise UnreadablePictureError(Refusal.TOO_MANY_BYTES)
    if raw.startswith(b"\xff\xd8\xff"):
        header = _jpeg_header(raw)
    elif raw.startswith(b"\x89PNG\r\n\x1a\n"):
        header = _png_header(raw)
    else:
        raise UnreadablePictureError(Refusal.WRONG_FORMAT)
    if header.width_px * header.height_px > limits.most_pixels:
        raise UnreadablePictureError(Refusal.TOO_MANY_PIXELS)
    if min(header.width_px, header.height_px) < limits.fewest_side_px:
        raise UnreadablePictureError(Refusal.TOO_SMALL)
    return header


def decode_picture(raw: bytes, limits: PictureLimits = SNAPSHOT_LIMITS) -> Picture:
    """Return the picture, turned upright by its EXIF; raise :class:`UnreadablePictureError`."""
    header = read_header(raw, limits)
    flags = cv2.IMREAD_COLOR
    if header.format is PictureFormat.JPEG:
        flags = _reduction(header.width_px, limits.enough_width_px)
    try:
        decoded = cv2.imdecode(np.frombuffer(raw, dtype=np.uint8), flags)
    except cv2.error as error:
        raise UnreadablePictureError(Refusal.UNDECODABLE) from error
    if decoded is None:
        raise UnreadablePictureError(Refusal.UNDECODABLE)
    return bytes_of(decoded)


def _reduction(width_px: int, enough_px: int) -> int:
    for factor, flag in (
        (8, cv2.IMREAD_REDUCED_COLOR_8),
        (4, cv2.IMREAD_REDUCED_COLOR_4),
        (2, cv2.IMREAD_REDUCED_COLOR_2),
    ):
        if width_px >= enough_px * factor:
            return flag
    return cv2.IMREAD_COLOR


_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_MARKER, _START_OF_SCAN, _END_OF_IMAGE = 0xFF, 0xDA, 0xD9
_MOST_SCANS = 64
"""Cameras and phones write one or about ten; thousands are a way to burn a processor."""


def _jpeg_header(raw: bytes) -> PictureHeader:
    header: PictureHeader | None = None
    at = 2
    while True:
        marker, at = _next_marker(raw, at)
        if marker in _STANDALONE:
            continue
        if marker == _END_OF_IMAGE or at + 2 > len(raw):
            raise UnreadablePictureError(Refusal.TRUNCATED)
        (length,) = struct.unpack_from(">H", raw, at)
        if marker in _START_OF_FRAME:
            if at + 7 > len(raw):
                raise UnreadablePictureError(Refusal.TRUNCATED)
            height, width = struct.unpack_from(">HH", raw, at + 3)
            header = PictureHeader(format=PictureFormat.JPEG, width_px=width, height_px=height)
        if marker == _START_OF_SCAN:
            break
        at += max(2, length)
    if header is None:
        raise UnreadablePictureError(Refusal.UNDECODABLE)
    # Coded data never holds a bare FF D9 (FF is followed by 00 there), so the end mark counts
    # only behind the first scan: an embedded thumbnail has its own, earlier one.
    if raw.find(b"\xff\xd9", at) < 0:
        raise UnreadablePictureError(Refusal.TRUNCATED)
    if raw.count(b"\xff\xda", at) >= _MOST_SCANS:
        raise UnreadablePictureError(Refusal.TOO_MANY_SCANS)
    return header


def _next_marker(raw: bytes, at: int) -> tuple[int, int]:
    """Return the marker code at or behind ``at``, and where its content starts."""
    if at >= len(raw):
        raise UnreadablePictureError(Refusal.TRUNCATED)
    if raw[at] != _MARKER:
        raise UnreadablePictureError(Refusal.UNDECODABLE)
    while at < len(raw) and raw[at] == _MARKER:
        at += 1
    if at >= len(raw):
        raise UnreadablePictureError(Refusal.TRUNCATED)
    return raw[at], at + 1


def _png_header(raw: bytes) -> PictureHeader:
    at, first = 8, True
    header: PictureHeader | None = None
    while at + 12 <= len(raw):
        length, kind = struct.unpack_from(">I4s", raw, at)
        if first != (kind == b"IHDR"):
            raise UnreadablePictureError(Refusal.UNDECODABLE)
        if first and at + 16 <= len(raw):
            width, height = struct.unpack_from(">II", raw, at + 8)
            header = PictureHeader(format=PictureFormat.PNG, width_px=width, height_px=height)
        first = False
        at += 12 + length
        if kind == b"IEND" and header is not None and at <= len(raw):
            return header
    raise UnreadablePictureError(Refusal.TRUNCATED)
