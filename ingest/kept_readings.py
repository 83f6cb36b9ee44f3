"""A fill reading as the series keeps it, and the packed form of its values in a row.

Packed, a row has three columns instead of eleven, and a day of rows is one array for numpy: both
inserting and sealing cost about half of what they did (measured).
"""

import struct
from itertools import product
from typing import NamedTuple

import numpy as np

from domain.records import FillReading, MeasurementQuality
from wire.records import FillBody

QUALITIES = tuple(MeasurementQuality)
"""A quality is kept as its place in here: the order must never change."""

ACCEPTED = 0

PACKED = np.dtype([("codes", "u1"), ("numbers", "<f8", (6,))])
"""One byte for quality and flags; level, distance, temperature, volts, ratio, signal; NaN: absent.

No reading may have NaN as a value (``domain.checks``).
"""
QUALITY_BITS, COVER_BITS, POSITION_BITS = 0, 2, 4
"""Where in the byte of codes each begins; each has two bits."""

UNSAID = 2

_PACKED = struct.Struct("<B6d")
_ABSENT = float("nan")
_FLAGS: dict[bool | None, int] = {False: 0, True: 1, None: UNSAID}
_CODES = {
    (quality, cover, position): (
        code << QUALITY_BITS | _FLAGS[cover] << COVER_BITS | _FLAGS[position] << POSITION_BITS
    )
    for (code, quality), cover, position in product(enumerate(QUALITIES), _FLAGS, _FLAGS)
}


class KeptReading(NamedTuple):
    """A fill reading as a sealed day keeps it: microseconds, codes for quality and flags."""

    observed_us: int
    quality: int
    filling_level: float | None
    distance_mm: float | None
    temperature_c: float | None
    battery_v: float | None
    battery_ratio: float | None
    cover_open: int | None
    out_of_position: int | None
    rssi_dbm: float | None


def pack_values(reading: FillReading | FillBody) -> bytes:
    """Return all values of a reading as one column of its row."""
    level, distance = reading.filling_level, reading.distance_mm
    temperature, volts = reading.temperature_c, reading.battery_v
    ratio, signal = reading.battery_ratio, reading.rssi_dbm
    return _PACKED.pack(
        _CODES[reading.measurement_quality, reading.cover_open, reading.out_of_position],
        _ABSENT if level is None else level,
        _ABSENT if distance is None else distance,
        _ABSENT if temperature is None else temperature,
        _ABSENT if volts is None else volts,
        _ABSENT if ratio is None else ratio,
        _ABSENT if signal is None else signal,
    )


def pack_kept(kept: KeptReading) -> bytes:
    """Return the values of a kept reading as one column of its row."""
    numbers = (*kept[2:7], kept.rssi_dbm)
    cover = UNSAID if kept.cover_open is None else kept.cover_open
    position = UNSAID if kept.out_of_position is None else kept.out_of_position
    return _PACKED.pack(
        kept.quality << QUALITY_BITS | cover << COVER_BITS | position << POSITION_BITS,
        *(_ABSENT if number is None else number for number in numbers),
    )


def unpack_kept(observed_us: int, packed: bytes) -> KeptReading:
    """Return the reading of a row."""
    codes, *numbers = _PACKED.unpack(packed)
    level, distance, temperature, volts, ratio, signal = (
        None if number != number else number  # noqa: PLR0124  only NaN is not itself
        for number in numbers
    )
    return KeptReading(
        observed_us=observed_us,
        quality=codes >> QUALITY_BITS & 3,
        filling_level=level,
        distance_mm=distance,
        temperature_c=temperature,
        battery_v=volts,
        battery_ratio=ratio,
        cover_open=_flag(codes >> COVER_BITS & 3),
        out_of_position=_flag(codes >> POSITION_BITS & 3),
        rssi_dbm=signal,
    )


def _flag(code: int) -> int | None:
    return None if code == UNSAID else code
