from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records import Emptied, FillReading, MeasurementQuality, Record
from gateway.emptying import (
    EmptyingRule,
    LevelState,
    decode_state,
    encode_state,
    watch_level,
)
from tests.fakes.manual_clock import START

RULE = EmptyingRule()


def fill(
    minute: int,
    level: float | None,
    quality: MeasurementQuality = MeasurementQuality.ACCEPTED,
) -> Record:
    return Record(
        device_id="sensor-1",
        observed_at=START + timedelta(minutes=minute),
        gateway_at=START + timedelta(minutes=minute),
        values=FillReading(measurement_quality=quality, filling_level=level),
    )


def watch(*records: Record) -> list[Record]:
    state: LevelState | None = None
    told = []
    for record in records:
        state, emptied = watch_level(state, record, RULE)
        if state is not None:
            state = decode_state(encode_state(state))
        if emptied is not None:
            told.append(emptied)
    return told


def test_a_fall_that_stays_is_an_emptying_at_its_first_low_reading() -> None:
    (emptied,) = watch(fill(0, 0.8), fill(5, 0.1), fill(10, 0.12))
    assert emptied.values == Emptied(level_before=0.8, level_after=0.1)
    assert emptied.observed_at == START + timedelta(minutes=5)
    assert emptied.gateway_at == START + timedelta(minutes=10)


def test_a_single_low_reading_is_none() -> None:
    assert watch(fill(0, 0.8), fill(5, 0.1), fill(10, 0.8), fill(15, 0.8)) == []


def test_an_emptying_is_told_once() -> None:
    assert len(watch(fill(0, 0.8), *(fill(minute, 0.1) for minute in range(5, 50, 5)))) == 1


def test_two_emptyings_are_told_twice() -> None:
    levels = [0.8, 0.1, 0.1, 0.5, 0.9, 0.2, 0.25]
    assert len(watch(*(fill(5 * n, level) for n, level in enumerate(levels)))) == 2


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [(0.71, 0.40, 1), (0.69, 0.40, 0), (0.95, 0.41, 0), (0.30, 0.0, 1), (0.29, 0.0, 0)],
)
def test_the_limits_of_the_rule(before: float, after: float, told: int) -> None:
    assert len(watch(fill(0, before), fill(5, after), fill(10, after))) == told


def test_waste_that_settles_slowly_is_no_emptying() -> None:
    assert watch(*(fill(5 * n, 0.9 - 0.05 * n) for n in range(18))) == []


def test_readings_that_are_not_accepted_neither_begin_nor_confirm() -> None:
    doubtful = MeasurementQuality.SUSPICIOUS
    records = [fill(0, 0.8), fill(5, 0.1, doubtful), fill(10, 0.1, doubtful), fill(15, 0.8)]
    assert watch(*records) == []
    assert len(watch(fill(0, 0.8), fill(5, None, doubtful), fill(10, 0.1), fill(15, 0.1))) == 1


def test_late_and_repeated_readings_change_nothing() -> None:
    records = [fill(0, 0.8), fill(5, 0.1), fill(5, 0.1), fill(3, 0.1), fill(10, 0.1)]
    (emptied,) = watch(*records)
    assert emptied.observed_at == START + timedelta(minutes=5)


def test_the_first_reading_of_a_device_says_nothing_of_before() -> None:
    assert watch(fill(0, 0.0), fill(5, 0.0)) == []


@given(st.lists(st.floats(0, 3), max_size=40))
def test_every_emptying_told_is_a_fall_by_the_rule(levels: list[float]) -> None:
    for emptied in watch(*(fill(n, level) for n, level in enumerate(levels))):
        assert isinstance(emptied.values, Emptied)
        assert emptied.values.level_after <= RULE.highest_after
        fall = emptied.values.level_before - emptied.values.level_after
        assert fall >= RULE.least_fall


@pytest.mark.parametrize("note", [b"", b"{}", b"[1]", b"\xff", b'{"v":2}'])
def test_a_note_of_another_version_is_forgotten(note: bytes) -> None:
    assert decode_state(note) is None
