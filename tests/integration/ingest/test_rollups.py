"""Rollups against a plain recount of the records."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import (
    CameraHealth,
    Emptied,
    FillReading,
    MeasurementQuality,
    Record,
    RecordKind,
    SnapshotVerdicts,
)
from ingest import series
from ingest.ports.rollup_feed import DailyRollup, HourlyRollup
from ingest.rollup_feed import SqliteRollupFeed
from ingest.series import SqliteSeries
from tests.fakes.ingest_samples import (
    CAMERA,
    emptied_record,
    fill_record,
    sensor_id,
    verdicts_record,
)
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import START
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.sealed_series import seal_all_days

MINUTE = timedelta(minutes=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Rolled:
    """A series, its rollups, and a journal that gives positions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = MemoryRecordFeed()
        self.series = SqliteSeries(path)
        self.feed = SqliteRollupFeed(path)

    def add(self, *records: Record) -> None:
        self.series.append(stretch_of([self.journal.append_record(record) for record in records]))

    def reopen(self) -> None:
        self.series.close()
        self.series = SqliteSeries(self.path)

    def close(self) -> None:
        self.feed.close()
        self.series.close()

    def hourly(self, after: int = 0) -> Sequence[HourlyRollup]:
        return self.feed.hourly(after=after, limit=100_000)

    def daily(self, after: int = 0) -> Sequence[DailyRollup]:
        return self.feed.daily(after=after, limit=100_000)


@pytest.fixture
def rolled(tmp_path: Path) -> Iterator[Rolled]:
    rolled = Rolled(tmp_path / "series.db")
    yield rolled
    rolled.close()


def hour_of(record: Record) -> datetime:
    return record.observed_at.replace(minute=0, second=0, microsecond=0)


def day_of(record: Record) -> date:
    return record.observed_at.astimezone(SHANGHAI).date()


def accepted_levels(records: Sequence[Record]) -> list[float]:
    return [
        record.values.filling_level
        for record in records
        if isinstance(record.values, FillReading)
        and record.values.measurement_quality is MeasurementQuality.ACCEPTED
        and record.values.filling_level is not None
    ]


def expected_level_hours(records: Sequence[Record]) -> list[float]:
    hours = [0.0] * 21
    for _, group in groupby(sorted(records, key=hour_of), key=hour_of):
        levels = accepted_levels(list(group))
        for level in levels:
            hours[min(int(round(level * 1_000_000) / 50_000), 20)] += 1 / len(levels)
    return hours


def check_against(rolled: Rolled, records: Sequence[Record]) -> None:
    """Compare all rollups with a plain recount."""
    hourly = {(r.device_id, r.hour): r for r in rolled.hourly()}
    daily = {(r.device_id, r.day): r for r in rolled.daily()}
    assert hourly.keys() == {(r.device_id, hour_of(r)) for r in records}
    assert daily.keys() == {(r.device_id, day_of(r)) for r in records}
    for (device_id, hour), rollup in hourly.items():
        mine = [r for r in records if r.device_id == device_id and hour_of(r) == hour]
        check_counts(rollup, mine)
    for (device_id, day), rolled_day in daily.items():
        mine = [r for r in records if r.device_id == device_id and day_of(r) == day]
        check_counts(rolled_day, mine)
        told = [r for r in mine if not isinstance(r.values, Emptied)]
        assert rolled_day.heard_hours == len({hour_of(r) for r in told})
        assert rolled_day.usable_hours == len({hour_of(r) for r in told if is_usable(r)})
        assert rolled_day.level_hours == pytest.approx(expected_level_hours(mine))


def is_usable(record: Record) -> bool:
    if isinstance(record.values, SnapshotVerdicts):
        return record.values.camera_health is CameraHealth.OK
    return bool(accepted_levels([record]))


def check_counts(rollup: HourlyRollup | DailyRollup, records: Sequence[Record]) -> None:
    levels = accepted_levels(records)
    told = [r for r in records if not isinstance(r.values, Emptied)]
    assert rollup.records == len(told)
    assert rollup.usable == sum(map(is_usable, told))
    assert rollup.emptyings == len(records) - len(told)
    assert rollup.levels.accepted == len(levels)
    assert rollup.levels.level_sum == pytest.approx(sum(levels), abs=1e-6 * (1 + len(levels)))
    assert rollup.levels.lowest == pytest.approx(min(levels, default=None), abs=1e-6)
    assert rollup.levels.highest == pytest.approx(max(levels, default=None), abs=1e-6)


