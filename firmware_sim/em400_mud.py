"""The LoRaWAN frame of a Milesight EM400-MUD, written from its published layout.

Channel and type bytes, then little-endian data: battery ``01 75`` (percent), temperature
``03 67`` (tenths of a degree, signed), distance ``04 82`` (millimetres), position ``05 00``.
"""

from struct import pack

F_PORT = 85
NO_ECHO_MM = 0
"""What the frame carries when no echo came back."""

JOIN_FRAME = bytes.fromhex("ff0bffff0101ff166749d19054690031ff090110ff0a0110ff0f00")
"""What a device says first after a restart (a published one): no reading inside."""

_MOST_MM = 0xFFFF


def encode_reading(
    *, battery_ratio: float, temperature_c: float, distance_mm: int, tilted: bool
) -> bytes:
    """Return the bytes of a periodic report; ``ValueError`` for a distance of more than 16 bits."""
    if not 0 <= distance_mm <= _MOST_MM:
        msg = f"distance_mm: {distance_mm} does not fit in 16 bits"
        raise ValueError(msg)
    return pack(
        "<2sB2sh2sH2sB",
        b"\x01\x75",
        round(battery_ratio * 100),
        b"\x03\x67",
        round(temperature_c * 10),
        b"\x04\x82",
        distance_mm,
        b"\x05\x00",
        int(tilted),
    )
