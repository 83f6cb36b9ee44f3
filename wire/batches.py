"""Batches of records, gateway to ingest: a header line, then one line per record.

A line is the sequence, a space and the record's JSON, left as bytes: a record that cannot be read
is dead-lettered alone and never takes its neighbours with it. The header counts the lines, so a
batch that was cut is refused as a whole and comes again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct, json

from domain.checks import ID_PATTERN, InvalidValueError, check_id, check_number
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


class SequenceRun(NamedTuple):
    """Encoded records whose sequences follow one another, from ``first`` on."""

    first: int
    records: list[bytes]


class BatchInRuns(NamedTuple):
    """An :class:`UplinkBatch` that was taken apart: its items as runs, ascending, at least one."""

    gateway_id: str
    boot_id: str
    oldest: int
    runs: list[SequenceRun]


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
    return _batch_of(*_head_and_lines(payload))


def take_apart(payload: bytes) -> BatchInRuns:
    """Return what :func:`decode_batch` says, as runs: for who reads many batches."""
    header, lines = _head_and_lines(payload)
    first, records = _one_run(lines, len(payload) - payload.index(b"\n") - header.count)
    if (
        records
        and header.oldest <= first <= _HIGHEST_SEQUENCE + 1 - len(records)
        and ID_PATTERN.fullmatch(header.gateway_id)
        and ID_PATTERN.fullmatch(header.boot_id)
    ):
        runs = [SequenceRun(first, records)]
    else:
        runs = _runs_of(_batch_of(header, lines).items)
    return BatchInRuns(header.gateway_id, header.boot_id, header.oldest, runs)


def _head_and_lines(payload: bytes) -> tuple[BatchHeader, list[bytes]]:
    check_size(payload, MAX_BATCH_BYTES)
    head, *lines = payload.split(b"\n")
    header = read_json(_DECODER, head, most_bytes=_MAX_HEADER_BYTES)
    if len(lines) != header.count:
        detail = f"{len(lines)} lines where the header says {header.count}"
        raise UnreadablePayloadError(UnreadableReason.WRONG_SHAPE, detail)
    return header, lines


def _batch_of(header: BatchHeader, lines: Sequence[bytes]) -> UplinkBatch:
    try:
        return UplinkBatch(
            gateway_id=header.gateway_id,
            boot_id=header.boot_id,
            oldest=header.oldest,
            items=tuple([_item_of(line) for line in lines]),
        )
    except InvalidValueError as error:
        raise UnreadablePayloadError(UnreadableReason.INVALID_VALUE, str(error)) from error


def _one_run(lines: Sequence[bytes], size: int) -> tuple[int, list[bytes]]:
    """Return the records of lines of ``size`` bytes that follow one another; none: they do not.

    The first line tells what each must begin with. That is cut off where it is found: only if it
    was found everywhere have the lines together become shorter by all of it.
    """
    digits, space, record = lines[0].partition(b" ")
    if not space or not digits.isdigit() or len(digits) > _MAX_DIGITS:
        return 0, []
    first, count = int(digits), len(lines)
    if count == 1:
        return first, [record]
    beginnings = b"%d \n" * count % tuple(range(first, first + count))
    records = list(map(bytes.removeprefix, lines, beginnings.split(b"\n")))
    whole = size == sum(map(len, records)) + len(beginnings) - count
    return (first, records) if whole else (0, [])


def _runs_of(items: Sequence[tuple[int, bytes]]) -> list[SequenceRun]:
    runs: list[SequenceRun] = []
    for sequence, record in items:
        if not runs or runs[-1].first + len(runs[-1].records) != sequence:
            runs.append(SequenceRun(sequence, []))
        runs[-1].records.append(record)
    return runs


def _item_of(line: bytes) -> tuple[int, bytes]:
    digits, space, record = line.partition(b" ")
    if not space or not digits.isdigit() or len(digits) > _MAX_DIGITS:
        detail = f"a line without a sequence: {line[:40]!r}"
        raise UnreadablePayloadError(UnreadableReason.WRONG_SHAPE, detail)
    return int(digits), record
