"""Records checked while they are decoded are those that the domain takes, no more and no less."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records import FillReading, Record
from tests.unit.wire.test_records import GOOD, records
from wire.checked_records import CheckedRecord, decode_checked, decode_told, is_plain_reading
from wire.errors import UnreadablePayloadError
from wire.records import MAX_RECORD_BYTES, decode_record, encode_record, record_of

EDGES = (0, 1, 3, 20, 60, 300, 20_000, -60, -200)
numbers = st.none() | st.builds(
    lambda edge, beside: edge + beside, st.sampled_from(EDGES), st.sampled_from((-0.001, 0, 0.001))
)
NAMES = (
    "filling_level",
    "distance_mm",
    "temperature_c",
    "battery_v",
    "battery_ratio",
    "rssi_dbm",
)


def alone(payload: bytes) -> Record | str:
    try:
        return decode_record(payload)
    except UnreadablePayloadError as error:
        return str(error)


def together(payloads: list[bytes]) -> list[Record | str]:
    told: list[Record | str] = []
    for body in decode_checked(payloads):
        try:
            if isinstance(body, UnreadablePayloadError):
                raise body
            told.append(record_of(body))
        except UnreadablePayloadError as error:
            told.append(str(error))
    return told


@given(st.lists(records, max_size=6))
def test_records_decoded_together_are_those_decoded_alone(some: list[Record]) -> None:
    payloads = [encode_record(record) for record in some]
    assert together(payloads) == some
    for record, told in zip(some, decode_told(payloads), strict=True):
        assert isinstance(told, CheckedRecord) == isinstance(record.values, FillReading)


@given(st.sampled_from(NAMES), numbers)
def test_the_bounds_of_a_reading_are_the_domains(name: str, value: float | None) -> None:
    """A plain reading is one that needs no second look, so its bounds must be exact."""
    document: dict[str, Any] = json.loads(GOOD)
    document["values"][name] = value
    payload = json.dumps(document).encode()
    assert together([payload]) == together([payload, GOOD])[:1] == [alone(payload)]
    (body,) = decode_checked([payload])
    plain = type(body) is CheckedRecord and is_plain_reading(body)
    assert plain == isinstance(alone(payload), Record)


@pytest.mark.parametrize("offset", [b"+08:00", b"-00:30"])
def test_a_time_of_another_zone_needs_a_second_look(offset: bytes) -> None:
    (body,) = decode_checked([GOOD.replace(b"22:30:00Z", b"22:30:00" + offset)])
    assert type(body) is CheckedRecord
    assert not is_plain_reading(body)


def test_what_was_journalled_and_is_no_record_is_told() -> None:
    with pytest.raises(UnreadablePayloadError):
        decode_told([GOOD, b"{}"])


@given(st.data(), st.lists(records.map(encode_record), min_size=1, max_size=4))
def test_a_spoiled_record_spoils_no_other_decoded_with_it(
    data: st.DataObject, payloads: list[bytes]
) -> None:
    spoiled = data.draw(st.sampled_from(range(len(payloads))))
    good = payloads[spoiled]
    cut = data.draw(st.integers(0, len(good)))
    filling = data.draw(st.sampled_from([b"", b"\n", b",", b"\xff", b"{}", b" ", b"}", b"NaN"]))
    payloads[spoiled] = good[:cut] + filling + good[cut:][data.draw(st.integers(0, 2)) :]
    assert together(payloads) == [alone(payload) for payload in payloads]


@pytest.mark.parametrize(
    "payloads",
    [
        [GOOD + b"\n" + GOOD, b""],
        [b"", GOOD, GOOD],
        [GOOD[:40], GOOD[40:]],
        [GOOD + b"," + GOOD[:7], GOOD[7:]],
        [GOOD, b" " * (MAX_RECORD_BYTES + 1) + GOOD],
        [GOOD, GOOD.replace(b"0.5", b"3.5"), GOOD],
        [b"[" * 200_000, GOOD],
        [GOOD + GOOD, GOOD],
    ],
)
def test_what_lines_share_is_never_read_across_them(payloads: list[bytes]) -> None:
    assert together(payloads) == [alone(payload) for payload in payloads]
