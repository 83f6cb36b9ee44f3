from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checks import InvalidValueError
from wire.batches import (
    MAX_BATCH_BYTES,
    MAX_BATCH_RECORDS,
    UplinkBatch,
    decode_batch,
    encode_batch,
    line_bytes,
    room_for_lines,
    take_apart,
)
from wire.errors import OversizedPayloadError, UnreadablePayloadError

BOOT = "0123456789abcdef"


def batch(*items: tuple[int, bytes], oldest: int = 1) -> UplinkBatch:
    return UplinkBatch(gateway_id="gw-1", boot_id=BOOT, oldest=oldest, items=items)


bodies = st.binary(max_size=40).filter(lambda body: b"\n" not in body)


@given(st.dictionaries(st.integers(5, 2**62), bodies, min_size=1, max_size=20))
def test_a_batch_comes_back_as_it_was(items: dict[int, bytes]) -> None:
    sent = batch(*sorted(items.items()), oldest=5)
    assert decode_batch(encode_batch(sent)) == sent


def test_a_record_that_cannot_be_read_leaves_its_neighbours_alone() -> None:
    items = decode_batch(encode_batch(batch((1, b"{}"), (2, b"\xff{{{"), (3, b"{}")))).items
    assert items == ((1, b"{}"), (2, b"\xff{{{"), (3, b"{}"))


@pytest.mark.parametrize(
    "items",
    [(), ((2, b""), (2, b"")), ((2, b""), (1, b"")), ((0, b""),), ((2**62 + 1, b""),)],
)
def test_sequences_must_rise_from_the_oldest_on(items: tuple[tuple[int, bytes], ...]) -> None:
    with pytest.raises(InvalidValueError):
        batch(*items)
    with pytest.raises(InvalidValueError):
        batch((4, b""), oldest=5)


GOOD = encode_batch(batch((1, b"{}"), (2, b"{}")))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\n",
        b"{}",
        GOOD[:-5],
        GOOD + b"\n",
        GOOD + b"\n3 {}",
        GOOD.replace(b"\n2 ", b"\n02x "),
        GOOD.replace(b"\n2 ", b"\n-2 "),
        GOOD.replace(b"\n2 ", b"\n1 "),
        GOOD.replace(b"\n2 ", b"\n2"),
        GOOD.replace(b"\n2 ", b"\n" + b"9" * 5_000 + b" "),
        GOOD.replace(b'"count":2', b'"count":3'),
        GOOD.replace(b'"count":2', b'"count":0'),
        GOOD.replace(b'"oldest":1', b'"oldest":2'),
        GOOD.replace(b'"oldest":1', b'"oldest":0'),
        GOOD.replace(b'"oldest":1', b'"oldest":true'),
        GOOD.replace(b"gw-1", b"gw/1"),
        GOOD.replace(BOOT.encode(), b"../../etc"),
        b"x" * (MAX_BATCH_BYTES + 1),
    ],
)
def test_a_damaged_batch_is_refused_as_a_whole(payload: bytes) -> None:
    with pytest.raises(UnreadablePayloadError):
        decode_batch(payload)
    assert told(payload, apart=True) == told(payload, apart=False)


def told(payload: bytes, *, apart: bool) -> object:
    """Return what a payload says, or why it says nothing, by one way or the other."""
    try:
        if not apart:
            return decode_batch(payload)
        gateway_id, boot_id, oldest, runs = take_apart(payload)
    except UnreadablePayloadError as error:
        return error.reason, str(error)
    for one, next_one in pairwise(runs):
        assert one.first + len(one.records) < next_one.first
    items = tuple(item for first, records in runs for item in enumerate(records, first))
    return UplinkBatch(gateway_id=gateway_id, boot_id=boot_id, oldest=oldest, items=items)


sequences = st.integers(1, 12) | st.sampled_from([98, 99, 100, 2**62 - 1, 2**62, 2**62 + 1])
beginnings = st.sampled_from([b"%d ", b"%d ", b"%d ", b"0%d ", b"%d", b" %d ", b"-%d ", b"%dx "])
lines = st.lists(st.tuples(beginnings, bodies), min_size=1, max_size=12).flatmap(
    lambda some: st.tuples(
        sequences,
        st.just([(b"%d ", body) for _, body in some]) | st.just(some),
        st.just([1] * len(some)) | st.lists(st.integers(-1, 3), min_size=12, max_size=12),
    )
)


@given(lines, st.sampled_from([1, 1, 5, 99, 2**62]), st.sampled_from(["gw-1", "gw-1", "GW"]))
def test_a_batch_is_taken_apart_as_it_is_decoded(
    some: tuple[int, list[tuple[bytes, bytes]], list[int]], oldest: int, gateway_id: str
) -> None:
    sequence, texts, steps = some
    head = b'{"v":1,"gateway_id":"%b","boot_id":"%b","oldest":%d,"count":%d}'
    payload = head % (gateway_id.encode(), BOOT.encode(), oldest, len(texts))
    for (beginning, body), step in zip(texts, steps, strict=False):
        payload += b"\n" + beginning % sequence + body
        sequence += step
    assert told(payload, apart=True) == told(payload, apart=False)


def test_a_line_of_a_sequence_alone_is_refused() -> None:
    alone = encode_batch(batch((1, b"")))[:-1]
    assert told(alone, apart=True) == told(alone, apart=False)


@pytest.mark.parametrize("last", [2**62, 2**62 + 1])
def test_a_run_may_reach_the_highest_sequence_and_not_beyond(last: int) -> None:
    payload = GOOD.replace(b"\n1 ", b"\n%d " % (last - 1)).replace(b"\n2 ", b"\n%d " % last)
    assert told(payload, apart=True) == told(payload, apart=False)


def test_a_batch_within_the_room_for_its_lines_can_be_sent() -> None:
    body = b"x" * (room_for_lines() - line_bytes(2**62, b""))
    payload = encode_batch(
        UplinkBatch(gateway_id="g" * 32, boot_id="b" * 32, oldest=2**62, items=((2**62, body),))
    )
    assert len(payload) <= MAX_BATCH_BYTES


def test_too_large_a_batch_is_not_sent() -> None:
    with pytest.raises(OversizedPayloadError):
        encode_batch(batch((1, b"x" * MAX_BATCH_BYTES)))
    with pytest.raises(InvalidValueError):
        batch(*((n + 1, b"") for n in range(MAX_BATCH_RECORDS + 1)))
