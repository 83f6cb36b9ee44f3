"""What the journal's writer hands over: in order, without holes, bounded, never a wrong one."""

import threading
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from domain.records import Record
from ingest.fresh_records import FreshRecords
from ingest.influx.record_lines import RecordLines
from ingest.instants import to_us
from ingest.metrics import IngestMetrics
from ingest.series_follower import SeriesFollower
from ingest.stretch import Stretch
from tests.fakes.influx_rig import REGISTRY
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import (
    batch,
    emptied_record,
    fill_record,
    series_of_records,
    verdicts_record,
)
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.memory_registry import MemoryRegistry
from wire.checked_records import CheckedRecord, decode_told
from wire.records import encode_record, record_of

RECORDS = series_of_records(200)
OF_ALL_KINDS = [*series_of_records(7), emptied_record(2), verdicts_record(), fill_record(3)]


def told(stretch: Stretch) -> list[tuple[int, Record]]:
    """Return positions and records, readings made records where they are as decoded."""
    first = stretch.through - len(stretch) + 1
    assert list(stretch.observed_us) == [to_us(record.observed_at) for record in stretch.records]
    return [
        (position, record if isinstance(record, Record) else record_of(record))
        for position, record in enumerate(stretch.records, first)
    ]


def stretch(records: Sequence[Record | CheckedRecord], through: int) -> Stretch:
    observed_us = [to_us(record.observed_at) for record in records]
    return Stretch(through=through, records=records, observed_us=observed_us)