def sometimes_ok(at: datetime, *, ok: bool) -> Record:
    health = CameraHealth.OK if ok else CameraHealth.DARK
    values = SnapshotVerdicts(camera_health=health, verdicts=())
    return Record(device_id=CAMERA, observed_at=at, gateway_at=at, values=values)


def with_quality(quality: MeasurementQuality, level: float | None, at: datetime) -> Record:
    values = FillReading(measurement_quality=quality, filling_level=level)
    return Record(device_id=sensor_id(2), observed_at=at, gateway_at=at, values=values)


times = st.integers(0, 3 * 24 * 12).map(lambda n: START + 5 * n * MINUTE)
levels = st.one_of(st.floats(0, 3), st.integers(0, 30).map(lambda n: n * 0.05))
records = st.one_of(
    st.builds(
        lambda n, at, level: fill_record(n, at=at, level=level), st.integers(0, 1), times, levels
    ),
    st.builds(with_quality, st.sampled_from(MeasurementQuality), st.none() | levels, times),
    st.builds(lambda at: emptied_record(at=at), times),
    st.builds(lambda at, ok: sometimes_ok(at, ok=ok), times, st.booleans()),
)


@settings(max_examples=25, deadline=None)
@given(batches=st.lists(st.lists(records, max_size=30), max_size=5), restart=st.booleans())
def test_rollups_are_a_recount_of_what_is_in_the_series(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    batches: list[list[Record]],
    restart: bool,
) -> None:
    rolled = Rolled(tmp_path_factory.mktemp("rollups") / "series.db")
    first_of: dict[tuple[str, datetime, RecordKind], Record] = {}
    for batch in batches:
        rolled.add(*batch)
        if restart:
            rolled.reopen()
        for record in batch:
            first_of.setdefault((record.device_id, record.observed_at, record.kind), record)
    check_against(rolled, list(first_of.values()))
    rolled.close()


def test_a_late_reading_brings_its_hour_and_its_day_again(rolled: Rolled) -> None:
    rolled.add(fill_record(0), fill_record(1), fill_record(0, at=START + 60 * MINUTE))
    known = rolled.feed.newest_revision()
    assert [r.revision for r in rolled.hourly()] == [1, 2, 3]
    rolled.add(fill_record(0, at=START + MINUTE, level=0.9))
    (hour,) = rolled.hourly(after=known)
    (day,) = rolled.daily(after=known)
    assert (hour.device_id, hour.hour, hour.levels.accepted) == (
        sensor_id(0),
        hour_of(fill_record()),
        2,
    )
    assert (day.device_id, day.levels.accepted, day.levels.highest) == (sensor_id(0), 3, 0.9)
    assert rolled.feed.newest_revision() > known


def test_repeated_records_touch_nothing(rolled: Rolled) -> None:
    same = [fill_record(), emptied_record(), verdicts_record()]
    rolled.add(*same)
    known = rolled.feed.newest_revision()
    rolled.add(*same)
    assert rolled.feed.newest_revision() == known
    assert (rolled.hourly(after=known), rolled.daily(after=known)) == ([], [])


def test_pages_follow_one_another_without_gap_or_repetition(rolled: Rolled) -> None:
    rolled.add(*(fill_record(n % 3, at=START + n * 7 * MINUTE) for n in range(100)))
    paged: list[HourlyRollup] = []
    while page := rolled.feed.hourly(after=paged[-1].revision if paged else 0, limit=7):
        paged += page
    assert paged == rolled.hourly()


def test_a_days_fold_outstanding_at_a_kill_is_made_up_for(tmp_path: Path) -> None:
    rolled = Rolled(tmp_path / "series.db")
    backlog = [fill_record(n % 2, at=START + n * MINUTE / 2) for n in range(1_500)]
    rolled.add(*backlog)
    assert rolled.daily() == []  # a backlog: its days wait for the end
    rolled.reopen()
    rolled.add(fill_record(0, at=START + 2_000 * MINUTE))
    check_against(rolled, [*backlog, fill_record(0, at=START + 2_000 * MINUTE)])
    rolled.close()


