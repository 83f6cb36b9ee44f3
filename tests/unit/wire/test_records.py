from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checks import ID_PATTERN
from domain.problems import ProblemClass
from domain.records import (
    MOST_BOXES,
    MOST_REASONS,
    MOST_VERDICTS,
    CameraHealth,
    Emptied,
    FillReading,
    MeasurementQuality,
    Record,
    SnapshotVerdicts,
    Verdict,
    VerdictState,
)
from tests.fakes.manual_clock import START
from wire.errors import UnreadablePayloadError, UnreadableReason
from wire.records import MAX_RECORD_BYTES, decode_record, encode_record

ids = st.from_regex(ID_PATTERN, fullmatch=True)
times = st.datetimes(timezones=st.just(UTC))
maybe_flag = st.none() | st.booleans()


def number(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


fills = st.builds(
    FillReading,
    measurement_quality=st.sampled_from(MeasurementQuality),
    filling_level=st.none() | number(0, 3),
    distance_mm=st.none() | number(0, 20_000),
    temperature_c=st.none() | number(-60, 300),
    battery_v=st.none() | number(0, 60),
    battery_ratio=st.none() | number(0, 1),
    cover_open=maybe_flag,
    out_of_position=maybe_flag,
    rssi_dbm=st.none() | number(-200, 20),
)
emptyings = st.builds(Emptied, level_before=number(0, 3), level_after=number(0, 3))
boxes = st.tuples(number(0, 1), number(0, 1), number(0, 1), number(0, 1))
verdicts = st.builds(
    Verdict,
    zone_id=ids,
    problem_class=st.sampled_from(ProblemClass),
    state=st.sampled_from(VerdictState),
    score=number(0, 1),
    reasons=st.lists(ids, max_size=3).map(tuple),
    boxes=st.lists(boxes, max_size=3).map(tuple),
)
snapshots = st.builds(
    SnapshotVerdicts,
    camera_health=st.sampled_from(CameraHealth),
    verdicts=st.lists(
        verdicts, max_size=3, unique_by=lambda each: (each.zone_id, each.problem_class)
    ).map(tuple),
    picture_sha256=st.none() | st.just("ab" * 32),
)
records = st.builds(
    Record,
    device_id=ids,
    observed_at=times,
    gateway_at=times,
    values=fills | emptyings | snapshots,
)

GOOD = encode_record(
    Record(
        device_id="sensor-1",
        observed_at=START,
        gateway_at=START,
        values=FillReading(measurement_quality=MeasurementQuality.ACCEPTED, filling_level=0.5),
    )
)


@given(records)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    payload = encode_record(record)
    assert decode_record(payload) == record
    assert b"\n" not in payload


def test_the_largest_record_the_domain_allows_can_be_sent() -> None:
    third = 1 / 3
    box = (third, third, third, third)
    verdict = Verdict(
        zone_id="z" * 32,
        problem_class=ProblemClass.NOT_SWEPT_AFTER_COLLECTION,
        state=VerdictState.PRESENT,
        score=third,
        reasons=("r" * 32,) * MOST_REASONS,
        boxes=(box,) * MOST_BOXES,
    )
    values = SnapshotVerdicts(
        camera_health=CameraHealth.OVEREXPOSED,
        verdicts=tuple(
            replace(verdict, zone_id=f"{n:03d}" + "z" * 29) for n in range(MOST_VERDICTS)
        ),
        picture_sha256="ab" * 32,
    )
    record = Record(device_id="d" * 32, observed_at=START, gateway_at=START, values=values)
    assert MAX_RECORD_BYTES // 2 < len(encode_record(record)) <= MAX_RECORD_BYTES


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b"x" * (MAX_RECORD_BYTES + 1), "too_large"),
        (b"\xff\xfe", "malformed"),
        (b"\xef\xbb\xbf" + GOOD, "malformed"),
        (GOOD[:-1], "malformed"),
        (GOOD + b"{}", "malformed"),
        (GOOD.replace(b"0.5", b"NaN"), "malformed"),
        (GOOD.replace(b"0.5", b"-Infinity"), "malformed"),
        (GOOD.replace(b"0.5", b"1e999"), "wrong_shape"),
        (GOOD.replace(b"0.5", b"9" * 5_000), "wrong_shape"),
        (GOOD.replace(b"0.5", b"true"), "wrong_shape"),
        (GOOD.replace(b"0.5", b'"0.5"'), "wrong_shape"),
        (GOOD.replace(b"0.5", b"[0.5]"), "wrong_shape"),
        (GOOD.replace(b"0.5", b"3.01"), "invalid_value"),
        (GOOD.replace(b"0.5", b"-0.01"), "invalid_value"),
        (GOOD.replace(b"sensor-1", b"\\ud800"), "malformed"),
        (GOOD.replace(b"sensor-1", b"../sensor"), "invalid_value"),
        (GOOD.replace(b"sensor-1", b"sensor-1\\u0000"), "invalid_value"),
        (GOOD.replace(b'"v":1', b'"v":2'), "wrong_shape"),
        (GOOD.replace(b'"v":1,', b""), "wrong_shape"),
        (GOOD.replace(b'"v"', b'"V"'), "wrong_shape"),
        (GOOD.replace(b'"v":1', b'"v":1,"more":0'), "wrong_shape"),
        (GOOD.replace(b'"kind":"fill"', b'"kind":"party"'), "wrong_shape"),
        (GOOD.replace(b"22:30:00Z", b"22:30:00"), "wrong_shape"),
        (GOOD.replace(b"22:30:00Z", b"22:30:00+08:00"), "invalid_value"),
        (GOOD.replace(b"22:30:00Z", b"22:30:60Z"), "wrong_shape"),
        (b'{"v":' + b"[" * 100_000, "wrong_shape"),
    ],
)
def test_what_is_no_record_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(UnreadablePayloadError) as refused:
        decode_record(payload)
    assert refused.value.reason is UnreadableReason(reason)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_unreadable(payload: bytes) -> None:
    with pytest.raises(UnreadablePayloadError):
        decode_record(payload)


@given(st.data())
def test_one_damaged_byte_is_noticed_or_gives_another_valid_record(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD) - 1))
    damaged = bytearray(GOOD)
    damaged[at] = data.draw(st.integers(0, 255))
    try:
        record = decode_record(bytes(damaged))
    except UnreadablePayloadError:
        return
    assert isinstance(record.observed_at, datetime)
    assert decode_record(encode_record(record)) == record
