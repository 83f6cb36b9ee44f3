"""Sealing, reopening, forgetting: what the history tells must not depend on when they happen."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import FillReading, Record
from ingest import day_sealing, series_shrinking
from ingest.history import SqliteHistory
from ingest.instants import to_us
from ingest.kept_days import KeptDays
from ingest.rollup_feed import SqliteRollupFeed
from ingest.rollups import day_of_us
from ingest.series import SqliteSeries
from ingest.series_upkeep import SeriesUpkeep
from tests.fakes.ingest_samples import (
    CAMERA,
    emptied_record,
    fill_record,
    sensor_id,
    verdicts_record,
)
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.sealed_series import seal_all_days

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVER = {"since": START - 400 * DAY, "until": START + 400 * DAY}
TODAY = day_of_us(to_us(START))


class Kept:
    """A series, what its readers see, and a journal that gives positions."""

    def __init__(self, path: Path) -> None:
        self.left_out = 0
        self.path = path
        self.journal = MemoryRecordFeed()
        self.series = self._open()
        self.history = SqliteHistory(path)
        self.rollups = SqliteRollupFeed(path)

    def _open(self) -> SqliteSeries:
        return SqliteSeries(self.path, on_too_old=self._leave_out)

    def _leave_out(self, count: int) -> None:
        self.left_out += count

    def reopen(self) -> None:
        self.series.close()
        self.series = self._open()

    def add(self, *records: Record) -> None:
        self.series.append(stretch_of([self.journal.append_record(record) for record in records]))

    def readings(self, number: int = 0) -> Sequence[tuple[datetime, FillReading]]:
        return self.history.fill(sensor_id(number), **EVER)

    def rows(self, table: str) -> int:
        connection = self.series._file.connection
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  names from this file
        assert isinstance(count, int)
        return count

    def close(self) -> None:
        self.rollups.close()
        self.history.close()
        self.series.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path / "series.db")
    yield kept
    kept.close()


def some_readings(days: int, *, start: datetime = START) -> list[Record]:
    return [fill_record(n % 3, at=start + n * 6 * HOUR, level=n % 20 / 20) for n in range(4 * days)]


def at_rest(kept: Kept) -> None:
    """Let everything that came so far count as old."""
    kept.series.settle()
    kept.series.settle()


records = st.builds(
    lambda n, hours, level: fill_record(n, at=START + hours * HOUR, level=level),
    st.integers(0, 2),
    st.integers(0, 100),
    st.floats(0, 2),
)
steps = st.lists(st.one_of(st.lists(records, max_size=12), st.sampled_from(["seal", "reopen"])))


@settings(max_examples=20, deadline=None)
@given(steps=steps)
def test_the_history_never_shows_when_days_were_sealed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[Record] | str]
) -> None:
    kept = Kept(tmp_path_factory.mktemp("sealing") / "series.db")
    plain = MemoryHistory()
    for step in steps:
        if step == "seal":
            seal_all_days(kept.series)
        elif isinstance(step, str):
            kept.reopen()
        else:
            kept.add(*step)
            for record in step:
                plain.add(record)
    counted = 0
    for number in range(3):
        expected = list(plain.fill(sensor_id(number), **EVER))
        assert list(kept.readings(number)) == expected
        counted += len(expected)
    assert sum(r.levels.accepted for r in kept.rollups.hourly(after=0, limit=9_999)) == counted
    kept.close()


def test_a_day_is_sealed_some_hours_after_its_end_and_not_before(kept: Kept) -> None:
    kept.add(*some_readings(1))
    at_rest(kept)
    end = START + 17 * HOUR + 30 * MINUTE
    kept.add(fill_record(at=end + 2 * HOUR))
    at_rest(kept)
    assert kept.series.seal_next() is None
    kept.add(fill_record(at=end + 3 * HOUR + MINUTE))
    at_rest(kept)
    before = [kept.readings(n) for n in range(3)]
    assert kept.series.seal_next() == 3
    assert kept.series.seal_next() is None
    assert (kept.rows("sealed"), kept.rows("fill")) == (3, 3)
    assert [kept.readings(n) for n in range(3)] == before


def test_a_day_where_something_came_lately_is_left_alone(kept: Kept) -> None:
    kept.add(*some_readings(4))
    kept.series.settle()
    assert kept.series.seal_next() is None
    kept.series.settle()
    assert kept.series.seal_next() == 3
    kept.add(fill_record(0, at=START + DAY + MINUTE))
    assert kept.series.seal_next() == 4  # the third day; the second one waits
    at_rest(kept)
    assert kept.series.seal_next() == 5


def test_a_late_reading_opens_its_sensors_day_and_repetitions_stay_known(kept: Kept) -> None:
    kept.add(*some_readings(4))
    seal_all_days(kept.series)
    revision = kept.rollups.newest_revision()
    kept.add(fill_record(0, level=0.99), fill_record(0, at=START + MINUTE, level=0.4))
    assert [reading.filling_level for _, reading in kept.readings()][:2] == [0.0, 0.4]
    assert len(kept.rollups.hourly(after=revision, limit=99)) == 1
    seal_all_days(kept.series)
    assert kept.rows("fill") == 0
    assert [reading.filling_level for _, reading in kept.readings()][:2] == [0.0, 0.4]


def test_a_sealing_that_fails_leaves_the_rows(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.add(*some_readings(4))
    at_rest(kept)
    before = kept.readings()

    def fail(*_: object) -> list[bytes]:
        msg = "no memory left"
        raise MemoryError(msg)

    with monkeypatch.context() as broken:
        broken.setattr(day_sealing, "seal_sensors", fail)
        with pytest.raises(MemoryError):
            kept.series.seal_next()
    assert kept.rows("sealed") == 0
    assert kept.readings() == before
    assert kept.series.seal_next() == 3


def test_upkeep_seals_in_its_own_time(kept: Kept) -> None:
    clock = ManualClock(START + 10 * DAY)
    upkeep = SeriesUpkeep(series=kept.series, clock=clock, days=KeptDays())
    kept.add(*some_readings(4))
    assert not upkeep.step()
    for _ in range(2):
        clock.advance(seconds=61)
        assert not upkeep.step()
    clock.advance(seconds=61)
    sealed = 0
    while upkeep.step():
        sealed += 1
    assert sealed == 3  # the fourth day is not closed yet
    assert not upkeep.step()


def test_readings_and_rollups_are_kept_as_long_as_they_should(kept: Kept) -> None:
    kept.add(*some_readings(4), emptied_record(), verdicts_record())
    seal_all_days(kept.series)
    kept.add(fill_record(at=START + 8 * DAY))
    clock = ManualClock(START + 10 * DAY)
    days = KeptDays(readings=8, rollups=9)
    upkeep = SeriesUpkeep(series=kept.series, clock=clock, days=days)
    clock.advance(seconds=61)
    while upkeep.step():
        pass
    oldest = [min(at for at, _ in kept.readings(number)) for number in range(3)]
    assert day_of_us(to_us(min(oldest))) == TODAY + 2
    assert list(kept.history.emptyings(sensor_id(0), **EVER)) == []
    assert list(kept.history.verdicts(CAMERA, **EVER)) == []
    hours = kept.rollups.hourly(after=0, limit=9_999)
    assert min(day_of_us(to_us(r.hour)) for r in hours) == TODAY + 1
    assert {r.day for r in kept.rollups.daily(after=0, limit=99)} == {
        (START + 8 * HOUR + n * DAY).date() for n in (1, 2, 3, 4, 8)
    }


def test_what_is_older_than_is_kept_is_left_out_and_counted(kept: Kept) -> None:
    kept.add(*some_readings(4))
    while kept.series.forget(readings_before=TODAY + 2, rollups_before=0):
        pass
    hours = kept.rollups.hourly(after=0, limit=99)
    kept.reopen()
    kept.add(fill_record(0), fill_record(0, at=START + 2 * DAY + MINUTE))
    assert kept.left_out == 1
    assert len(kept.rollups.hourly(after=0, limit=99)) == len(hours) + 1
    assert kept.series.cursor() == kept.journal.newest_position()


def test_room_is_given_back_in_steps_while_readers_read(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series_shrinking, "_LEAST_FREE_PAGES", 20)
    monkeypatch.setattr(series_shrinking, "_FREE_PAGES_A_STEP", 10)
    kept.add(*(fill_record(n % 3, at=START + n * MINUTE) for n in range(4_000)))
    assert not kept.series.give_room_back()
    seal_all_days(kept.series)
    before = kept.readings(1)

    def pages() -> int:
        (count,) = kept.series._file.connection.execute("PRAGMA page_count").fetchone()
        assert isinstance(count, int)
        return count

    sizes = [pages()]
    while kept.series.give_room_back():
        sizes.append(pages())
    assert len(sizes) > 2
    # A page of SQLite's own map of pages may go along.
    assert {before - after for before, after in pairwise(sizes)} <= {10, 11}
    assert kept.readings(1) == before
