"""The quick way of judging readings decides as the careful way does, and remembers the same."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices import FillSensor
from domain.records import FillReading, MeasurementQuality, Record
from ingest.device_watch import RateLimits
from ingest.ports.journal import Known
from ingest.reading_judge import Verdict
from ingest.round_builder import RoundBuilder
from tests.fakes.ingest_samples import (
    CAMERA,
    GATEWAY,
    OTHER_GATEWAY,
    batch,
    emptied_record,
    fill_record,
    sample_registry,
    sensor_id,
    verdicts_record,
)
from tests.fakes.manual_clock import START
from wire.checked_records import CheckedRecord
from wire.records import record_of

REGISTRY = sample_registry()
TIGHT = RateLimits(times_registered_rate=2.0, burst=3, longest_backlog=timedelta(hours=1))


class Careful:
    """Leaves every record to the careful way: the model."""

    def judge(self, _run: object, _bodies: object, place: int) -> tuple[int, Verdict]:
        return place, Verdict.UNDECIDED


def outcome(builder: RoundBuilder) -> tuple[Any, ...]:
    round_ = builder.round
    told = [
        record_of(record) if isinstance(record, CheckedRecord) else record
        for record in round_.records
    ]
    hours, counts = round_.hours, dict(round_.counts)
    return (
        round_.rows(),
        told,
        round_.letters,
        counts,
        hours,
        builder.newest_gateway_at,
        round_.runs,
    )


class Pair:
    """The same rounds, judged both ways."""

    def __init__(self) -> None:
        self.registry = REGISTRY
        self._known = Known(), Known()
        self._sequence = 0

    def judge(self, records: list[Record | bytes], now: datetime, gateway_id: str) -> None:
        """Judge a round of one batch without a gap, behind those before it."""
        first = self._sequence + 1
        self.judge_batches([dict(enumerate(records, first))], now, gateway_id)

    def judge_batches(
        self, batches: Sequence[Mapping[int, Record | bytes]], now: datetime, gateway_id: str
    ) -> None:
        """Judge a round of batches of records by sequence, which may have come before."""
        self._sequence = max(self._sequence, *map(max, batches))
        payloads = [batch(records, gateway_id=gateway_id) for records in batches]
        outcomes = []
        for known, careful in zip(self._known, (False, True), strict=True):
            builder = RoundBuilder(
                known=known,
                find=lambda *_: None,
                registry=self.registry,
                now=now,
                limits=TIGHT,
            )
            if careful:
                builder._readings = Careful()  # type: ignore[assignment]
            for payload in payloads:
                builder.add_batch(gateway_id, payload)
            builder.judge_records()
            outcomes.append(outcome(builder))
        assert outcomes[0] == outcomes[1]


readings = st.builds(
    FillReading,
    measurement_quality=st.sampled_from(MeasurementQuality),
    filling_level=st.sampled_from([None, 0.1, 0.15, 0.8, 3.0]),
    battery_v=st.sampled_from([None, 0.5, 3.6]),
)
moments = st.sampled_from([-400_000, -4_000, -601, -600, -599, -1, 0, 1, 599, 600, 601]).map(
    lambda seconds: START + timedelta(seconds=seconds)
) | st.sampled_from([datetime(1970, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)])
devices = st.sampled_from(
    [sensor_id(0), sensor_id(0), sensor_id(1), sensor_id(4), CAMERA, "unknown-1"]
)
plain = st.builds(
    Record,
    device_id=devices,
    observed_at=moments,
    gateway_at=moments,
    values=readings,
)
others = st.sampled_from(
    [emptied_record(), emptied_record(0, at=START - timedelta(hours=3)), verdicts_record()]
)
spoiled = st.sampled_from([b"{}", b"no record", b'{"v":1,"device_id":"../x"}'])
rounds = st.lists(
    st.tuples(
        st.lists(plain | plain | others | spoiled, min_size=1, max_size=8),
        st.integers(0, 2_000).map(lambda seconds: START + timedelta(seconds=seconds)),
        st.sampled_from([GATEWAY, GATEWAY, OTHER_GATEWAY]),
    ),
    max_size=5,
)


@given(rounds)
def test_both_ways_decide_and_remember_the_same(
    some: list[tuple[list[Record | bytes], datetime, str]],
) -> None:
    pair = Pair()
    for records, now, gateway_id in some:
        pair.judge(records, now, gateway_id)


steady = st.tuples(st.integers(0, 3), st.sampled_from([0.1, 0.15, 0.2, 0.8]), st.integers(-2, 2))
among = st.tuples(st.integers(0, 119), plain | others | spoiled)


@given(
    steps=st.lists(steady, min_size=60, max_size=120),
    odd=st.lists(among, max_size=6),
    behind_s=st.sampled_from([0, 900, 7_000]),
    apart_s=st.sampled_from([1, 40, 300]),
    cut=st.integers(1, 50),
    again=st.integers(0, 20),
)
def test_both_ways_judge_long_runs_alike(
    *,
    steps: list[tuple[int, float, int]],
    odd: list[tuple[int, Record | bytes]],
    behind_s: int,
    apart_s: int,
    cut: int,
    again: int,
) -> None:
    """Runs of many sensors in turn, with something odd among them, cut and sent again anywhere."""
    start = START - timedelta(seconds=behind_s)
    records: dict[int, Record | bytes] = {
        number: fill_record(
            sensor,
            at=start + timedelta(seconds=number * apart_s),
            level=level,
            gateway_at=start + timedelta(seconds=number * apart_s + offset_s),
        )
        for number, (sensor, level, offset_s) in enumerate(steps, 1)
    }
    records |= {place % len(records) + 1: record for place, record in odd}
    now = START + timedelta(seconds=apart_s * len(records))
    batches = [
        {number: records[number] for number in range(max(1, first - again), first + cut)}
        for first in range(1, len(records) - cut, cut)
    ]
    pair = Pair()
    pair.judge_batches(batches, now, GATEWAY)
    pair.judge_batches(batches[-1:], now + timedelta(minutes=1), GATEWAY)


SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
AROUND = [
    seconds * SECOND + beside
    for seconds in (-1200, -600, 0, 600)
    for beside in (-MICROSECOND, timedelta(0), MICROSECOND)
]


@pytest.mark.parametrize("newest", [None, *AROUND[3:]])
def test_both_ways_draw_their_lines_at_the_same_microsecond(newest: timedelta | None) -> None:
    """Late behind the clock, late behind the device, in the future, the newest of its kind."""
    for behind in AROUND:
        pair = Pair()
        if newest is not None:
            pair.judge([fill_record(0, at=START + newest)], START + 600 * SECOND, GATEWAY)
        pair.judge([fill_record(0, at=START + behind)], START, GATEWAY)
        pair.judge([fill_record(0, at=START + behind - 600 * SECOND)], START, GATEWAY)


@pytest.mark.parametrize("at", [START, START - timedelta(hours=2)])
def test_both_ways_refuse_what_a_device_sends_too_often(at: datetime) -> None:
    pair = Pair()
    for first in range(0, 60, 6):
        records: list[Record | bytes] = [
            fill_record(0, at=at + timedelta(seconds=n)) for n in range(first, first + 6)
        ]
        pair.judge(records, START + timedelta(seconds=first), GATEWAY)


def test_both_ways_heed_a_new_registry_at_once() -> None:
    pair = Pair()
    pair.judge([fill_record(0)], START, GATEWAY)
    moved = replace(REGISTRY.sensors[sensor_id(0)], gateway_id=OTHER_GATEWAY)
    sensors: dict[str, FillSensor] = {**REGISTRY.sensors, sensor_id(0): moved}
    pair.registry = replace(REGISTRY, version=2, sensors=sensors)
    later = START + timedelta(minutes=1)
    pair.judge([fill_record(0, at=later)], later, GATEWAY)
    pair.judge([fill_record(0, at=later)], later, OTHER_GATEWAY)
