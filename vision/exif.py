"""When and where a photo was taken, by its EXIF: read from bytes that anybody may have sent.

Only five values are looked up, each where the tables say, never beyond the segment's 64 KiB; what
does not add up counts as not said.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from domain.checks import InvalidValueError
from domain.places import GeoPoint

_EXIF_MARK = b"Exif\x00\x00"
_APP1, _START_OF_SCAN, _END_OF_IMAGE = 0xE1, 0xDA, 0xD9
_MOST_ENTRIES = 200
_MOST_SEGMENTS = 100

_EXIF_TABLE, _GPS_TABLE = 0x8769, 0x8825
_TAKEN, _TAKEN_OFFSET = 0x9003, 0x9011
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_LONGEST_TEXT = 32
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
_LONG, _RATIONAL = 4, 5

DISTRICT_OFFSET = timezone(timedelta(hours=8))
"""What a time without an offset is taken for: phones write the local one, China has one zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoOrigin:
    """When and where, as far as the photo says."""

    taken_at: datetime | None = None
    location: GeoPoint | None = None


def read_origin(raw: bytes) -> PhotoOrigin:
    """Return what a JPEG's EXIF says; nothing for anything else. Never raises."""
    segment = _exif_segment(raw)
    if segment is None:
        return PhotoOrigin()
    try:
        tables = _Tables(segment)
        return PhotoOrigin(taken_at=_taken_at(tables), location=_location(tables))
    except (struct.error, _BrokenExifError):
        return PhotoOrigin()


class _BrokenExifError(Exception):
    """The tables lead nowhere."""


def _exif_segment(raw: bytes) -> bytes | None:
    """Return the TIFF part of the first EXIF segment before the picture's data."""
    if not raw.startswith(b"\xff\xd8"):
        return None
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if at + 4 > len(raw) or raw[at] != 0xFF:  # noqa: PLR2004  every segment begins with it
            return None
        marker = raw[at + 1]
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return None
        (length,) = struct.unpack_from(">H", raw, at + 2)
        body = raw[at + 4 : at + 2 + length]
        if marker == _APP1 and body.startswith(_EXIF_MARK):
            return body[len(_EXIF_MARK) :]
        at += 2 + max(2, length)
    return None


class _Tables:
    """The tables of a TIFF structure: tag to type, count and where its four bytes are."""

    def __init__(self, tiff: bytes) -> None:
        order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
        if order is None:
            raise _BrokenExifError
        self._tiff = tiff
        self._order = order
        first = dict(self._entries(self._number("I", 4)))
        self.photo = self._sub_table(first, _EXIF_TABLE)
        self.gps = self._sub_table(first, _GPS_TABLE)

    def text(self, table: dict[int, tuple[int, int, int]], tag: int) -> str:
        """Return a short ASCII value, empty where there is none."""
        value = self._value(table, tag)[:_LONGEST_TEXT]
        return value.split(b"\x00")[0].decode("ascii", errors="replace").strip()

    def degrees(self, table: dict[int, tuple[int, int, int]], tag: int) -> float | None:
        """Return degrees, minutes and seconds as degrees."""
        value = self._value(table, tag)
        if table.get(tag, (0, 0, 0))[:2] != (_RATIONAL, 3):
            return None
        parts = struct.unpack(f"{self._order}6I", value)
        if 0 in parts[1::2]:
            return None
        whole, minutes, seconds = (parts[i] / parts[i + 1] for i in (0, 2, 4))
        return float(whole + minutes / 60 + seconds / 3600)

    def _sub_table(
        self, first: dict[int, tuple[int, int, int]], tag: int
    ) -> dict[int, tuple[int, int, int]]:
        kind, count, at = first.get(tag, (0, 0, 0))
        if (kind, count) != (_LONG, 1):
            return {}
        return dict(self._entries(self._number("I", at)))

    def _entries(self, at: int) -> Iterator[tuple[int, tuple[int, int, int]]]:
        for index in range(min(self._number("H", at), _MOST_ENTRIES)):
            entry = at + 2 + 12 * index
            tag, kind, count = struct.unpack_from(f"{self._order}HHI", self._tiff, entry)
            yield tag, (kind, count, entry + 8)

    def _value(self, table: dict[int, tuple[int, int, int]], tag: int) -> bytes:
        if tag not in table:
            return b""
        kind, count, at = table[tag]
        size = _SIZES.get(kind, 0) * count
        start = at if size <= 4 else self._number("I", at)  # noqa: PLR2004  four bytes fit in place
        value = self._tiff[start : start + size]
        if len(value) != size:
            raise _BrokenExifError
        return value

    def _number(self, code: str, at: int) -> int:
        (number,) = struct.unpack_from(self._order + code, self._tiff, at)
        return int(number)


def _taken_at(tables: _Tables) -> datetime | None:
    offset = tables.text(tables.photo, _TAKEN_OFFSET)
    try:
        taken = datetime.strptime(  # noqa: DTZ007  the zone follows below
            tables.text(tables.photo, _TAKEN), "%Y:%m:%d %H:%M:%S"
        )
    except ValueError:
        return None
    try:
        zone = datetime.strptime(offset, "%z").tzinfo if offset else DISTRICT_OFFSET
        return taken.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _location(tables: _Tables) -> GeoPoint | None:
    latitude = tables.degrees(tables.gps, _LATITUDE)
    longitude = tables.degrees(tables.gps, _LONGITUDE)
    north, east = (tables.text(tables.gps, tag) for tag in (_LATITUDE_REF, _LONGITUDE_REF))
    if latitude is None or longitude is None or north not in ("N", "S") or east not in ("E", "W"):
        return None
    if latitude == longitude == 0:
        return None  # some phones write zeros while they do not know
    try:
        return GeoPoint(
            latitude_deg=latitude if north == "N" else -latitude,
            longitude_deg=longitude if east == "E" else -longitude,
        )
    except InvalidValueError:
        return None
