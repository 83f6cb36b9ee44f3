"""ChirpStack v4 uplinks: the envelope around a LoRaWAN payload.

Protobuf's JSON leaves out members that are zero, and times have nine fraction digits. The server's
own decoded ``object`` is not looked at: we read the payload's bytes ourselves.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct, json

from domain.checks import DEV_EUI_PATTERN
from gateway.errors import RefusalReason, RefusedMessageError
from wire.strict_json import read_json

MAX_ENVELOPE_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 255
"""The longest payload LoRaWAN can carry is shorter."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


class _RxInfo(Struct):
    rssi: float = 0.0
    snr: float = 0.0


class _DeviceInfo(Struct, rename="camel"):
    dev_eui: str


class _Envelope(Struct, rename="camel"):
    """Other members are the server's affair and may grow with its versions."""

    time: str
    device_info: _DeviceInfo
    f_port: Annotated[int, Meta(ge=0, le=255)] = 0
    f_cnt: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 0
    data: str = ""
    rx_info: list[_RxInfo] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class LorawanUplink:
    """One uplink. ``best_rssi_dbm`` is the strongest of the radio gateways that heard it."""

    dev_eui: str
    received_at: datetime
    f_port: int
    f_cnt: int
    payload: bytes
    best_rssi_dbm: float | None


_DECODER = json.Decoder(_Envelope)


def read_uplink(message: bytes) -> LorawanUplink:
    """Return the uplink.

    Raises ``wire.errors.UnreadablePayloadError`` for what is no such JSON, and
    :class:`RefusedMessageError` for wrong values in it.
    """
    envelope = read_json(_DECODER, message, most_bytes=MAX_ENVELOPE_BYTES)
    dev_eui = envelope.device_info.dev_eui.lower()
    if not DEV_EUI_PATTERN.fullmatch(dev_eui):
        raise RefusedMessageError(RefusalReason.INVALID_VALUE, f"devEui: {dev_eui[:40]!r}")
    return LorawanUplink(
        dev_eui=dev_eui,
        received_at=_read_time(envelope.time),
        f_port=envelope.f_port,
        f_cnt=envelope.f_cnt,
        payload=_read_payload(envelope.data),
        best_rssi_dbm=max((rx.rssi for rx in envelope.rx_info), default=None),
    )


def _read_time(text: str) -> datetime:
    """Return a time whose fraction is cut, not rounded, to microseconds."""
    parts = _TIME.fullmatch(text)
    if parts is None:
        raise RefusedMessageError(RefusalReason.INVALID_VALUE, f"time: {text[:40]!r}")
    seconds, fraction, offset = parts.groups()
    microseconds = ((fraction or "") + "000000")[:6]
    try:
        return datetime.fromisoformat(f"{seconds}.{microseconds}{offset}").astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RefusedMessageError(RefusalReason.INVALID_VALUE, f"time: {text[:40]!r}") from error


def _read_payload(data: str) -> bytes:
    try:
        payload = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedMessageError(RefusalReason.INVALID_VALUE, f"data: {error}") from error
    if len(payload) > MAX_PAYLOAD_BYTES:
        detail = f"data: {len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}"
        raise RefusedMessageError(RefusalReason.TOO_LARGE, detail)
    return payload
