import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checks import InvalidValueError
from wire.acks import MAX_ACK_BYTES, MAX_MISSING_RANGES, Ack, decode_ack, encode_ack
from wire.errors import UnreadablePayloadError

BOOT = "0123456789abcdef"
SHA = "ab" * 32


@given(st.sets(st.integers(1, 10_000), max_size=40), st.booleans())
def test_an_ack_comes_back_as_it_was(edges: set[int], with_picture: bool) -> None:  # noqa: FBT001
    rising = sorted(edges)
    missing = tuple(zip(rising[::2], rising[1::2], strict=False))
    ack = Ack(
        boot_id=BOOT,
        through=10_000,
        missing=missing,
        pictures=(SHA,) if with_picture else (),
    )
    assert decode_ack(encode_ack(ack)) == ack


def test_an_ack_of_pictures_only_needs_no_boot() -> None:
    ack = Ack(pictures=(SHA,))
    assert decode_ack(encode_ack(ack)) == ack


def test_the_largest_ack_can_be_read() -> None:
    high = 10**15
    missing = tuple((high + 2 * n, high + 2 * n) for n in range(MAX_MISSING_RANGES))
    ack = Ack(boot_id=BOOT, through=2 * high, missing=missing, pictures=(SHA,) * 100)
    assert len(encode_ack(ack)) <= MAX_ACK_BYTES
    assert decode_ack(encode_ack(ack)) == ack


@pytest.mark.parametrize("missing", [((3, 2),), ((2, 3), (3, 4)), ((0, 1),), ((5, 11),)])
def test_missing_ranges_rise_and_stay_below_through(missing: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(InvalidValueError):
        Ack(boot_id=BOOT, through=10, missing=missing)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b'{"v":2}',
        b'{"v":1,"through":-1}',
        b'{"v":1,"through":1.5}',
        b'{"v":1,"through":99999999999999999999}',
        b'{"v":1,"boot_id":"../x"}',
        b'{"v":1,"pictures":["AB"]}',
        b'{"v":1,"through":9,"missing":[[1]]}',
        b'{"v":1,"through":9,"missing":[[4,3]]}',
        b'{"v":1,"free":"everything"}',
    ],
)
def test_a_damaged_ack_is_refused(payload: bytes) -> None:
    with pytest.raises(UnreadablePayloadError):
        decode_ack(payload)
