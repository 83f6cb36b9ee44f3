import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.records import RecordKind
from ingest.history import SqliteHistory
from ingest.metrics import IngestMetrics
from ingest.series import SqliteSeries
from ingest.series_follower import SeriesFollower
from tests.fakes.ingest_samples import (
    emptied_record,
    fill_record,
    sensor_id,
    series_of_records,
    verdicts_record,
)
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import START
from tests.fakes.memory_record_feed import MemoryRecordFeed

MINUTE = timedelta(minutes=1)


@pytest.fixture
def series(tmp_path: Path) -> Iterator[SqliteSeries]:
    series = SqliteSeries(tmp_path / "series.db")
    yield series
    series.close()


def follower(feed: MemoryRecordFeed, series: SqliteSeries) -> SeriesFollower:
    return SeriesFollower(feed=feed, series=series, metrics=IngestMetrics(CollectorRegistry()))


def rows(series: SqliteSeries, table: str) -> int:
    (count,) = series._file.connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  names from this file
    assert isinstance(count, int)
    return count


def test_the_follower_carries_over_what_is_behind_its_cursor(series: SqliteSeries) -> None:
    feed = MemoryRecordFeed()
    follows = follower(feed, series)
    assert follows.step() == 0
    for record in (*series_of_records(5), emptied_record(), verdicts_record()):
        feed.append_record(record)
    assert follows.step() == 7
    assert follows.step() == 0
    assert (rows(series, "fill"), rows(series, "emptied"), rows(series, "verdicts")) == (5, 1, 1)
    assert (series.cursor(), follows.position, follows.backlog) == (7, 7, 0)


def test_the_cursor_and_the_rows_survive_a_restart_together(tmp_path: Path) -> None:
    feed = MemoryRecordFeed()
    for record in series_of_records(3):
        feed.append_record(record)
    for _ in range(2):
        series = SqliteSeries(tmp_path / "series.db")
        follower(feed, series).step()
        assert (series.cursor(), rows(series, "fill")) == (3, 3)
        series.close()
    feed.append_record(fill_record(9 % 4, at=START + 9 * MINUTE))
    series = SqliteSeries(tmp_path / "series.db")
    assert follower(feed, series).step() == 1
    series.close()


def test_repeated_entries_change_nothing(series: SqliteSeries) -> None:
    feed = MemoryRecordFeed()
    entries = [feed.append_record(record) for record in series_of_records(4)]
    series.append(stretch_of(entries))
    series.append(stretch_of(entries))
    assert rows(series, "fill") == 4


def test_an_append_that_fails_moves_no_cursor(series: SqliteSeries) -> None:
    feed = MemoryRecordFeed()
    entry = feed.append_record(fill_record())
    connection = series._file.connection
    connection.execute("ALTER TABLE latest RENAME TO away")
    with pytest.raises(Exception, match="no such table"):
        series.append(stretch_of([entry]))
    assert (series.cursor(), rows(series, "fill"), rows(series, "devices")) == (0, 0, 0)
    connection.execute("ALTER TABLE away RENAME TO latest")
    series.append(stretch_of([entry]))
    assert (series.cursor(), rows(series, "fill")) == (1, 1)


def test_an_older_record_never_becomes_the_latest(tmp_path: Path, series: SqliteSeries) -> None:
    feed = MemoryRecordFeed()
    newest = fill_record(at=START + MINUTE, level=0.9)
    series.append(stretch_of([feed.append_record(newest), feed.append_record(fill_record())]))
    series.append(stretch_of([feed.append_record(fill_record(at=START - MINUTE), late=True)]))
    history = SqliteHistory(tmp_path / "series.db")
    assert history.latest(RecordKind.FILL) == {sensor_id(0): newest}
    history.close()


def test_a_new_journal_is_followed_from_its_beginning(series: SqliteSeries) -> None:
    old = MemoryRecordFeed()
    for record in series_of_records(5):
        old.append_record(record)
    follower(old, series).step()
    new = MemoryRecordFeed()
    new.append_record(fill_record(at=START + 60 * MINUTE))
    assert follower(new, series).step() == 1
    assert (series.cursor(), rows(series, "fill")) == (1, 6)


def test_the_thread_follows_and_ends(series: SqliteSeries) -> None:
    feed = MemoryRecordFeed()
    follows = follower(feed, series)
    feed.append_record(fill_record())
    follows.start()
    _wait_until(lambda: follows.position == 1)
    follows.stop()
    follows.stop()
    assert not follows.failing


def _wait_until(condition: Callable[[], bool]) -> None:
    bell = threading.Event()
    for _ in range(500):
        if condition():
            return
        bell.wait(0.01)
    pytest.fail("did not happen within 5 s")
