"""One suite over the record feeds, real and fake."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from domain.ports.record_feed import RecordFeed
from domain.records import Record
from ingest.record_feed import SqliteRecordFeed
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import (
    batch,
    emptied_record,
    series_of_records,
    verdicts_record,
)
from tests.fakes.memory_record_feed import MemoryRecordFeed

Fed = tuple[RecordFeed, Callable[[Sequence[Record]], None]]


@pytest.fixture(params=["sqlite", "memory", "postgres"])
def fed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fed]:
    """Give a feed and a way to commit records to what it reads, one round each call."""
    if request.param == "memory":
        memory = MemoryRecordFeed()

        def append(records: Sequence[Record]) -> None:
            for record in records:
                memory.append_record(record)

        yield memory, append
        return
    database = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    with IngestRig(tmp_path, database=database) as rig:
        sent = 0

        def send(records: Sequence[Record]) -> None:
            nonlocal sent
            rig.receive(batch(dict(enumerate(records, sent + 1))))
            sent += len(records)

        yield rig.feed, send


def test_an_empty_feed_has_nothing_to_read(fed: Fed) -> None:
    feed, _ = fed
    assert list(feed.read(after=0, limit=10)) == []
    assert feed.newest_position() == 0


def test_entries_come_in_order_of_commit_with_rising_positions(fed: Fed) -> None:
    feed, commit = fed
    records = [*series_of_records(3), emptied_record(), verdicts_record()]
    commit(records[:3])
    commit(records[3:])
    entries = feed.read(after=0, limit=10)
    assert [entry.record for entry in entries] == records
    positions = [entry.position for entry in entries]
    assert positions == sorted(set(positions))
    assert feed.newest_position() == positions[-1]


def test_a_reader_goes_on_behind_its_cursor(fed: Fed) -> None:
    feed, commit = fed
    commit(series_of_records(5))
    cursor, seen = 0, []
    while entries := feed.read(after=cursor, limit=2):
        assert len(entries) <= 2
        seen += [entry.record for entry in entries]
        cursor = entries[-1].position
    assert seen == series_of_records(5)
    assert cursor == feed.newest_position()


def test_what_is_committed_later_is_seen_by_an_open_feed(fed: Fed) -> None:
    feed, commit = fed
    commit(series_of_records(2)[:1])
    cursor = feed.newest_position()
    commit(series_of_records(2)[1:])
    (entry,) = feed.read(after=cursor, limit=10)
    assert entry.record == series_of_records(2)[1]


def test_a_journal_that_does_not_exist_yet_is_empty_and_then_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    feed = SqliteRecordFeed(path)
    assert feed.read(after=0, limit=10) == []
    assert feed.newest_position() == 0
    path.touch()
    assert feed.read(after=0, limit=10) == []
    path.unlink()
    with IngestRig(tmp_path) as rig:
        rig.receive(batch({1: series_of_records(1)[0]}))
        assert len(feed.read(after=0, limit=10)) == 1
    feed.close()
