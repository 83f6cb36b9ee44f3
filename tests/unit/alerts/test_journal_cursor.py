from pathlib import Path

import pytest
from sqlalchemy import insert, update

from alerts.journal_cursor import CURSOR, journal_position
from alerts.schema import METADATA, cursors
from storage.sql_engine import writing_engine
from storage.sqlite import SqliteFile


def test_alerts_that_have_not_begun_have_read_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cases.db"
    assert journal_position(path) == 0
    file = SqliteFile(path)
    assert journal_position(path) == 0
    METADATA.create_all(writing_engine(file))
    assert journal_position(path) == 0
    file.close()


def test_the_position_is_what_was_committed_last(tmp_path: Path) -> None:
    path = tmp_path / "cases.db"
    file = SqliteFile(path)
    engine = writing_engine(file)
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(cursors).values(name=CURSOR, position=7))
    assert journal_position(path) == 7
    with engine.begin() as connection:
        connection.execute(update(cursors).values(position=9))
        assert journal_position(path) == 7
    assert journal_position(path) == 9
    file.close()


def test_a_file_that_is_none_of_ours_is_an_error_not_a_position(tmp_path: Path) -> None:
    path = tmp_path / "cases.db"
    path.write_bytes(b"garbage" * 200)
    with pytest.raises(Exception, match="not a database"):
        journal_position(path)
