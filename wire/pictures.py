"""Pictures, gateway to ingest: one masked JPEG a message, MessagePack of schema version 1."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from msgspec import DecodeError, Struct, ValidationError, msgpack

from domain.checks import InvalidValueError, check_id, check_number, check_sha256, check_utc
from wire.errors import UnreadablePayloadError, UnreadableReason
from wire.records import UtcTime
from wire.strict_json import check_size

MAX_JPEG_BYTES = 256 * 1024
MAX_PICTURE_MESSAGE_BYTES = 300 * 1024


class PictureBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A :class:`PictureMessage`; ``v`` is the schema version."""

    v: Literal[1]
    gateway_id: str
    device_id: str
    observed_at: UtcTime
    sha256: str
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureMessage:
    """A masked picture of a camera; ``sha256`` is of ``jpeg``, at most 256 KiB."""

    gateway_id: str
    device_id: str
    observed_at: datetime
    sha256: str
    jpeg: bytes

    def __post_init__(self) -> None:
        check_id("gateway_id", self.gateway_id)
        check_id("device_id", self.device_id)
        check_utc("observed_at", self.observed_at)
        check_sha256("sha256", self.sha256)
        check_number("jpeg", len(self.jpeg), 1, MAX_JPEG_BYTES)


_ENCODER = msgpack.Encoder()
_DECODER = msgpack.Decoder(PictureBody)


def encode_picture(message: PictureMessage) -> bytes:
    """Return the payload, below :data:`MAX_PICTURE_MESSAGE_BYTES`."""
    return _ENCODER.encode(
        PictureBody(
            v=1,
            gateway_id=message.gateway_id,
            device_id=message.device_id,
            observed_at=message.observed_at,
            sha256=message.sha256,
            jpeg=message.jpeg,
        )
    )


def decode_picture(payload: bytes) -> PictureMessage:
    """Return the picture, its hash verified; raise :class:`UnreadablePayloadError`."""
    check_size(payload, MAX_PICTURE_MESSAGE_BYTES)
    try:
        body = _DECODER.decode(payload)
        message = PictureMessage(
            gateway_id=body.gateway_id,
            device_id=body.device_id,
            observed_at=body.observed_at,
            sha256=body.sha256,
            jpeg=body.jpeg,
        )
    except ValidationError as error:
        raise UnreadablePayloadError(UnreadableReason.WRONG_SHAPE, str(error)) from error
    except (DecodeError, UnicodeDecodeError) as error:
        raise UnreadablePayloadError(UnreadableReason.MALFORMED, str(error)) from error
    except RecursionError as error:
        raise UnreadablePayloadError(UnreadableReason.TOO_DEEP, "nested too deeply") from error
    except InvalidValueError as error:
        raise UnreadablePayloadError(UnreadableReason.INVALID_VALUE, str(error)) from error
    if hashlib.sha256(message.jpeg).hexdigest() != message.sha256:
        detail = f"the picture is not the one named {message.sha256}"
        raise UnreadablePayloadError(UnreadableReason.HASH_MISMATCH, detail)
    return message
