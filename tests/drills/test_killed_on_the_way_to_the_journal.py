"""Drill: edge, broker and ingest are killed at random under load; nothing accepted is lost.

The oracle is the gateway's acceptance log, written after the spool's commit: every record in it
must stand in the journal exactly once, or among the dead letters with a reason.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from huanwei.run_files import JOURNAL
from tests.device_load import (
    DeviceLoad,
    assert_nothing_lost_doubled_or_altered,
    journalled,
    registered_for_load,
)
from tests.drills.conftest import TellFigures
from tests.whole_run import WholeRun, small_registry

pytestmark = [pytest.mark.drill("F1-F3"), pytest.mark.takes_s(20)]

DEVICES = 400
SEED = 20260302


@pytest.fixture
def run(tmp_path: Path) -> Iterator[WholeRun]:
    registry = registered_for_load(small_registry(DEVICES, webhook_url="http://127.0.0.1:9/none"))
    whole = WholeRun(tmp_path / "run", registry)
    yield whole
    whole.stop()


def test_no_accepted_record_is_lost_or_doubled_when_processes_are_killed(
    run: WholeRun, pytestconfig: pytest.Config, figures: TellFigures
) -> None:
    kills = 50 if pytestconfig.getoption("--full-drills") else 8
    rng = random.Random(SEED)
    run.start("broker")
    run.wait_ready("broker")
    run.start("edge", "ingest")
    run.wait_ready("edge", "ingest")
    load = DeviceLoad(run, per_s=400, devices=DEVICES)
    load.start()
    killed: Counter[str] = Counter()
    try:
        for _ in range(kills):
            threading.Event().wait(rng.uniform(0.3, 1.2))
            victim = rng.choice(["edge", "broker", "ingest"])
            killed[victim] += 1
            run.kill(victim)
            run.start(victim)
        restarted_s = time.monotonic()
    finally:
        load.stop()
    run.wait_ready("broker", "edge", "ingest")
    ready_after_s = time.monotonic() - restarted_s

    journal = run.settings.run.data / JOURNAL
    log_path = run.settings.edge.acceptance_log
    assert log_path is not None
    figures(**{f"kills of {victim}": times for victim, times in sorted(killed.items())})
    figures(ready_after_the_last_s=ready_after_s)
    assert_nothing_lost_doubled_or_altered(load, log_path=log_path, journal=journal, tell=figures)
    assert len(load.sent) > 200
    assert len(journalled(journal)) > 200
