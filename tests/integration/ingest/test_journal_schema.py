"""A journal of an older version, built from committed SQL, becomes one of today in one step."""

import sqlite3
from pathlib import Path

import pytest

from ingest.journal import OtherSchemaError, SqliteJournal
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import BOOT, GATEWAY, batch, fill_record, sensor_id
from tests.fakes.manual_clock import START
from wire.acks import Ack

OLD_FILE = Path(__file__).parents[2] / "golden" / "journal_1.sql"


def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    connection = sqlite3.connect(path)
    connection.executescript(OLD_FILE.read_text(encoding="utf-8"))
    connection.close()
    return path


def schema_of(path: Path) -> tuple[int, set[str]]:
    connection = sqlite3.connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    tables = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema") if sql}
    connection.close()
    return version, tables


def test_a_journal_of_schema_1_keeps_all_it_had_and_goes_on(tmp_path: Path) -> None:
    old_file(tmp_path)
    with IngestRig(tmp_path) as rig:
        assert [entry.position for entry in rig.entries()] == [1, 2, 3]
        assert [letter.reason for letter in rig.letters()] == ["unreadable_record", "conflict"]
        known = rig.journal.load()
        assert known.newest.of_device(sensor_id(0)) == START
        acks = rig.receive(batch({3: fill_record(2)}))
        assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=6))]
        assert rig.records()[-1] == fill_record(2)


def test_an_upgraded_journal_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    old_file(tmp_path)
    SqliteJournal(tmp_path / "journal.db").close()
    SqliteJournal(tmp_path / "new.db").close()
    assert schema_of(tmp_path / "journal.db") == schema_of(tmp_path / "new.db")


def test_an_upgrade_that_is_cut_short_leaves_the_old_journal(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE device_hours (in_the_way INTEGER)")
    connection.close()
    before = schema_of(path)
    with pytest.raises(sqlite3.OperationalError):
        SqliteJournal(path)
    assert schema_of(path) == before
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE device_hours")
    connection.close()
    SqliteJournal(path).close()


def test_a_journal_of_a_later_program_is_left_alone(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = schema_of(path)
    with pytest.raises(OtherSchemaError):
        SqliteJournal(path)
    assert schema_of(path) == before
