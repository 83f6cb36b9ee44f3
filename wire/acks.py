"""Acks, ingest to gateway: what has been committed and may leave the gateway's spool."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct, json

from domain.checks import InvalidValueError, check_id, check_number, check_sha256
from wire.errors import UnreadablePayloadError, UnreadableReason
from wire.strict_json import read_json

MAX_ACK_BYTES = 64 * 1024
MAX_MISSING_RANGES = 1_000
MAX_ACKED_PICTURES = 500

_HIGHEST_SEQUENCE = 2**62

_Sequence = Annotated[int, Meta(ge=0, le=_HIGHEST_SEQUENCE)]


class AckBody(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """An :class:`Ack`; ``v`` is the schema version."""

    v: Literal[1]
    boot_id: str | None = None
    through: _Sequence = 0
    missing: Annotated[
        tuple[tuple[_Sequence, _Sequence], ...], Meta(max_length=MAX_MISSING_RANGES)
    ] = ()
    pictures: Annotated[tuple[str, ...], Meta(max_length=MAX_ACKED_PICTURES)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Every sequence of ``boot_id`` up to ``through`` is committed (accepted, duplicate or
    dead-lettered), except those in the ``missing`` ranges (first and last, both inclusive, rising).

    ``pictures`` are the SHA-256 of stored pictures; an ack of pictures only has no ``boot_id``.
    """

    boot_id: str | None = None
    through: int = 0
    missing: tuple[tuple[int, int], ...] = ()
    pictures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.boot_id is not None:
            check_id("boot_id", self.boot_id)
        check_number("through", self.through, 0, _HIGHEST_SEQUENCE)
        check_number("missing", len(self.missing), 0, MAX_MISSING_RANGES)
        check_number("pictures", len(self.pictures), 0, MAX_ACKED_PICTURES)
        before = 0
        for first, last in self.missing:
            check_number("missing.first", first, before + 1, self.through)
            check_number("missing.last", last, first, self.through)
            before = last
        for sha256 in self.pictures:
            check_sha256("pictures", sha256)


_ENCODER = json.Encoder()
_DECODER = json.Decoder(AckBody)


def encode_ack(ack: Ack) -> bytes:
    """Return the payload."""
    return _ENCODER.encode(
        AckBody(
            v=1,
            boot_id=ack.boot_id,
            through=ack.through,
            missing=ack.missing,
            pictures=ack.pictures,
        )
    )


def decode_ack(payload: bytes) -> Ack:
    """Return the ack; raise :class:`UnreadablePayloadError` for anything but a valid one."""
    body = read_json(_DECODER, payload, most_bytes=MAX_ACK_BYTES)
    try:
        return Ack(
            boot_id=body.boot_id,
            through=body.through,
            missing=body.missing,
            pictures=body.pictures,
        )
    except InvalidValueError as error:
        raise UnreadablePayloadError(UnreadableReason.INVALID_VALUE, str(error)) from error