class RememberingSeries:
    """Fulfils ``ingest.ports.time_series.TimeSeries`` with a list."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, Record]] = []

    def cursor(self) -> int:
        return self.entries[-1][0] if self.entries else 0

    def append(self, stretch: Stretch) -> None:
        self.entries += told(stretch)

    def start_over(self) -> None:
        self.entries = []


class CountingFeed(MemoryRecordFeed):
    """Counts the entries that were read from it."""

    read_entries = 0

    def read_encoded(self, *, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        rows = super().read_encoded(after=after, limit=limit)
        self.read_entries += len(rows)
        return rows


def put(fresh: FreshRecords, behind: int, through: int) -> None:
    fresh.put(stretch(RECORDS[behind:through], through), behind=behind, size=through - behind)


def positions(fresh: FreshRecords, after: int, most: int = 1_000) -> list[int]:
    return [position for position, _ in told(fresh.take(after=after, most=most))]


def test_what_was_put_comes_out_once_with_its_positions() -> None:
    fresh = FreshRecords()
    put(fresh, 10, 13)
    put(fresh, 13, 14)
    assert told(fresh.take(after=10, most=100)) == [
        (position, RECORDS[position - 1]) for position in (11, 12, 13, 14)
    ]
    assert positions(fresh, 10) == positions(fresh, 14) == []


def test_whole_commits_are_given_up_to_what_is_asked_for() -> None:
    fresh = FreshRecords()
    put(fresh, 0, 3)
    put(fresh, 3, 5)
    put(fresh, 5, 9)
    assert positions(fresh, 0, most=5) == [1, 2, 3, 4, 5]
    assert positions(fresh, 5, most=1) == [6, 7, 8, 9]


def test_who_lags_behind_gets_nothing_and_may_still_catch_up() -> None:
    fresh = FreshRecords()
    put(fresh, 10, 13)
    assert positions(fresh, 9) == []
    assert fresh.begins_behind() == 10
    assert positions(fresh, 10) == [11, 12, 13]
    assert fresh.begins_behind() is None


def test_the_oldest_commits_make_room() -> None:
    fresh = FreshRecords(most_bytes=5)
    put(fresh, 0, 3)
    put(fresh, 3, 5)
    put(fresh, 5, 8)
    assert fresh.begins_behind() == 3
    put(fresh, 8, 20)
    assert fresh.begins_behind() is None


def test_a_commit_behind_a_hole_makes_those_before_it_worthless() -> None:
    fresh = FreshRecords()
    put(fresh, 0, 3)
    assert positions(fresh, 0) == [1, 2, 3]
    put(fresh, 5, 6)
    assert positions(fresh, 3) == []
    put(fresh, 9, 12)  # something lies between: what is before it no longer counts
    assert fresh.begins_behind() == 9


def test_a_span_with_a_hole_is_not_kept() -> None:
    fresh = FreshRecords()
    fresh.put(stretch(RECORDS[:3], 4), behind=0, size=3)
    assert fresh.begins_behind() is None


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["put", "hidden", "step"]))))
def test_the_series_gets_every_entry_once_and_in_order_whatever_is_at_hand(
    commits: list[tuple[int, str]],
) -> None:
    feed, series, fresh = MemoryRecordFeed(), RememberingSeries(), FreshRecords(most_bytes=15)
    metrics = IngestMetrics(CollectorRegistry())
    follower = SeriesFollower(feed=feed, series=series, metrics=metrics, fresh=fresh)
    written: list[tuple[int, Record]] = []
    for count, act in commits:
        if act == "step":
            follower.step()
            continue
        behind = feed.newest_position()
        records = [RECORDS[(behind + place) % 200] for place in range(count)]
        written += [(feed.append_record(record).position, record) for record in records]
        if act == "put":
            fresh.put(stretch(records, behind + count), behind=behind, size=count)
    while follower.step():
        pass
    assert series.entries == written
    assert follower.backlog == 0


def test_a_follower_that_keeps_up_reads_nothing_back() -> None:
    feed, series, fresh = CountingFeed(), RememberingSeries(), FreshRecords()
    metrics = IngestMetrics(CollectorRegistry())
    follower = SeriesFollower(feed=feed, series=series, metrics=metrics, fresh=fresh)
    for place in range(5):
        feed.append_record(RECORDS[place])
        put(fresh, place, place + 1)
        assert follower.step() == 1
    assert feed.read_entries == 0


def test_what_a_round_has_stored_is_handed_on_and_nothing_that_was_known(tmp_path: Path) -> None:
    with IngestRig(tmp_path) as rig:
        fresh = FreshRecords()
        rig.rounds._fresh = (fresh,)
        records = series_of_records(6)
        rig.receive(batch({1: records[0], 2: records[1]}))
        rig.receive(batch({3: records[2]}), batch({4: b"unreadable", 5: records[3]}))
        rig.reopen()
        rig.rounds._fresh = (fresh,)
        rig.receive(batch({6: records[4]}))
        entries = [(entry.position, entry.record) for entry in rig.entries()]
        taken = told(fresh.take(after=0, most=100))
        assert taken == entries
        rig.receive(batch({7: records[4]}))
        rig.receive(batch({8: fill_record(3), 9: fill_record(3), 10: fill_record(2)}))
        stored = [(entry.position, entry.record) for entry in rig.entries()[len(entries) :]]
        assert [record for _, record in stored] == [fill_record(3), fill_record(2)]
        assert told(fresh.take(after=entries[-1][0], most=100)) == stored


def test_who_rests_is_woken_when_half_of_the_room_is_taken_and_to_stop() -> None:
    fresh = FreshRecords(most_bytes=10)
    put(fresh, 0, 4)
    resting = threading.Thread(target=fresh.rest, args=(60.0,))
    resting.start()
    put(fresh, 4, 5)
    resting.join(10)
    assert not resting.is_alive()
    assert positions(fresh, 0) == [1, 2, 3, 4, 5]
    resting = threading.Thread(target=fresh.rest, args=(60.0,))
    resting.start()
    resting.join(0.05)
    assert resting.is_alive()  # what was taken is no reason to wake again
    fresh.wake()
    resting.join(10)
    assert not resting.is_alive()
    put(fresh, 5, 6)
    fresh.take(after=5, most=1)
    fresh.rest(60.0)  # whoever took something between being told to stop and resting, too


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(["put", "judged", "hidden", "page"]))))
def test_the_points_are_the_journals_whatever_is_at_hand(commits: list[tuple[int, str]]) -> None:
    feed, fresh = MemoryRecordFeed(), FreshRecords(most_bytes=15)
    registry = MemoryRegistry(REGISTRY)
    source = RecordLines(feed=feed, registry=registry, fresh=fresh)
    lines: list[bytes] = []
    through = 0
    for count, act in [*commits, *[(9, "page")] * (1 + sum(count for count, _ in commits))]:
        if act == "page":
            page = source.read(after=through, limit=count)
            if page is not None:
                through = page.through
                lines += page.told.lines
            continue
        behind = feed.newest_position()
        records = [OF_ALL_KINDS[(behind + place) % len(OF_ALL_KINDS)] for place in range(count)]
        for record in records:
            feed.append_record(record)
        as_decoded = decode_told([encode_record(record) for record in records])
        handed = stretch(as_decoded if act == "put" else records, behind + count)
        if act != "hidden":
            fresh.put(handed, behind=behind, size=count)
    expected = RecordLines(feed=feed, registry=registry).read(after=0, limit=10_000)
    assert sorted(lines) == sorted(expected.told.lines if expected else [])
    assert through == feed.newest_position()
