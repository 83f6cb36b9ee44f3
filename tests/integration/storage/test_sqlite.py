import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.lock_file import FileInUseError
from storage.sqlite import DamagedFileError, SqliteFile, open_reader

WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from storage.sqlite import SqliteFile

file = SqliteFile(Path(sys.argv[1]))
with file.transaction() as connection:
    connection.execute("CREATE TABLE told (n INTEGER PRIMARY KEY)")
for n in range(1, 1_000_000):
    with file.transaction() as connection:
        connection.execute("INSERT INTO told VALUES (?)", (n,))
    print(n, flush=True)
"""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteFile]:
    file = SqliteFile(tmp_path / "some.db")
    with file.transaction() as connection:
        connection.execute("CREATE TABLE notes (text TEXT NOT NULL UNIQUE)")
    yield file
    file.close()


def notes(file: SqliteFile) -> list[str]:
    return [text for (text,) in file.connection.execute("SELECT text FROM notes ORDER BY rowid")]


def add(file: SqliteFile, *texts: str) -> None:
    with file.transaction() as connection:
        connection.executemany("INSERT INTO notes VALUES (?)", [(text,) for text in texts])


def test_a_file_has_one_writer_until_it_is_closed(file: SqliteFile) -> None:
    with pytest.raises(FileInUseError, match=str(os.getpid())):
        SqliteFile(file.path)
    add(file, "still mine")
    other = SqliteFile(file.path.with_name("other.db"))
    other.close()
    SqliteFile(other.path).close()


def test_an_error_inside_a_transaction_leaves_nothing_of_it(file: SqliteFile) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        add(file, "one", "two", "one")
    assert notes(file) == []
    add(file, "one")
    assert notes(file) == ["one"]


def test_a_full_disk_fails_the_transaction_and_later_ones_go_on(file: SqliteFile) -> None:
    (pages,) = file.connection.execute("PRAGMA page_count").fetchone()
    file.connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        add(file, *(f"{n:0500d}" for n in range(100)))
    assert notes(file) == []
    file.connection.execute("PRAGMA max_page_count = 1000000")
    add(file, "room again")
    assert notes(file) == ["room again"]


def test_a_reader_sees_what_is_committed_and_can_change_nothing(file: SqliteFile) -> None:
    reader = open_reader(file.path)
    add(file, "one")
    assert reader.execute("SELECT text FROM notes").fetchall() == [("one",)]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM notes")
    reader.close()


def test_a_reader_of_no_file_is_refused_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        open_reader(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    path.write_bytes(b"not a database, not at all " * 200)
    for _ in range(2):  # the lock of the failed attempt is free again
        with pytest.raises(DamagedFileError):
            SqliteFile(path)
    assert path.read_bytes() == b"not a database, not at all " * 200


def test_what_was_committed_outlives_a_kill_and_so_does_nobodys_lock(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE_UNTIL_KILLED, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(50)]
    writer.send_signal(signal.SIGKILL)
    told += [int(line) for line in writer.stdout.read().splitlines() if line]
    writer.stdout.close()
    writer.wait()
    file = SqliteFile(path)
    (count,) = file.connection.execute("SELECT count(*) FROM told").fetchone()
    file.close()
    assert count in (len(told), len(told) + 1)  # one may be committed and not yet told
