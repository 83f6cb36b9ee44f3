"""Drill: ingest is away under load, with the broker's default limits; then it catches up.

Nothing waits in the broker: the gateway's spool keeps what is not acknowledged.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from huanwei.run_files import JOURNAL
from ingest.record_feed import SqliteRecordFeed
from tests.device_load import (
    DeviceLoad,
    assert_nothing_lost_doubled_or_altered,
    registered_for_load,
)
from tests.drills.conftest import TellFigures
from tests.whole_run import WholeRun, small_registry, until

pytestmark = [pytest.mark.drill("F5", first=True), pytest.mark.takes_s(15)]

DEVICES = 200
PER_S = 200
LEAST_DRAIN = 5
"""So many times the rate of the load must the backlog come in."""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[WholeRun]:
    registry = registered_for_load(small_registry(DEVICES, webhook_url="http://127.0.0.1:9/none"))
    whole = WholeRun(tmp_path / "run", registry)
    yield whole
    whole.stop()


def test_what_came_while_ingest_was_away_is_there_soon_after(
    run: WholeRun, pytestconfig: pytest.Config, figures: TellFigures
) -> None:
    away_s = 600.0 if pytestconfig.getoption("--full-drills") else 8.0
    run.start("broker")
    run.wait_ready("broker")
    run.start("edge", "ingest")
    run.wait_ready("edge", "ingest")
    journal = run.settings.run.data / JOURNAL
    log_path = run.settings.edge.acceptance_log
    assert log_path is not None
    feed = SqliteRecordFeed(journal)
    load = DeviceLoad(run, per_s=PER_S, devices=DEVICES)
    load.start()
    try:
        assert until(lambda: feed.newest_position() > PER_S, within_s=20)
        run.end("ingest")
        before = feed.newest_position()
        threading.Event().wait(away_s)
        backlog = len(load.sent) - before
        most_s = 20 + backlog / PER_S
        started_s = time.monotonic()
        run.start("ingest")
        assert until(lambda: feed.newest_position() > before, within_s=20, every_s=0.01)
        began_s = time.monotonic()
        end = before + backlog
        assert until(lambda: feed.newest_position() >= end, within_s=most_s, every_s=0.01)
        drained_in_s = time.monotonic() - began_s
    finally:
        load.stop()
        feed.close()
    drained_per_s = backlog / max(drained_in_s, 0.01)
    figures(
        away_s=away_s,
        backlog=backlog,
        back_after_s=began_s - started_s,
        drained_per_s=drained_per_s,
        times_the_load=drained_per_s * away_s / backlog,
    )
    assert backlog > 0.7 * away_s * PER_S
    assert drained_per_s >= LEAST_DRAIN * PER_S
    assert_nothing_lost_doubled_or_altered(load, log_path=log_path, journal=journal, tell=figures)
