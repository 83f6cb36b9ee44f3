"""What our own fill sensors send: JSON of schema version 1."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, json

from domain.checks import InvalidValueError, check_id, check_number, check_utc
from wire.errors import UnreadablePayloadError, UnreadableReason
from wire.records import UtcTime
from wire.strict_json import read_json

MAX_DEVICE_MESSAGE_BYTES = 8 * 1024
MAX_SAMPLES = 9
MAX_SAMPLE_MM = 65_535


class DeviceBody(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A :class:`DeviceMessage`; ``v`` is the schema version."""

    v: Literal[1]
    device_id: str
    observed_at: UtcTime
    distances_mm: Annotated[
        tuple[Annotated[int, Meta(ge=0, le=MAX_SAMPLE_MM)], ...],
        Meta(min_length=1, max_length=MAX_SAMPLES),
    ]
    temperature_c: float | None = None
    battery_v: float | None = None
    cover_open: bool | None = None
    out_of_position: bool | None = None
    rssi_dbm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMessage:
    """One measurement of a device: 1 to 9 distance samples, of which the gateway takes the median.

    Physical limits are the gateway's to judge: a wrong number is a sensor's fault, not a wrong
    message. ``observed_at`` is in UTC; a device may write any offset.
    """

    device_id: str
    observed_at: datetime
    distances_mm: tuple[int, ...]
    temperature_c: float | None = None
    battery_v: float | None = None
    cover_open: bool | None = None
    out_of_position: bool | None = None
    rssi_dbm: float | None = None

    def __post_init__(self) -> None:
        check_id("device_id", self.device_id)
        check_utc("observed_at", self.observed_at)
        check_number("distances_mm", len(self.distances_mm), 1, MAX_SAMPLES)
        for sample in self.distances_mm:
            check_number("distances_mm", sample, 0, MAX_SAMPLE_MM)


_ENCODER = json.Encoder()
_DECODER = json.Decoder(DeviceBody)


def encode_device_message(message: DeviceMessage) -> bytes:
    """Return the payload."""
    return _ENCODER.encode(
        DeviceBody(
            v=1,
            device_id=message.device_id,
            observed_at=message.observed_at,
            distances_mm=message.distances_mm,
            temperature_c=message.temperature_c,
            battery_v=message.battery_v,
            cover_open=message.cover_open,
            out_of_position=message.out_of_position,
            rssi_dbm=message.rssi_dbm,
        )
    )


def decode_device_message(payload: bytes) -> DeviceMessage:
    """Return the message; raise :class:`UnreadablePayloadError` for anything but a valid one."""
    body = read_json(_DECODER, payload, most_bytes=MAX_DEVICE_MESSAGE_BYTES)
    try:
        return DeviceMessage(
            device_id=body.device_id,
            observed_at=body.observed_at.astimezone(UTC),
            distances_mm=body.distances_mm,
            temperature_c=body.temperature_c,
            battery_v=body.battery_v,
            cover_open=body.cover_open,
            out_of_position=body.out_of_position,
            rssi_dbm=body.rssi_dbm,
        )
    except (InvalidValueError, OverflowError) as error:
        raise UnreadablePayloadError(UnreadableReason.INVALID_VALUE, str(error)) from error
