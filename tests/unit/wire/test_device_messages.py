from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.manual_clock import START
from wire.device_messages import (
    MAX_DEVICE_MESSAGE_BYTES,
    DeviceMessage,
    decode_device_message,
    encode_device_message,
)
from wire.errors import UnreadablePayloadError, UnreadableReason

GOOD = encode_device_message(
    DeviceMessage(device_id="sensor-1", observed_at=START, distances_mm=(500, 510))
)


@given(
    st.lists(st.integers(0, 65_535), min_size=1, max_size=9).map(tuple),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.booleans(),
)
def test_a_message_comes_back_as_it_was(
    distances_mm: tuple[int, ...],
    temperature_c: float | None,
    cover_open: bool | None,  # noqa: FBT001  hypothesis gives arguments by position
) -> None:
    message = DeviceMessage(
        device_id="sensor-1",
        observed_at=START,
        distances_mm=distances_mm,
        temperature_c=temperature_c,
        cover_open=cover_open,
    )
    assert decode_device_message(encode_device_message(message)) == message


def test_a_time_with_an_offset_becomes_utc() -> None:
    payload = GOOD.replace(b"2026-03-02T22:30:00Z", b"2026-03-03T06:30:00+08:00")
    message = decode_device_message(payload)
    assert message.observed_at == datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    assert message.observed_at.utcoffset() == UTC.utcoffset(None)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b" " * (MAX_DEVICE_MESSAGE_BYTES + 1), "too_large"),
        (b"GET / HTTP/1.1", "malformed"),
        (GOOD.replace(b"[500,510]", b"[]"), "wrong_shape"),
        (GOOD.replace(b"[500,510]", str(list(range(10))).encode()), "wrong_shape"),
        (GOOD.replace(b"[500,510]", b"[500.5]"), "wrong_shape"),
        (GOOD.replace(b"[500,510]", b"[65536]"), "wrong_shape"),
        (GOOD.replace(b"[500,510]", b"[-1]"), "wrong_shape"),
        (GOOD.replace(b"[500,510]", b"[true]"), "wrong_shape"),
        (GOOD.replace(b"[500,510]", b"[" * 4_000), "wrong_shape"),
        (GOOD.replace(b"2026-03-02T22:30:00Z", b"0001-01-01T00:00:00+08:00"), "invalid_value"),
        (GOOD.replace(b"sensor-1", "sensоr-1".encode()), "invalid_value"),  # noqa: RUF001  a Cyrillic letter
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(UnreadablePayloadError) as refused:
        decode_device_message(payload)
    assert refused.value.reason is UnreadableReason(reason)


def test_exactly_at_the_limit_is_accepted() -> None:
    padded = GOOD + b" " * (MAX_DEVICE_MESSAGE_BYTES - len(GOOD))
    assert decode_device_message(padded).device_id == "sensor-1"
