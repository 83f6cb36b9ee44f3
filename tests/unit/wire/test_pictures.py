import hashlib

import msgspec
import pytest

from domain.checks import InvalidValueError
from tests.fakes.manual_clock import START
from wire.errors import UnreadablePayloadError, UnreadableReason
from wire.pictures import (
    MAX_JPEG_BYTES,
    MAX_PICTURE_MESSAGE_BYTES,
    PictureMessage,
    decode_picture,
    encode_picture,
)


def picture(jpeg: bytes) -> PictureMessage:
    return PictureMessage(
        gateway_id="g" * 32,
        device_id="d" * 32,
        observed_at=START,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        jpeg=jpeg,
    )


def test_the_largest_picture_comes_back_as_it_was() -> None:
    message = picture(b"\xff" * MAX_JPEG_BYTES)
    payload = encode_picture(message)
    assert len(payload) <= MAX_PICTURE_MESSAGE_BYTES
    assert decode_picture(payload) == message


@pytest.mark.parametrize("size", [0, MAX_JPEG_BYTES + 1])
def test_no_picture_and_too_large_a_picture_are_not_sent(size: int) -> None:
    with pytest.raises(InvalidValueError):
        picture(bytes(size))


def test_a_picture_that_is_not_the_one_named_is_refused() -> None:
    payload = encode_picture(picture(b"one picture")).replace(b"one", b"two")
    with pytest.raises(UnreadablePayloadError) as refused:
        decode_picture(payload)
    assert refused.value.reason is UnreadableReason.HASH_MISMATCH


def fields(**changes: object) -> bytes:
    good = msgspec.msgpack.decode(encode_picture(picture(b"jpeg")))
    return msgspec.msgpack.encode(good | changes)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (bytes(MAX_PICTURE_MESSAGE_BYTES + 1), "too_large"),
        (encode_picture(picture(b"jpeg"))[:-1], "malformed"),
        (b"\x91" * 5_000, "wrong_shape"),
        (fields(v=2), "wrong_shape"),
        (fields(more=1), "wrong_shape"),
        (fields(jpeg="text"), "wrong_shape"),
        (fields(gateway_id="a/b"), "invalid_value"),
        (fields(sha256="AB" * 32), "invalid_value"),
        (fields(jpeg=b""), "invalid_value"),
        (fields(observed_at="2026-03-01T00:00:00"), "wrong_shape"),
        (fields(observed_at="2026-03-01T00:00:00+08:00"), "invalid_value"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(UnreadablePayloadError) as refused:
        decode_picture(payload)
    assert refused.value.reason is UnreadableReason(reason)
