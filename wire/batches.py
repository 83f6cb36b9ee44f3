"""Batches of records, gateway to ingest: a header line, then one line per record.

A line is the sequence, a space and the record's JSON, left as bytes: a record that cannot be read
is dead-lettered alone and never takes its neighbours with it. The header counts the lines, so a
batch that was cut is refused as a whole and comes again.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct, json

from domain.checks import InvalidValueError, check_id, check_number
from wire.errors import OversizedPayloadError, UnreadablePayloadError, UnreadableReason
from wire.strict_json import check_size, read_json

MAX_BATCH_BYTES = 256 * 1024
MAX_BATCH_RECORDS = 500

_MAX_HEADER_BYTES = 512
_HIGHEST_SEQUENCE = 2**62
_MAX_DIGITS = len(str(_HIGHEST_SEQUENCE))


class BatchHeader(Struct, forbid_unknown_fields=True, kw_only=True):
    """The first line of a batch; ``v`` is the schema version, ``count`` the lines that follow."""

    v: Literal[1]
    gateway_id: str
    boot_id: str
    oldest: Annotated[int, Meta(ge=1, le=_HIGHEST_SEQUENCE)]
    count: Annotated[int, Meta(ge=1, le=MAX_BATCH_RECORDS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkBatch:
    """Records of one gateway and boot, by rising sequence.

    ``oldest`` is the lowest sequence the gateway still holds: what is missing below it will never
    come. ``items`` are pairs of sequence and encoded record (:mod:`wire.records`).
    """

    gateway_id: str
    boot_id: str
    oldest: int
    items: tuple[tuple[int, bytes], ...]

    def __post_init__(self) -> None:
        check_id("gateway_id", self.gateway_id)
        check_id("boot_id", self.boot_id)
        check_number("oldest", self.oldest, 1, _HIGHEST_SEQUENCE)
        check_number("items", len(self.items), 1, MAX_BATCH_RECORDS)
        before = self.oldest - 1
        for sequence, _ in self.items:
            if not before < sequence <= _HIGHEST_SEQUENCE:
                check_number("sequence", sequence, before + 1, _HIGHEST_SEQUENCE)
            before = sequence


_ENCODER = json.Encoder()
_DECODER = json.Decoder(BatchHeader)


def line_bytes(sequence: int, record: bytes) -> int:
    """Return how many bytes a record takes in a batch."""
    return len(str(sequence)) + len(record) + 2


def room_for_lines() -> int:
    """Return how many bytes all lines of a batch may take together."""
    return MAX_BATCH_BYTES - _MAX_HEADER_BYTES


def encode_batch(batch: UplinkBatch) -> bytes:
    """Return the payload; raise :class:`OversizedPayloadError` when it would be too large."""
    header = BatchHeader(
        v=1,
        gateway_id=batch.gateway_id,
        boot_id=batch.boot_id,
        oldest=batch.oldest,
        count=len(batch.items),
    )
    lines = [_ENCODER.encode(header)]
    lines += [b"%d %b" % item for item in batch.items]
    payload = b"\n".join(lines)
    if len(payload) > MAX_BATCH_BYTES:
        msg = f"a batch of {len(payload)} bytes, at most {MAX_BATCH_BYTES}"
        raise OversizedPayloadError(msg)
    return payload


def decode_batch(payload: bytes) -> UplinkBatch:
    """Return the batch, its records still encoded; raise :class:`UnreadablePayloadError`."""
    check_size(payload, MAX_BATCH_BYTES)
    head, *lines = payload.split(b"\n")
    header = read_json(_DECODER, head, most_bytes=_MAX_HEADER_BYTES)
    if len(lines) != header.count:
        detail = f"{len(lines)} lines where the header says {header.count}"
        raise UnreadablePayloadError(UnreadableReason.WRONG_SHAPE, detail)
    try:
        return UplinkBatch(
            gateway_id=header.gateway_id,
            boot_id=header.boot_id,
            oldest=header.oldest,
            items=tuple([_item_of(line) for line in lines]),
        )
    except InvalidValueError as error:
        raise UnreadablePayloadError(UnreadableReason.INVALID_VALUE, str(error)) from error


def _item_of(line: bytes) -> tuple[int, bytes]:
    digits, space, record = line.partition(b" ")
    if not space or not digits.isdigit() or len(digits) > _MAX_DIGITS:
        detail = f"a line without a sequence: {line[:40]!r}"
        raise UnreadablePayloadError(UnreadableReason.WRONG_SHAPE, detail)
    return int(digits), record
