"""Coverage by unit and day, told once an hour."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.influx.coverage_lines import CoverageLines
from ingest.measures import SqliteMeasures
from ingest.rollup_feed import SqliteRollupFeed
from ingest.series import SqliteSeries
from tests.fakes.ingest_samples import fill_record, sample_registry
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.memory_registry import MemoryRegistry
from wire.shards import ALL_SHARDS
from wire.topics import shard_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime.fromisoformat("2026-03-03T00:00:00+08:00")
"""START is half past six of that day in the district."""

ONE = sample_registry(sensors=2)
GATEWAY = "gw-1"
REGISTRY = replace(
    ONE,
    cameras={},
    sensors={key: replace(each, gateway_id=GATEWAY) for key, each in ONE.sensors.items()},
)
SHARD = shard_of(GATEWAY)


class Told:
    """A series that takes records, and the coverage told of it."""

    def __init__(self, folder: Path) -> None:
        path = folder / "series.db"
        self.clock = ManualClock(START)
        self._journal = MemoryRecordFeed()
        self._series = SqliteSeries(path)
        self._measures = SqliteMeasures(path)
        self._rollups = SqliteRollupFeed(path)
        self._after = 0
        self.restart()

    def restart(self, shards: Collection[int] = ALL_SHARDS) -> None:
        self._shards = shards
        self._source = CoverageLines(
            rollups=self._rollups,
            measures=self._measures,
            registry=MemoryRegistry(REGISTRY),
            clock=self.clock,
            kept_days=10,
            shards=self._shards,
        )

    def hear(self, number: int, *times: datetime) -> None:
        records = [fill_record(number, at=at) for at in times]
        self._series.append(stretch_of([self._journal.append_record(record) for record in records]))

    def lines(self) -> dict[int, str] | None:
        """Return what is told, by days after START's; None: it was told."""
        page = self._source.read(after=self._after, limit=1)
        if page is None:
            return None
        self._after = page.through
        told = {}
        for one in page.told.lines:
            head, _, at_ns = one.decode().rpartition(" ")
            days = (int(at_ns) / 1e9 - MIDNIGHT.timestamp()) / DAY.total_seconds()
            told[int(days)] = head.removeprefix(
                f"coverage,shard=shard-{SHARD:02d},subdistrict_id=sub-1,unit_id=unit-1 "
            )
        return told

    def close(self) -> None:
        self._rollups.close()
        self._measures.close()
        self._series.close()


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    told = Told(tmp_path)
    yield told
    told.close()


def test_a_day_is_told_while_it_lasts_and_whole_after_it(told: Told) -> None:
    assert told.lines() == {}
    told.hear(0, *(START + n * HOUR for n in range(3)))
    told.clock.advance(seconds=3_600)
    assert told.lines() == {0: "due=14,observed=3"}
    assert told.lines() is None
    told.clock.advance(seconds=18 * 3_600)
    assert told.lines() == {
        0: "due=48,observed=3",
        1: "due=2,observed=0",
    }


def test_an_older_day_is_told_again_when_something_of_it_comes_late(told: Told) -> None:
    told.hear(0, START)
    told.lines()
    told.clock.advance(seconds=4 * 86_400)
    assert set(told.lines() or ()) == {3, 4}
    told.hear(1, START + HOUR)
    told.clock.advance(seconds=3_600)
    again = told.lines() or {}
    assert set(again) == {0, 3, 4}
    assert again[0].startswith("due=48,observed=2")


def test_after_a_start_all_days_since_the_first_record_are_told(told: Told) -> None:
    told.hear(0, START, START + 3 * DAY)
    told.clock.advance(seconds=4 * 86_400)
    told.restart()
    days = told.lines() or {}
    assert sorted(days) == [0, 1, 2, 3, 4]
    assert days[1] == "due=48,observed=0"  # nobody heard is told, not left out


def test_a_worker_tells_its_own_shards_only(told: Told) -> None:
    told.hear(0, START)
    told.clock.advance(seconds=3_600)
    told.restart(shards=[shard for shard in ALL_SHARDS if shard != SHARD])
    assert told.lines() == {}
    told.clock.advance(seconds=3_600)
    told.restart(shards=[SHARD])
    assert told.lines() == {0: "due=16,observed=1"}
