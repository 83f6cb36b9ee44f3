"""Drill: somebody else holds the write locks of the databases under load, and one reads for long.

As a backup tool does, or a person with a database browser. Readings wait in the gateway, what is
only read goes on, and afterwards nothing is missing.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from huanwei.run_files import CASES, JOURNAL, SERIES
from ingest.record_feed import SqliteRecordFeed
from storage.sqlite import SqliteFile
from tests.device_load import (
    DeviceLoad,
    assert_nothing_lost_doubled_or_altered,
    registered_for_load,
)
from tests.drills.conftest import TellFigures
from tests.whole_run import WholeRun, small_registry, until

pytestmark = [pytest.mark.drill("F25", first=True), pytest.mark.takes_s(20)]

DEVICES = 100
PER_S = 100
READ = ("/api/v1/cases", "/api/v1/places", "/api/v1/devices")
MOST_FAILED = 0.01
MOST_BACK_S = 5.0


@pytest.fixture
def run(tmp_path: Path) -> Iterator[WholeRun]:
    registry = registered_for_load(small_registry(DEVICES, webhook_url="http://127.0.0.1:9/none"))
    whole = WholeRun(tmp_path / "run", registry)
    whole.start("broker")
    whole.wait_ready("broker")
    whole.start("edge", "ingest", "centre")
    whole.wait_ready("edge", "ingest", "centre", within_s=40)
    yield whole
    whole.stop()


@contextmanager
def somebody(paths: Sequence[Path], *statements: str) -> Iterator[None]:
    """Let another connection to each file begin a transaction, and leave it open meanwhile."""
    connections = [sqlite3.connect(path, isolation_level=None, timeout=30) for path in paths]
    try:
        for connection in connections:
            for statement in statements:
                connection.execute(statement).fetchall()
        yield
    finally:
        for connection in connections:
            connection.rollback()
            connection.close()


class Reader:
    """Somebody who looks at the pages' data ten times a second."""

    def __init__(self, url: str) -> None:
        self.statuses: list[int] = []
        self.slowest_s = 0.0
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="reader")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            while not self._stop.wait(0.1):
                for path in READ:
                    began_s = time.monotonic()
                    self.statuses.append(client.get(path).status_code)
                    self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)


def test_locked_databases_hold_up_no_reading_of_pages_and_lose_nothing(
    run: WholeRun, pytestconfig: pytest.Config, figures: TellFigures
) -> None:
    locked_s = 10.0 if pytestconfig.getoption("--full-drills") else 6.5
    journal = run.settings.run.data / JOURNAL
    files = [run.settings.run.data / name for name in (JOURNAL, SERIES, CASES)]
    load, reader = DeviceLoad(run, per_s=PER_S, devices=DEVICES), Reader(run.console_url)
    load.start()
    reader.start()
    try:
        with closing(SqliteRecordFeed(journal)) as feed:
            assert until(lambda: feed.newest_position() > PER_S, within_s=20)
            with somebody(files, "BEGIN", "SELECT count(*) FROM sqlite_master"):  # the long reader
                with somebody(files, "BEGIN IMMEDIATE"):
                    before = feed.newest_position()
                    threading.Event().wait(locked_s)
                    assert feed.newest_position() == before  # or the lock was none
                freed_s = time.monotonic()
                assert until(lambda: feed.newest_position() > before, within_s=20, every_s=0.01)
                back_after_s = time.monotonic() - freed_s
                assert until(lambda: not run.problems_of("ingest"), within_s=20)
    finally:
        reader.stop()
        load.stop()
    failed = sum(status >= 500 for status in reader.statuses)
    log_path = run.settings.edge.acceptance_log
    assert log_path is not None
    figures(
        locked_s=locked_s,
        back_after_s=back_after_s,
        pages_read=len(reader.statuses),
        failed=failed,
        slowest_read_s=reader.slowest_s,
    )
    assert_nothing_lost_doubled_or_altered(load, log_path=log_path, journal=journal, tell=figures)
    assert set(reader.statuses) <= {200, *range(500, 600)}
    assert failed <= MOST_FAILED * len(reader.statuses)
    assert back_after_s <= MOST_BACK_S
    assert run.log_of("ingest").count("journal_failing") == 1
    for name in ("edge", "ingest", "centre"):
        run.end(name)
    for path in files:
        SqliteFile(path).close()  # raises DamagedFileError where quick_check finds anything
