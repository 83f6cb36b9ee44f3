import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.dead_letters import count_dead_letters, dead_letter, read_dead_letters
from ingest.journal import SqliteJournal
from ingest.journal_schema import OtherSchemaError
from ingest.ports.journal import Round
from ingest.reasons import RefusalReason
from storage.lock_file import FileInUseError
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import GATEWAY, batch, fill_record, series_of_records
from tests.fakes.manual_clock import START


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[IngestRig]:
    with IngestRig(tmp_path) as rig:
        yield rig


def test_the_database_itself_refuses_a_run_twice(rig: IngestRig) -> None:
    rig.receive(batch({1: fill_record()}))
    copy = (
        "INSERT INTO runs SELECT position + 1, uplink, first, count, received_us, reach, first_us,"
        " last_us, marks, times, records FROM runs"
    )
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        rig.sqlite.execute(copy)


def test_positions_do_not_start_again_when_all_entries_have_been_trimmed(rig: IngestRig) -> None:
    rig.receive(batch({1: fill_record(), 2: fill_record(1)}))
    removed = rig.journal.trim(before=START + timedelta(days=1), through=2, most=10)
    assert removed == 2
    assert rig.entries() == []
    assert rig.feed.newest_position() == 2
    rig.reopen()
    rig.receive(batch({3: fill_record(2)}))
    assert [entry.position for entry in rig.entries()] == [3]


def test_a_round_after_a_trim_still_finds_its_collisions(rig: IngestRig) -> None:
    rig.receive(batch({1: fill_record()}))
    rig.journal.trim(before=START + timedelta(days=1), through=1, most=10)
    rig.receive(batch({2: fill_record(1), 3: fill_record(1, level=0.9)}))
    assert rig.records() == [fill_record(1)]
    assert [letter.reason for letter in rig.letters()] == [RefusalReason.CONFLICT]


def test_trimming_goes_neither_beyond_the_time_nor_the_slowest_nor_the_step(
    rig: IngestRig,
) -> None:
    for sequence in (1, 2, 3, 4):
        rig.receive(batch({sequence: fill_record(at=rig.clock.now())}))
        rig.clock.advance(minutes=1)
    at_third = START + timedelta(minutes=2)
    assert rig.journal.trim(before=at_third, through=1, most=10) == 1
    assert rig.journal.trim(before=START + timedelta(days=1), through=9, most=1) == 1
    assert rig.journal.trim(before=at_third, through=9, most=10) == 0
    assert [entry.position for entry in rig.entries()] == [3, 4]


def test_records_that_came_together_go_together_once_all_of_them_were_read(
    rig: IngestRig,
) -> None:
    rig.receive(batch(dict(enumerate(series_of_records(5), 1))))
    rig.clock.advance(minutes=1)
    rig.receive(batch(dict(enumerate(series_of_records(3, start=rig.clock.now()), 6))))
    later = START + timedelta(days=1)
    assert rig.journal.trim(before=later, through=4, most=10) == 0
    assert rig.journal.trim(before=later, through=7, most=1) == 5
    assert [entry.position for entry in rig.entries()] == [6, 7, 8]


def test_an_uplink_is_forgotten_with_its_last_entry(rig: IngestRig) -> None:
    rig.receive(batch({1: fill_record()}))
    rig.journal.trim(before=START + timedelta(days=1), through=1, most=10)
    assert rig.journal.load().uplink(GATEWAY, "00000000000000aa").progress.through == 0


def test_a_second_writer_is_refused(rig: IngestRig) -> None:
    with pytest.raises(FileInUseError):
        SqliteJournal(rig.path)


def test_a_file_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(OtherSchemaError, match="schema 99"):
        SqliteJournal(path)


def test_a_failed_commit_is_rolled_back_by_the_next_load(rig: IngestRig) -> None:
    connection = rig.sqlite
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO newest VALUES ('sensor-000', 'fill', 1)")
    rig.journal.load()
    assert not connection.in_transaction
    assert rig.receive(batch({1: fill_record()}))


def test_dead_letters_are_cut_filtered_counted_and_capped(tmp_path: Path) -> None:
    with IngestRig(tmp_path, most_dead_letters=5) as rig:
        _dead_letters_are_cut_filtered_counted_and_capped(rig)


def _dead_letters_are_cut_filtered_counted_and_capped(rig: IngestRig) -> None:
    rig.receive(b"x" * 50_000)
    letters = [
        dead_letter(
            RefusalReason.UNKNOWN_DEVICE, b"%d" % n, detail="d" * 999, at=START, gateway_id=GATEWAY
        )
        for n in range(7)
    ]
    assert len(read_dead_letters(rig.path, limit=10)[0].payload) == 16 * 1024
    committed = rig.journal.commit(Round(received_at=START, letters=letters))
    assert committed.letters_trimmed == 3
    assert count_dead_letters(rig.path) == {RefusalReason.UNKNOWN_DEVICE: 5}
    newest = read_dead_letters(rig.path, limit=2)
    assert [letter.payload for letter in newest] == [b"6", b"5"]
    assert len(newest[0].detail) == 300
    assert read_dead_letters(rig.path, reason=RefusalReason.CONFLICT, limit=9) == []


def test_a_journal_that_is_not_there_yet_has_no_dead_letters(tmp_path: Path) -> None:
    assert read_dead_letters(tmp_path / "journal.db", limit=1) == []
    assert count_dead_letters(tmp_path / "journal.db") == {}
