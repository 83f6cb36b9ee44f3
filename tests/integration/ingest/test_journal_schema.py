"""A journal of an older version, built from committed SQL, becomes one of today in one step."""

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import JournalEntry, UplinkId
from ingest.instants import from_us, to_us
from ingest.journal import SqliteJournal
from ingest.journal_schema import OtherSchemaError
from ingest.record_feed import SqliteRecordFeed
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import (
    BOOT,
    GATEWAY,
    OTHER_BOOT,
    batch,
    fill_record,
    sensor_id,
    verdicts_record,
)
from tests.fakes.manual_clock import START
from wire.acks import Ack
from wire.records import decode_record, encode_record

GOLDEN = Path(__file__).parents[2] / "golden"
OLD_FILES = {1: "journal_1.sql", 2: "journal_2.sql"}


def old_file(folder: Path, version: int) -> Path:
    path = folder / "journal.db"
    connection = sqlite3.connect(path)
    connection.executescript((GOLDEN / OLD_FILES[version]).read_text(encoding="utf-8"))
    connection.close()
    return path


def schema_of(path: Path) -> tuple[int, set[str]]:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema") if sql}
    return version, tables


def old_entries(path: Path) -> list[JournalEntry]:
    """Return what the rows of an old journal say, as the program that wrote it would."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT position, gateway_id, boot_id, sequence, received_us, late, sets_state, record"
            " FROM journal JOIN uplinks ON uplinks.number = uplink ORDER BY position"
        ).fetchall()
    return [
        JournalEntry(
            position=position,
            uplink_id=UplinkId(gateway_id=gateway_id, boot_id=boot_id, sequence=sequence),
            received_at=from_us(received_us),
            late=bool(late),
            sets_state=bool(sets_state),
            record=decode_record(record),
        )
        for position, gateway_id, boot_id, sequence, received_us, late, sets_state, record in rows
    ]


@pytest.mark.parametrize("version", OLD_FILES)
def test_an_old_journal_keeps_every_entry_where_it_was(tmp_path: Path, version: int) -> None:
    expected = old_entries(old_file(tmp_path, version))
    with IngestRig(tmp_path) as rig:
        assert rig.entries() == expected
        assert rig.feed.newest_position() == expected[-1].position
        for entry in expected:
            assert rig.feed.read(after=entry.position - 1, limit=1) == [entry]


def test_a_journal_of_schema_1_keeps_all_it_had_and_goes_on(tmp_path: Path) -> None:
    old_file(tmp_path, 1)
    with IngestRig(tmp_path) as rig:
        assert [entry.position for entry in rig.entries()] == [1, 2, 3]
        assert [letter.reason for letter in rig.letters()] == ["unreadable_record", "conflict"]
        known = rig.journal.load()
        assert known.newest.of_device(sensor_id(0)) == START
        acks = rig.receive(batch({3: fill_record(2)}))
        assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=6))]
        assert rig.records()[-1] == fill_record(2)
        assert rig.entries()[-1].position == 4


def test_a_journal_of_schema_2_finds_the_twins_of_what_it_had(tmp_path: Path) -> None:
    path = old_file(tmp_path, 2)
    expected = old_entries(path)
    with IngestRig(tmp_path) as rig:
        rig.clock.advance(minutes=20)
        again = batch(
            {place: entry.record for place, entry in enumerate(expected, 1)},
            boot_id="00000000000000cc",
        )
        resent = batch(
            {e.uplink_id.sequence: e.record for e in expected if e.uplink_id.boot_id == BOOT}
        )
        rig.receive(again, resent, batch({4: fill_record(1, at=START)}, boot_id=OTHER_BOOT))
        rig.receive(batch({13: fill_record(2, level=0.7), 14: verdicts_record()}))
        assert rig.entries() == expected
        assert [letter.reason for letter in rig.letters()][-1] == "conflict"
        assert [letter.sequence for letter in rig.letters()][-1] == 13


@pytest.mark.parametrize("version", OLD_FILES)
def test_an_upgraded_journal_has_the_tables_of_a_new_one(tmp_path: Path, version: int) -> None:
    old_file(tmp_path, version)
    SqliteJournal(tmp_path / "journal.db").close()
    SqliteJournal(tmp_path / "new.db").close()
    assert schema_of(tmp_path / "journal.db") == schema_of(tmp_path / "new.db")


@pytest.mark.parametrize("version", OLD_FILES)
def test_an_upgrade_that_is_cut_short_leaves_the_old_journal(tmp_path: Path, version: int) -> None:
    path = old_file(tmp_path, version)
    connection = sqlite3.connect(path)
    connection.execute("CREATE INDEX runs_time ON newest (observed_us)")
    connection.close()
    before = schema_of(path), old_entries(path)
    with pytest.raises(sqlite3.OperationalError):
        SqliteJournal(path)
    assert (schema_of(path), old_entries(path)) == before
    connection = sqlite3.connect(path)
    connection.execute("DROP INDEX runs_time")
    connection.close()
    SqliteJournal(path).close()


def test_positions_go_on_behind_those_of_an_old_journal_that_was_all_trimmed(
    tmp_path: Path,
) -> None:
    connection = sqlite3.connect(old_file(tmp_path, 2))
    connection.execute("DELETE FROM journal")
    connection.commit()
    connection.close()
    with IngestRig(tmp_path) as rig:
        assert rig.feed.newest_position() == 15
        rig.receive(batch({13: fill_record(at=START + timedelta(minutes=3))}))
        assert [entry.position for entry in rig.entries()] == [16]


def test_a_journal_that_is_not_upgraded_yet_shows_its_end_and_no_entries(tmp_path: Path) -> None:
    path = old_file(tmp_path, 2)
    feed = SqliteRecordFeed(path)
    assert feed.newest_position() > 0
    assert feed.read(after=0, limit=10) == []
    assert feed.read_encoded(after=0, limit=10) == []
    SqliteJournal(path).close()
    assert len(feed.read(after=0, limit=100)) == len(feed.read_encoded(after=0, limit=100)) == 12
    feed.close()


def test_a_journal_of_a_later_program_is_left_alone(tmp_path: Path) -> None:
    path = old_file(tmp_path, 1)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = schema_of(path)
    with pytest.raises(OtherSchemaError):
        SqliteJournal(path)
    assert schema_of(path) == before


_STEPS = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 2]),  # to the next position
        st.sampled_from([1, 1, 1, 3]),  # to the next sequence
        st.sampled_from([0, 0, 0, 1]),  # another uplink
        st.sampled_from([0, 0, 60_000_000]),  # to the next arrival
        st.sampled_from([1, 1_000_000, -5_000_000_000, 5_000_000_000]),  # to the next observation
        st.integers(1, 20),  # records of that kind
        st.sampled_from([b"", b"\n"]),  # behind the record: JSON may end with it
    ),
    max_size=12,
)


@settings(max_examples=12, deadline=None)
@given(_STEPS, st.integers(0, 1), st.integers(0, 1))
def test_whatever_an_old_journal_holds_is_there_as_it_was(
    steps: Sequence[tuple[int, int, int, int, int, int, bytes]], late: int, sets_state: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = old_file(Path(folder), 2)
        connection = sqlite3.connect(path)
        uplink, place, observed_us, sequences = 1, 20, to_us(START) + 10**12, {1: 100, 2: 100}
        received_us = to_us(START)
        for to_position, to_sequence, other, to_arrival, to_observation, count, tail in steps:
            uplink = uplink % 2 + 1 if other else uplink
            received_us += to_arrival
            for _ in range(count):
                place += to_position
                sequences[uplink] += to_sequence
                observed_us += to_observation
                record = encode_record(fill_record(device_id=f"s-{place}", at=from_us(observed_us)))
                connection.execute(
                    "INSERT INTO journal VALUES (?, ?, ?, ?, ?, 'fill', ?, ?, ?, ?)",
                    (
                        place,
                        uplink,
                        sequences[uplink],
                        f"s-{place}",
                        observed_us,
                        received_us,
                        late,
                        sets_state,
                        record + tail,
                    ),
                )
        connection.commit()
        rows = connection.execute("SELECT position, record FROM journal").fetchall()
        connection.close()
        expected = old_entries(path)
        with IngestRig(Path(folder)) as rig:
            assert rig.entries() == expected
            assert isinstance(rig.feed, SqliteRecordFeed)
            assert rig.feed.read_encoded(after=0, limit=1_000) == rows
            for entry in expected[::7]:
                number = rig.journal.load().uplink(GATEWAY, entry.uplink_id.boot_id).number
                found = rig.journal.find(number, entry.uplink_id.sequence)
                assert found is not None
                assert decode_record(found) == entry.record
