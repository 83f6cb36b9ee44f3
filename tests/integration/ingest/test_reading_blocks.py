"""Blocks of a backlog: nothing that the series tells may depend on which readings lie in them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import FillReading, Record, RecordKind
from ingest import day_sealing, reading_blocks, series
from ingest.history import SqliteHistory
from ingest.instants import to_us
from ingest.measures import SqliteMeasures
from ingest.ports.rollup_feed import DailyRollup, HourlyRollup
from ingest.rollup_feed import SqliteRollupFeed
from ingest.rollups import day_of_us
from ingest.series import SqliteSeries
from tests.fakes.ingest_samples import emptied_record, fill_record, sensor_id, verdicts_record
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import START
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.sealed_series import seal_all_days

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVER = {"since": START - 400 * DAY, "until": START + 400 * DAY}
SENSORS = 4
LARGE = 1_200
TODAY = day_of_us(to_us(START))
MIDNIGHT = START.replace(hour=16, minute=0)


class Kept:
    """A series, and what its readers see."""

    def __init__(self, path: Path, journal: MemoryRecordFeed | None = None) -> None:
        self.path = path
        self.journal = journal or MemoryRecordFeed()
        self.series = SqliteSeries(path)
        self.history = SqliteHistory(path)
        self.measures = SqliteMeasures(path)
        self.feed = SqliteRollupFeed(path)

    def add(self, *records: Record) -> None:
        self.series.append(stretch_of([self.journal.append_record(one) for one in records]))

    def kill(self) -> None:
        """Begin again with what is in the file."""
        self.series.close()
        self.series = SqliteSeries(self.path)

    def count(self, table: str) -> int:
        connection = self.series._file.connection
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  names from this file
        assert isinstance(count, int)
        return count

    def in_blocks(self) -> int:
        """Return how many readings lie in blocks."""
        connection = self.series._file.connection
        (count,) = connection.execute("SELECT total(readings) FROM blocks").fetchone()
        return int(count)

    def readings(self, number: int = 0) -> Sequence[tuple[datetime, FillReading]]:
        return self.history.fill(sensor_id(number), **EVER)

    def rollups(self) -> tuple[list[HourlyRollup], list[DailyRollup]]:
        """Return all rollups by device and time, without their revisions."""
        hourly = [replace(one, revision=0) for one in self.feed.hourly(after=0, limit=99_999)]
        daily = [replace(one, revision=0) for one in self.feed.daily(after=0, limit=99_999)]
        return (
            sorted(hourly, key=lambda one: (one.device_id, one.hour)),
            sorted(daily, key=lambda one: (one.device_id, one.day)),
        )

    def close(self) -> None:
        for part in (self.feed, self.measures, self.history, self.series):
            part.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path / "series.db")
    yield kept
    kept.close()


def run_of(
    count: int = LARGE,
    *,
    begin: datetime = START,
    step: timedelta = MINUTE / 4,
    sensors: int = SENSORS,
) -> list[Record]:
    """Return readings of the sensors in turn, each of its own time."""
    return [fill_record(n % sensors, at=begin + n * step, level=n % 97 / 97) for n in range(count)]


def levels(readings: Sequence[tuple[datetime, FillReading]]) -> list[float | None]:
    return [reading.filling_level for _, reading in readings]


def check(kept: Kept, records: Sequence[Record]) -> None:
    """Compare what is told with these records, the first of an identity, and with plain rows."""
    plain = MemoryHistory(*records)
    for number in range(SENSORS):
        assert list(kept.readings(number)) == list(plain.fill(sensor_id(number), **EVER))
    assert kept.history.latest(RecordKind.FILL) == plain.latest(RecordKind.FILL)
    kept.series.append(stretch_of([]))
    rows = Kept(kept.path.with_name(f"rows-{len(records)}.db"))
    for first in range(0, len(records), 500):
        rows.add(*records[first : first + 500])
    assert rows.in_blocks() == 0
    assert kept.rollups() == rows.rollups()
    asked = {"since": START - 10 * DAY, "until": START + 40 * DAY}
    sensors = [sensor_id(number) for number in range(SENSORS)]
    assert kept.measures.hourly_levels(sensors, **asked) == rows.measures.hourly_levels(
        sensors, **asked
    )
    assert kept.measures.latest_levels() == rows.measures.latest_levels()
    rows.close()


single = st.builds(
    lambda n, minutes, level: fill_record(n, at=START + minutes * MINUTE, level=level),
    st.integers(0, SENSORS - 1),
    st.integers(0, 60) | st.integers(0, 3_000),
    st.floats(0, 2),
)
others = st.builds(
    lambda minutes, emptied: (emptied_record if emptied else verdicts_record)(
        at=START + minutes * MINUTE
    ),
    st.integers(0, 3_000),
    st.booleans(),
)
runs = st.builds(
    lambda count, begin, step, sensors: run_of(
        count, begin=START + begin * MINUTE, step=step * MINUTE, sensors=sensors
    ),
    st.integers(6, 40),
    st.integers(0, 3_000),
    st.integers(1, 90),
    st.integers(1, SENSORS),
)
mixed = st.builds(lambda run, more: [*run, *more], runs, st.lists(single | others, max_size=6))
steps = st.lists(
    runs
    | mixed
    | st.lists(single | others, max_size=12)
    | st.sampled_from(["seal", "kill", "again", "at once again"]),
    max_size=8,
)


@settings(max_examples=15, deadline=None)
@given(steps=steps)
def test_what_lies_in_blocks_is_told_as_if_it_lay_in_rows(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[Record] | str]
) -> None:
    kept = Kept(tmp_path_factory.mktemp("blocks") / "series.db")
    told: list[Record] = []
    with pytest.MonkeyPatch.context() as smaller:
        smaller.setattr(series, "_BACKLOG", 6)
        smaller.setattr(reading_blocks, "_FEWEST", 3)
        smaller.setattr(day_sealing, "_READINGS_AT_ONCE", 20)
        for step in steps:
            if step == "seal":
                seal_all_days(kept.series)
            elif step == "kill":
                kept.kill()
            elif isinstance(step, str):
                kept.series.start_over()
                entries = kept.journal.read(after=0, limit=10_000)
                size = 10_000 if step == "at once again" else 7
                for first in range(0, len(entries), size):
                    kept.series.append(stretch_of(entries[first : first + size]))
            else:
                kept.add(*step)
                told += step
    check(kept, told)
    kept.close()


def test_a_backlog_lies_in_blocks_and_single_records_in_rows(kept: Kept) -> None:
    kept.add(*run_of())
    assert (kept.count("blocks"), kept.in_blocks(), kept.count("fill")) == (1, LARGE, 0)
    live = run_of(10, begin=START + 10 * HOUR)
    kept.add(*live)
    assert (kept.count("blocks"), kept.count("fill")) == (1, 10)
    check(kept, [*run_of(), *live])


def test_what_is_in_a_block_already_is_known(kept: Kept) -> None:
    kept.add(*run_of())
    kept.add()
    revision = kept.feed.newest_revision()
    changed = [
        fill_record(n % SENSORS, at=one.observed_at, level=1.5) for n, one in enumerate(run_of())
    ]
    kept.add(*changed[:3])
    kept.add(*changed)
    kept.add()
    assert (kept.count("fill"), kept.in_blocks()) == (0, LARGE)
    assert kept.feed.newest_revision() == revision
    check(kept, run_of())


def test_what_comes_late_into_the_time_of_a_block_is_kept_once(kept: Kept) -> None:
    kept.add(*run_of())
    late = [fill_record(n % 3, at=START + n * MINUTE + MINUTE / 8) for n in range(30)]
    kept.add(*late, *late)
    more = run_of(begin=START + 8 * HOUR)
    kept.add(*more[:700], *late, *more[700:])
    assert kept.in_blocks() + kept.count("fill") == 2 * LARGE + 30
    check(kept, [*run_of(), *late, *more])


def test_each_day_has_its_own_block_and_is_sealed_by_itself(kept: Kept) -> None:
    several_days = run_of(step=4 * MINUTE)
    kept.add(*several_days)
    assert kept.count("blocks") == 4
    kept.series.settle()
    kept.series.settle()
    kept.series.append(stretch_of([]))
    before = [kept.readings(number) for number in range(SENSORS)]
    sealed = [kept.series.seal_next() for _ in range(4)]
    assert sealed[-1] is None
    assert (kept.count("blocks"), kept.in_blocks()) == (1, LARGE - sum(filter(None, sealed)))
    assert [kept.readings(number) for number in range(SENSORS)] == before
    seal_all_days(kept.series)
    assert (kept.count("blocks"), kept.count("sealed")) == (0, 4 * SENSORS)
    check(kept, several_days)


def test_blocks_and_rows_of_a_day_are_sealed_together(kept: Kept) -> None:
    told = [*run_of(), *run_of(begin=START + 6 * HOUR), *run_of(40, begin=START + 12 * HOUR)]
    for first in range(0, len(told), LARGE):
        kept.add(*told[first : first + LARGE])
    kept.add(*run_of(40, begin=START + MINUTE / 8))
    assert (kept.count("blocks"), kept.count("fill")) == (2, 80)
    assert seal_all_days(kept.series) == 2 * LARGE + 80
    assert (kept.count("blocks"), kept.count("fill"), kept.count("sealed")) == (0, 0, SENSORS)
    check(kept, [*told, *run_of(40, begin=START + MINUTE / 8)])


def test_a_backlog_of_a_sealed_day_is_sealed_with_what_lay_there(kept: Kept) -> None:
    before = run_of(50, step=MINUTE)
    kept.add(*before)
    seal_all_days(kept.series)
    assert kept.count("sealed") == SENSORS
    after = run_of(begin=START + HOUR, step=MINUTE / 8, sensors=2)
    kept.add(*after)
    assert kept.count("sealed") == SENSORS - 2
    assert kept.in_blocks() == LARGE
    kept.kill()
    check(kept, [*before, *after])
    seal_all_days(kept.series)
    assert (kept.in_blocks(), kept.count("fill")) == (0, 0)
    check(kept, [*before, *after])


def test_readings_on_both_sides_of_midnight_are_of_their_days(kept: Kept) -> None:
    around = run_of(begin=MIDNIGHT - 600 * MINUTE / 4)
    kept.add(*around)
    assert kept.count("blocks") == 2
    first = kept.history.fill(sensor_id(0), since=MIDNIGHT - HOUR, until=MIDNIGHT)
    second = kept.history.fill(sensor_id(0), since=MIDNIGHT, until=MIDNIGHT + HOUR)
    assert (len(first), len(second)) == (60, 60)
    assert second[0][0] == MIDNIGHT
    check(kept, around)


def test_few_readings_of_a_day_lie_in_rows(kept: Kept) -> None:
    few = run_of(20, begin=START - 2 * DAY)
    kept.add(*few, *run_of())
    assert (kept.count("blocks"), kept.count("fill")) == (1, 20)
    check(kept, [*few, *run_of()])


def test_a_backlog_that_could_not_be_written_is_written_again(kept: Kept) -> None:
    connection = kept.series._file.connection
    connection.execute("ALTER TABLE latest RENAME TO away")
    with pytest.raises(Exception, match="no such table"):
        kept.add(*run_of())
    assert (kept.count("blocks"), kept.series.cursor()) == (0, 0)
    connection.execute("ALTER TABLE away RENAME TO latest")
    kept.series.append(stretch_of(kept.journal.read(after=0, limit=10_000)))
    check(kept, run_of())
    kept.kill()
    more = run_of(begin=START + 8 * HOUR)
    kept.add(*more)
    assert kept.in_blocks() == LARGE
    check(kept, [*run_of(), *more])


def test_hours_of_blocks_are_counted_again_after_a_kill(kept: Kept) -> None:
    live = run_of(30, begin=START - HOUR)
    kept.add(*live)
    seen = sum(one.records for one in kept.rollups()[0])
    late = [fill_record(0, at=START + MINUTE / 8), emptied_record(at=START), verdicts_record()]
    kept.add(*run_of(), *late)
    kept.add(*run_of(begin=START + 6 * HOUR))
    assert sum(one.records for one in kept.rollups()[0]) == seen
    kept.kill()
    check(kept, [*live, *run_of(), *late, *run_of(begin=START + 6 * HOUR)])


def test_blocks_are_forgotten_with_their_day(kept: Kept) -> None:
    kept.add(*run_of(step=4 * MINUTE), emptied_record(at=START))
    while kept.series.forget(readings_before=TODAY + 2, rollups_before=0):
        pass
    assert kept.count("blocks") == 2
    assert min(day_of_us(to_us(at)) for at, _ in kept.readings()) == TODAY + 2
    assert list(kept.history.emptyings(sensor_id(0), **EVER)) == []


def test_some_disorder_leaves_most_readings_in_blocks(kept: Kept) -> None:
    """One in a hundred comes up to an hour late, as by a gateway that was away."""
    dice = random.Random(4)
    due = [
        (n + dice.randrange(2_000) * (dice.random() < 0.01), record)
        for n, record in enumerate(run_of(8_000, step=MINUTE / 40, sensors=80))
    ]
    told = [record for _, record in sorted(due, key=lambda one: one[0])]
    for first in range(0, len(told), 2_000):
        kept.add(*told[first : first + 2_000])
    assert kept.in_blocks() > 0.7 * len(told)
    assert kept.in_blocks() + kept.count("fill") == len(told)
    check(kept, told)
