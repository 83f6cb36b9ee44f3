"""Milesight EM400-MUD: an ultrasonic distance sensor on LoRaWAN.

A frame is a row of fields: channel (1 byte), type (1 byte), data whose length depends on the pair.
The meaning belongs to the pair: the same channel is something else on another model.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

F_PORT = 85
"""The port of the device's reports; others carry nothing of ours."""


class DamagedFrameError(Exception):
    """The frame is cut or has a field that this device does not send; no part of it is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Em400Frame:
    """What one frame carries. A frame may carry only some of the values, or none (a join notice).

    ``distance_alarm`` and ``temperature_alarm`` are True where the device's own threshold was
    passed, False where it was released, None where the frame does not say.
    """

    battery_ratio: float | None = None
    temperature_c: float | None = None
    distance_mm: int | None = None
    tilted: bool | None = None
    temperature_alarm: bool | None = None
    distance_alarm: bool | None = None
    serial_number: str | None = None
    hardware_version: str | None = None
    firmware_version: str | None = None

    @property
    def is_reading(self) -> bool:
        """Whether the frame tells anything of the container or the device's state."""
        values = (self.battery_ratio, self.temperature_c, self.distance_mm, self.tilted)
        return any(value is not None for value in values)


Values = dict[str, float | int | bool | str]


def _battery(data: bytes) -> Values:
    if data[0] > 100:  # noqa: PLR2004  per cent
        msg = f"battery of {data[0]} %"
        raise DamagedFrameError(msg)
    return {"battery_ratio": data[0] / 100}


def _temperature(data: bytes) -> Values:
    (tenths,) = struct.unpack("<h", data)
    return {"temperature_c": tenths / 10}


def _distance(data: bytes) -> Values:
    (distance_mm,) = struct.unpack("<H", data)
    return {"distance_mm": distance_mm}


def _flag(name: str, value: int) -> Values:
    if value not in (0, 1):
        msg = f"{name}: {value} where 0 or 1 belongs"
        raise DamagedFrameError(msg)
    return {name: value == 1}


def _position(data: bytes) -> Values:
    return _flag("tilted", data[0])


def _temperature_with_alarm(data: bytes) -> Values:
    return _temperature(data[:2]) | _flag("temperature_alarm", data[2])


def _distance_with_alarm(data: bytes) -> Values:
    return _distance(data[:2]) | _flag("distance_alarm", data[2])


def _serial_number(data: bytes) -> Values:
    return {"serial_number": data.hex()}


def _hardware_version(data: bytes) -> Values:
    return {"hardware_version": f"v{data[0]:x}.{data[1] >> 4:x}"}


def _firmware_version(data: bytes) -> Values:
    return {"firmware_version": f"v{data[0]:x}.{data[1]:x}"}


def _nothing(_data: bytes) -> Values:
    return {}


FIELDS: dict[tuple[int, int], tuple[int, Callable[[bytes], Values]]] = {
    (0x01, 0x75): (1, _battery),
    (0x03, 0x67): (2, _temperature),
    (0x04, 0x82): (2, _distance),
    (0x05, 0x00): (1, _position),
    (0x83, 0x67): (3, _temperature_with_alarm),
    (0x84, 0x82): (3, _distance_with_alarm),
    (0xFF, 0x01): (1, _nothing),  # protocol version
    (0xFF, 0x09): (2, _hardware_version),
    (0xFF, 0x0A): (2, _firmware_version),
    (0xFF, 0x0B): (1, _nothing),  # power-on notice
    (0xFF, 0x0F): (1, _nothing),  # LoRaWAN class
    (0xFF, 0x16): (8, _serial_number),
    (0xFF, 0xFE): (1, _nothing),  # reset notice
    (0xFF, 0xFF): (2, _nothing),  # data model version
}
"""Every field the device sends by itself: its data's length in bytes, and how it is read."""

_ANSWER_CHANNELS = (0xFE, 0xFF)


def decode_frame(frame: bytes) -> Em400Frame:
    """Return what the frame carries; raise :class:`DamagedFrameError` when any of it is wrong.

    Answers to downlinks have lengths we do not know; a frame that begins with one says nothing.
    """
    if not frame:
        msg = "no bytes"
        raise DamagedFrameError(msg)
    values: Values = {}
    at = 0
    while at < len(frame):
        key = tuple(frame[at : at + 2])
        field = FIELDS.get(key) if len(key) == 2 else None  # noqa: PLR2004  channel and type
        if field is None:
            if at == 0 and frame[0] in _ANSWER_CHANNELS and len(key) == 2:  # noqa: PLR2004
                return Em400Frame()
            msg = f"no field {frame[at : at + 2].hex()} at byte {at}"
            raise DamagedFrameError(msg)
        length, read = field
        data = frame[at + 2 : at + 2 + length]
        if len(data) < length:
            msg = f"field {frame[at : at + 2].hex()} at byte {at} is cut"
            raise DamagedFrameError(msg)
        values |= read(data)
        at += 2 + length
    return Em400Frame(**values)  # type: ignore[arg-type]  # the table's names are the fields
