"""Runs: whatever they are cut to, the records come out as they went in, and twins are found."""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import Record
from ingest.instants import to_us
from ingest.journal import SqliteJournal
from ingest.journal_runs import MOST_BYTES, MOST_RECORDS, MOST_SPAN_US
from ingest.ports.journal import LATE, SETS_STATE, Round
from ingest.record_feed import SqliteRecordFeed
from tests.fakes.ingest_samples import fill_record
from tests.fakes.manual_clock import START
from wire.records import encode_record

FEW = settings(max_examples=12, deadline=None)


def round_of(
    journal: SqliteJournal, records: Sequence[tuple[str, Record, bytes]], *, marks: int
) -> Round:
    """Return a round of records of gateways, with what follows each in its encoded form."""
    known = journal.load()
    round_ = Round(received_at=START)
    for gateway_id, record, tail in records:
        uplink = known.uplink(gateway_id, "00000000000000aa")
        round_.uplinks[uplink.number] = uplink
        sequence = uplink.progress.through + 1
        uplink.progress.note(sequence)
        encoded = encode_record(record) + tail
        observed_us = to_us(record.observed_at)
        round_.admit(uplink.number, sequence, encoded, record, observed_us, marks)
    return round_


_LENGTHS = st.lists(
    st.tuples(
        st.integers(1, 2 * MOST_RECORDS + 5),
        st.sampled_from([1, 1_000_000, MOST_SPAN_US // 100, -MOST_SPAN_US, MOST_SPAN_US - 1]),
        st.sampled_from([b"", b"", b"\n", b" " * (MOST_BYTES // 3), b"\n" * (MOST_BYTES + 1)]),
    ),
    min_size=1,
    max_size=4,
)


@FEW
@given(_LENGTHS, st.integers(0, 700), st.integers(1, 300))
def test_records_come_out_of_their_runs_as_they_went_in(
    lengths: list[tuple[int, int, bytes]], after: int, limit: int
) -> None:
    at, records = START + timedelta(days=1), []
    for count, step_us, tail in lengths:
        for place in range(min(count, 20) if tail else count):
            at += timedelta(microseconds=step_us)
            records.append(("gateway-1", fill_record(place % 5, at=at), tail))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with closing(SqliteJournal(path)) as journal, closing(SqliteRecordFeed(path)) as feed:
            round_ = round_of(journal, records, marks=SETS_STATE)
            number = round_.runs[0].uplink
            assert journal.commit(round_).span == (0, len(records))
            everything = list(enumerate(round_.encoded, 1))
            assert feed.read_encoded(after=0, limit=10_000) == everything
            assert feed.read_encoded(after=after, limit=limit) == everything[after : after + limit]
            assert [journal.find(number, n) for n, _ in everything] == round_.encoded
            runs = journal._file.connection.execute(
                "SELECT count, last_us - first_us, length(records), 16 << 4 * (reach - 1) FROM runs"
            ).fetchall()
    for count, span_us, size, reach_us in runs:
        assert span_us < reach_us
        assert count == 1 or (
            count <= MOST_RECORDS and size <= MOST_BYTES and span_us < MOST_SPAN_US
        )
    assert len(runs) <= len(records)


# Times from one microsecond apart to two hours, so that runs of every reach lie over each other.
_TIME = (
    st.integers(0, 3)
    | st.integers(0, 60).map(lambda s: s * 1_000_000)
    | st.integers(0, 7_200).map(lambda s: s * 1_000_000)
)
_TOLD = st.tuples(
    st.sampled_from(["gateway-1", "gateway-2", "gateway-3"]), st.integers(0, 3), _TIME
)


@FEW
@given(
    st.lists(st.lists(_TOLD, min_size=1, max_size=12), min_size=1, max_size=20),
    st.lists(_TOLD, min_size=1, max_size=8),
)
def test_a_twin_is_found_wherever_it_lies(
    rounds: list[list[tuple[str, int, int]]], last: list[tuple[str, int, int]]
) -> None:
    seen: set[tuple[int, int]] = set()
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteJournal(Path(folder) / "journal.db")) as journal,
    ):
        for told in [*rounds, last]:
            records, left_out = [], []
            for place, (gateway_id, device, us) in enumerate(told):
                at = START - timedelta(days=1) + timedelta(microseconds=us)
                records.append((gateway_id, fill_record(device, at=at), b""))
                if (device, us) in seen:
                    left_out.append(place)
                seen.add((device, us))
            committed = journal.commit(round_of(journal, records, marks=LATE))
            assert list(committed.left_out) == left_out
            assert committed.duplicates == len(left_out)
            assert committed.late == committed.accepted == len(told) - len(left_out)
