"""What is remembered of a device between its records."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records import CameraHealth, FillReading, MeasurementQuality
from ingest.device_watch import DeviceWatch, HourNote, is_accepted_level, is_spike
from ingest.instants import to_us
from ingest.reasons import Suspicion
from tests.fakes.ingest_samples import emptied_record, fill_record, sensor_id, verdicts_record
from tests.fakes.manual_clock import START
from wire.checked_records import CheckedFill

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
HOUR = to_us(START) // 3_600_000_000


def reading(
    level: float | None = None,
    *,
    quality: MeasurementQuality = MeasurementQuality.ACCEPTED,
    battery_v: float | None = None,
) -> FillReading:
    return FillReading(measurement_quality=quality, filling_level=level, battery_v=battery_v)


def noted(watch: DeviceWatch, minutes: float, offset: timedelta = SECOND) -> HourNote | None:
    at = START + minutes * MINUTE
    return watch.note(fill_record(at=at, gateway_at=at + offset), to_us(at))


def test_only_what_changes_an_hour_is_told() -> None:
    watch = DeviceWatch()
    assert noted(watch, 0) == HourNote(HOUR, sensor_id(0), usable=True, least_offset_us=1_000_000)
    assert noted(watch, 5) is None
    assert noted(watch, 10, offset=3 * SECOND) is None
    assert noted(watch, 15, offset=-MINUTE) == HourNote(
        HOUR, sensor_id(0), usable=True, least_offset_us=-60_000_000
    )
    assert noted(watch, 60) == HourNote(
        HOUR + 1, sensor_id(0), usable=True, least_offset_us=1_000_000
    )


def test_an_hour_becomes_usable_with_its_first_usable_record() -> None:
    watch, at_us = DeviceWatch(), to_us(START)
    first = watch.note(emptied_record(), at_us)
    assert first is not None
    assert not first.usable
    assert watch.note(emptied_record(), at_us) is None
    then = watch.note(fill_record(), at_us)
    assert then is not None
    assert then.usable


def test_a_picture_that_cannot_be_judged_makes_no_hour_usable() -> None:
    record = verdicts_record()
    assert record.values.camera_health is CameraHealth.DARK  # type: ignore[union-attr]
    note = DeviceWatch().note(record, to_us(START))
    assert note is not None
    assert not note.usable


@pytest.mark.parametrize(
    ("levels", "suspected"),
    [
        ((0.2, 0.9, 0.25), True),
        ((0.9, 0.1, 0.85), True),
        ((0.9, 0.05, 0.05), False),  # emptied
        ((0.1, 0.8, 0.8), False),  # filled at once
        ((0.2, 0.6, 0.25), False),  # not high enough
    ],
)
def test_a_level_that_leaves_and_is_back_at_once_is_a_spike(
    levels: tuple[float, float, float],
    *,
    suspected: bool,
) -> None:
    watch = DeviceWatch()
    *_, last = [watch.suspects(reading(level)) for level in levels]
    assert last == (Suspicion.LEVEL_SPIKE if suspected else None)
    assert is_spike(*levels) is suspected


def test_levels_that_nobody_believes_are_no_part_of_a_spike() -> None:
    watch = DeviceWatch()
    assert watch.suspects(reading(0.2)) is None
    assert watch.suspects(reading(0.9, quality=MeasurementQuality.REJECTED)) is None
    assert watch.suspects(reading(None)) is None
    assert watch.suspects(reading(0.2)) is None


@pytest.mark.parametrize(("volts", "suspected"), [(0.0, True), (3.6, False), (48.0, True)])
def test_a_battery_that_cannot_drive_a_radio_is_suspicious(
    volts: float, *, suspected: bool
) -> None:
    found = DeviceWatch().suspects(reading(0.5, battery_v=volts))
    assert found == (Suspicion.BATTERY_OUT_OF_RANGE if suspected else None)


told_readings = st.builds(
    CheckedFill,
    measurement_quality=st.sampled_from([MeasurementQuality.ACCEPTED, MeasurementQuality.REJECTED]),
    filling_level=st.sampled_from([None, 0.1, 0.15, 0.8]),
    battery_v=st.sampled_from([None, None, 0.5, 1.0, 30.0]),
)
steps = st.tuples(
    st.sampled_from([-5, 0, 5, 5, 5, 59]), st.sampled_from([-1, 0, 1, 2, 90]), told_readings
)


@given(st.lists(steps, max_size=30))
def test_a_reading_goes_on_only_where_no_rule_has_a_word_to_say(
    some: list[tuple[int, int, CheckedFill]],
) -> None:
    quick, model = DeviceWatch(), DeviceWatch()

    def by_rules(watch: DeviceWatch, minutes: int, offset_s: int, told: CheckedFill) -> object:
        at = START + minutes * MINUTE
        newer = at > watch.times.newest
        watch.times.newest = watch.times.fill = max(watch.times.newest, at)
        usable = is_accepted_level(told)
        note = watch.learn(sensor_id(0), to_us(at), offset_s * SECOND, usable=usable)
        return newer, note, watch.suspects(told) if newer else None

    minutes = 0
    for step, offset_s, told in some:
        minutes += step
        at = START + minutes * MINUTE
        said = by_rules(model, minutes, offset_s, told)
        if quick.goes_on(told, at, at + offset_s * SECOND):
            assert said == (True, None, None)
        else:
            assert by_rules(quick, minutes, offset_s, told) == said
