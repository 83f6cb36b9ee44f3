"""What the child that looks at pictures tells its parent, and the bytes it tells it in.

The parent reads plain values only and builds them through the domain's own checks: a child that
some picture has taken over must not be able to do more than lie about pictures. This module loads
no OpenCV, so the parent stays small.
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from domain.checks import InvalidValueError
from domain.records import Record, SnapshotVerdicts

MOST_MESSAGE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotResult:
    """One snapshot's record, and its masked picture where one is kept."""

    record: Record
    jpeg: bytes | None = None


class Beat(msgspec.Struct, frozen=True, kw_only=True, tag="beat", forbid_unknown_fields=True):
    """The child lives. ``busy_with``: the camera whose bytes it is about to open, if any;
    ``counts``: what has happened since the last beat, by outcome.
    """

    busy_with: str | None = None
    counts: dict[str, int] = {}


class Looked(msgspec.Struct, frozen=True, kw_only=True, tag="looked", forbid_unknown_fields=True):
    """The child has judged a snapshot."""

    device_id: str
    observed_at: datetime
    values: SnapshotVerdicts
    jpeg: bytes | None = None

    def result(self, gateway_at: datetime) -> SnapshotResult:
        """Return it as the parent's own record; raise :class:`UnreadableMessageError`."""
        try:
            record = Record(
                device_id=self.device_id,
                observed_at=self.observed_at,
                gateway_at=gateway_at,
                values=self.values,
            )
        except InvalidValueError as error:
            raise UnreadableMessageError(str(error)) from error
        return SnapshotResult(record=record, jpeg=self.jpeg)


class UnreadableMessageError(Exception):
    """The child sent what no healthy child sends; end it."""


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Beat | Looked)


def encode_message(message: Beat | Looked) -> bytes:
    """Return the bytes of a message."""
    return _ENCODER.encode(message)


def decode_message(payload: bytes) -> Beat | Looked:
    """Read a message; raise :class:`UnreadableMessageError`."""
    try:
        message: Beat | Looked = _DECODER.decode(payload)
    except (msgspec.DecodeError, InvalidValueError) as error:
        raise UnreadableMessageError(str(error)) from error
    return message
