from datetime import UTC, datetime, timedelta

import pytest

from domain.records import Record, RecordKind
from ingest.judge import NewestTimes, Standing, judge, same_content
from ingest.reasons import RefusalReason
from tests.fakes.ingest_samples import (
    CAMERA,
    GATEWAY,
    emptied_record,
    fill_record,
    sample_registry,
    sensor_id,
    verdicts_record,
)
from tests.fakes.manual_clock import START

REGISTRY = sample_registry()
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def judged(
    record: Record,
    *,
    gateway_id: str = GATEWAY,
    newest: NewestTimes | None = None,
    now: datetime = START,
) -> Standing | RefusalReason:
    return judge(
        record,
        gateway_id=gateway_id,
        device=REGISTRY.device(record.device_id),
        newest=newest or NewestTimes(),
        now=now,
    )


def known(*records: Record) -> NewestTimes:
    newest = NewestTimes()
    for record in records:
        newest.note(record.device_id, record.kind, record.observed_at)
    return newest


def test_a_timely_record_of_a_known_device_is_accepted_and_sets_its_state() -> None:
    assert judged(fill_record()) == Standing(late=False, sets_state=True)
    assert judged(emptied_record()) == Standing(late=False, sets_state=True)
    assert judged(verdicts_record()) == Standing(late=False, sets_state=True)


@pytest.mark.parametrize(
    ("record", "gateway_id", "reason"),
    [
        (fill_record(device_id="sensor-999"), GATEWAY, RefusalReason.UNKNOWN_DEVICE),
        (fill_record(4), GATEWAY, RefusalReason.FOREIGN_GATEWAY),
        (fill_record(0), "gateway-9", RefusalReason.FOREIGN_GATEWAY),
        (fill_record(device_id=CAMERA), GATEWAY, RefusalReason.WRONG_KIND),
        (verdicts_record(sensor_id(0)), GATEWAY, RefusalReason.WRONG_KIND),
        (
            fill_record(at=datetime(1970, 1, 1, tzinfo=UTC)),
            GATEWAY,
            RefusalReason.OBSERVED_BEFORE_2020,
        ),
        (
            fill_record(at=datetime(2019, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
            GATEWAY,
            RefusalReason.OBSERVED_BEFORE_2020,
        ),
        (
            fill_record(at=datetime(2099, 1, 1, tzinfo=UTC)),
            GATEWAY,
            RefusalReason.OBSERVED_IN_FUTURE,
        ),
        (
            fill_record(at=START + 10 * MINUTE + SECOND),
            GATEWAY,
            RefusalReason.OBSERVED_IN_FUTURE,
        ),
    ],
)
def test_what_cannot_be_true_is_refused_with_its_reason(
    record: Record, gateway_id: str, reason: RefusalReason
) -> None:
    assert judged(record, gateway_id=gateway_id) is reason


def test_a_device_clock_may_be_ten_minutes_ahead() -> None:
    assert judged(fill_record(at=START + 10 * MINUTE)) == Standing(late=False, sets_state=True)


def test_the_first_moment_of_2020_is_a_time() -> None:
    record = fill_record(at=datetime(2020, 1, 1, tzinfo=UTC))
    assert judged(record) == Standing(late=True, sets_state=True)


def test_more_than_ten_minutes_behind_the_clock_is_late() -> None:
    assert judged(fill_record(at=START - 10 * MINUTE)) == Standing(late=False, sets_state=True)
    late = judged(fill_record(at=START - 10 * MINUTE - SECOND))
    assert late == Standing(late=True, sets_state=True)


def test_more_than_ten_minutes_behind_the_newest_record_of_the_device_is_late() -> None:
    newest = known(fill_record(at=START + 5 * MINUTE))
    in_time = judged(fill_record(at=START - 5 * MINUTE), newest=newest)
    assert in_time == Standing(late=False, sets_state=False)
    late = judged(fill_record(at=START - 5 * MINUTE - SECOND), newest=newest)
    assert late == Standing(late=True, sets_state=False)


def test_the_newest_record_of_a_late_backlog_still_sets_the_state() -> None:
    newest = known(fill_record(at=START - 60 * MINUTE))
    record = fill_record(at=START - 30 * MINUTE)
    assert judged(record, newest=newest) == Standing(late=True, sets_state=True)


def test_an_emptying_sets_the_state_beside_the_reading_of_the_same_time() -> None:
    newest = known(fill_record())
    assert judged(emptied_record(), newest=newest) == Standing(late=False, sets_state=True)


def test_other_devices_do_not_make_a_record_late() -> None:
    newest = known(fill_record(1, at=START + 10 * MINUTE))
    record = fill_record(0, at=START - 9 * MINUTE)
    assert judged(record, newest=newest) == Standing(late=False, sets_state=True)


def test_newest_times_never_go_back() -> None:
    newest = known(fill_record(at=START), fill_record(at=START - MINUTE))
    assert newest.of_device(sensor_id(0)) == START
    assert newest.of_kind(sensor_id(0), RecordKind.FILL) == START
    assert newest.of_kind(sensor_id(0), RecordKind.EMPTIED) is None


def test_the_time_a_gateway_saw_a_record_is_not_its_content() -> None:
    once = fill_record()
    assert same_content(once, fill_record(gateway_at=START + MINUTE))
    assert not same_content(once, fill_record(level=0.51))
