"""EXIF segments as phones write them, for tests."""

import struct
from collections.abc import Sequence

_ASCII, _SHORT, _LONG, _RATIONAL = 2, 3, 4, 5


def exif_segment(
    *,
    taken: str | None = None,
    offset: str | None = None,
    at: tuple[float, float] | None = None,
    order: str = ">",
    orientation: int = 1,
) -> bytes:
    """Return an APP1 segment; ``at``: latitude and longitude in degrees."""
    photo = [(0x9003, taken), (0x9011, offset)]
    texts = [_text(tag, value) for tag, value in photo if value is not None]
    tables = {0x8769: texts, 0x8825: [] if at is None else _gps(at, order)}
    first_size = 2 + 12 * 3 + 4
    body = b""
    pointers = []
    for tag, entries in tables.items():
        pointers.append((tag, 8 + first_size + len(body)))
        body += _table(entries, 8 + first_size + len(body), order)
    first = [(0x0112, _SHORT, 1, struct.pack(order + "H", orientation))]
    first += [(tag, _LONG, 1, struct.pack(order + "I", pointer)) for tag, pointer in pointers]
    mark = b"MM\x00*" if order == ">" else b"II*\x00"
    tiff = mark + struct.pack(order + "I", 8) + _table(first, 8, order) + body
    content = b"Exif\x00\x00" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def with_segment(jpeg: bytes, segment: bytes) -> bytes:
    """Return the JPEG with a segment behind its start."""
    return jpeg[:2] + segment + jpeg[2:]


def _text(tag: int, text: str) -> tuple[int, int, int, bytes]:
    raw = text.encode() + b"\x00"
    return tag, _ASCII, len(raw), raw


def _gps(at: tuple[float, float], order: str) -> list[tuple[int, int, int, bytes]]:
    latitude, longitude = at
    return [
        _text(1, "N" if latitude >= 0 else "S"),
        (2, _RATIONAL, 3, _sexagesimal(abs(latitude), order)),
        _text(3, "E" if longitude >= 0 else "W"),
        (4, _RATIONAL, 3, _sexagesimal(abs(longitude), order)),
    ]


def _sexagesimal(degrees: float, order: str) -> bytes:
    whole, minutes = int(degrees), int(degrees * 60 % 60)
    seconds = round(degrees * 3_600_000) % 60_000
    return struct.pack(order + "6I", whole, 1, minutes, 1, seconds, 1000)


def _table(entries: Sequence[tuple[int, int, int, bytes]], start: int, order: str) -> bytes:
    size = 2 + 12 * len(entries) + 4
    table, values = struct.pack(order + "H", len(entries)), b""
    for tag, kind, count, value in entries:
        table += struct.pack(order + "HHI", tag, kind, count)
        if len(value) <= 4:
            table += value.ljust(4, b"\x00")
        else:
            table += struct.pack(order + "I", start + size + len(values))
            values += value
    return table + struct.pack(order + "I", 0) + values