def test_hours_outstanding_at_a_kill_are_counted_again(tmp_path: Path) -> None:
    rolled = Rolled(tmp_path / "series.db")
    before = [fill_record(0), sometimes_ok(START, ok=True)]
    rolled.add(*before)
    backlog = [
        *(fill_record(n % 2, at=START + (n + 1) * MINUTE / 4, level=n % 9 / 9) for n in range(998)),
        emptied_record(at=START + MINUTE),
        sometimes_ok(START + 2 * MINUTE, ok=False),
    ]
    rolled.add(*backlog)
    assert sum(r.records for r in rolled.hourly()) == len(before)  # the others wait for the end
    rolled.reopen()
    rolled.add()
    check_against(rolled, [*before, *backlog])
    known = rolled.feed.newest_revision()
    rolled.reopen()
    rolled.add()
    assert rolled.feed.newest_revision() == known
    rolled.close()


def test_a_late_emptying_and_a_kill_take_nothing_from_a_sealed_hour(tmp_path: Path) -> None:
    rolled = Rolled(tmp_path / "series.db")
    sealed = [fill_record(0), fill_record(0, at=START + MINUTE)]
    rolled.add(*sealed)
    seal_all_days(rolled.series)
    day = timedelta(days=1)
    backlog = [fill_record(1, at=START + day + n * MINUTE / 4) for n in range(999)]
    rolled.add(*backlog, emptied_record(0, at=START + 2 * MINUTE))
    rolled.reopen()
    rolled.add()
    check_against(rolled, [*sealed, *backlog, emptied_record(0, at=START + 2 * MINUTE)])
    rolled.close()


def test_a_backlog_with_known_records_in_it_counts_the_new_ones(rolled: Rolled) -> None:
    known = [fill_record(n % 2, at=START + n * MINUTE / 4, level=0.5) for n in range(120)]
    rolled.add(*known)
    new = [fill_record(n % 2, at=START + n * MINUTE / 4, level=0.7) for n in range(120, 1_200)]
    again = [fill_record(n % 2, at=START + n * MINUTE / 4, level=0.9) for n in range(60, 600)]
    rolled.add(*new[:500], *again, *new[500:])
    rolled.add()
    check_against(rolled, [*known, *new])


def test_a_backlog_shows_its_hours_now_and_then(
    rolled: Rolled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "_MOST_UNROLLED", 2_500)
    backlog = [fill_record(n % 2, at=START + n * MINUTE / 4) for n in range(3_000)]
    for start, seen in ((0, 0), (1_000, 0), (2_000, 3_000)):
        rolled.add(*backlog[start : start + 1_000])
        assert sum(r.records for r in rolled.hourly()) == seen
    rolled.add()
    check_against(rolled, backlog)


def test_a_backlog_that_ends_is_folded_without_waiting_for_more(rolled: Rolled) -> None:
    backlog = [fill_record(n % 2, at=START + n * MINUTE / 2) for n in range(1_500)]
    rolled.add(*backlog)
    assert rolled.daily() == []
    rolled.add()
    check_against(rolled, backlog)
    known = rolled.feed.newest_revision()
    rolled.add()
    assert rolled.feed.newest_revision() == known


def test_the_order_of_arrival_changes_no_sum(tmp_path: Path) -> None:
    shuffled = random.Random(5)
    some = [fill_record(at=START + n * MINUTE, level=n / 37) for n in range(50)]
    sums = set()
    for name in "abc":
        shuffled.shuffle(some)
        rolled = Rolled(tmp_path / f"{name}.db")
        rolled.add(*some[:20])
        rolled.add(*some[20:])
        sums.add(tuple((r.hour, r.levels) for r in sorted(rolled.hourly(), key=lambda r: r.hour)))
        rolled.close()
    assert len(sums) == 1


def test_a_rollup_that_cannot_be_written_takes_its_rows_back(rolled: Rolled) -> None:
    connection = rolled.series._file.connection
    connection.execute("ALTER TABLE hourly RENAME TO away")
    with pytest.raises(sqlite3.OperationalError):
        rolled.add(fill_record())
    connection.execute("ALTER TABLE away RENAME TO hourly")
    assert connection.execute("SELECT count(*) FROM fill").fetchone() == (0,)
    rolled.series.append(stretch_of(rolled.journal.read(after=0, limit=10)))
    check_against(rolled, [fill_record()])


def test_a_feed_without_a_file_is_empty(tmp_path: Path) -> None:
    feed = SqliteRollupFeed(tmp_path / "series.db")
    assert (feed.hourly(after=0, limit=9), feed.daily(after=0, limit=9)) == ([], [])
    assert feed.newest_revision() == 0
