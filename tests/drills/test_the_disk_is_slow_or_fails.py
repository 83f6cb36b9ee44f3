"""Drills: the disk under ingest or the gateway takes 200 ms for each sync, or fails it.

``strace`` stands in for the bad disk: it delays or fails ``fdatasync`` in the running process.
"""

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from huanwei.run_files import JOURNAL
from ingest.record_feed import SqliteRecordFeed
from storage.sqlite import SqliteFile
from tests.device_load import (
    DeviceLoad,
    assert_nothing_lost_doubled_or_altered,
    registered_for_load,
)
from tests.drills.conftest import TellFigures
from tests.servers import skip_without
from tests.whole_run import WholeRun, small_registry, until

pytestmark = [pytest.mark.drill("F10", first=True), pytest.mark.takes_s(35)]

DEVICES = 400
PER_S = 400
LEAST_PER_S = 200
SLOW = "delay_enter=200000"
FAILING = "error=EIO"


@contextmanager
def bad_disk(pid: int, how: str, log: Path) -> Iterator[None]:
    """Let every ``fdatasync`` and ``fsync`` of a process be slow or fail."""
    strace = shutil.which("strace")
    skip_without("strace", strace)
    assert strace is not None
    calls = "fdatasync,fsync"
    command = [strace, "-f", "-qq", "-e", f"trace={calls}", "-e", f"inject={calls}:{how}"]
    with log.open("wb") as lines:
        tracer = subprocess.Popen(
            [*command, "-p", str(pid)], stdout=lines, stderr=lines, start_new_session=True
        )
    try:
        traced = until(lambda: is_traced(pid) or tracer.poll() is not None, within_s=10)
        said = log.read_text("utf-8", "replace")
        if "not permitted" in said:
            pytest.skip(f"this machine lets nobody trace: {said}")
        assert traced, said
        assert tracer.poll() is None, said
        yield
    finally:
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(10)


def is_traced(pid: int) -> bool:
    """Whether every thread of the process has a tracer."""
    states = [path.read_text("ascii") for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return bool(states) and all("TracerPid:\t0\n" not in state for state in states)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[WholeRun]:
    registry = registered_for_load(small_registry(DEVICES, webhook_url="http://127.0.0.1:9/none"))
    whole = WholeRun(tmp_path / "run", registry)
    whole.start("broker")
    whole.wait_ready("broker")
    whole.start("edge", "ingest")
    whole.wait_ready("edge", "ingest")
    yield whole
    whole.stop()


@pytest.mark.parametrize("slow", ["ingest", "edge"])
def test_a_slow_disk_slows_no_more_than_the_commits_share(
    run: WholeRun,
    tmp_path: Path,
    slow: str,
    pytestconfig: pytest.Config,
    figures: TellFigures,
) -> None:
    for_s = 30.0 if pytestconfig.getoption("--full-drills") else 3.0
    journal = run.settings.run.data / JOURNAL
    feed = SqliteRecordFeed(journal)
    load = DeviceLoad(run, per_s=PER_S, devices=DEVICES)
    load.start()
    try:
        assert until(lambda: feed.newest_position() > PER_S, within_s=20)
        with bad_disk(run.pid_of(slow), SLOW, tmp_path / "strace.log"):
            threading.Event().wait(1)
            began_s, before = time.monotonic(), feed.newest_position()
            threading.Event().wait(for_s)
            per_s = (feed.newest_position() - before) / (time.monotonic() - began_s)
    finally:
        load.stop()
        feed.close()
    figures(for_s=for_s, committed_per_s=per_s)
    assert per_s >= LEAST_PER_S
    check(run, load, figures)


@pytest.mark.parametrize("failing", ["ingest", "edge"])
def test_a_disk_that_fails_a_sync_ends_the_process_and_nothing_is_accepted_falsely(
    run: WholeRun, tmp_path: Path, failing: str, figures: TellFigures
) -> None:
    load = DeviceLoad(run, per_s=PER_S, devices=DEVICES)
    load.start()
    try:
        threading.Event().wait(1)
        with bad_disk(run.pid_of(failing), FAILING, tmp_path / "strace.log"):
            assert run.exit_code_of(failing, within_s=20) == 1
        run.start(failing)
        run.wait_ready(failing)
        threading.Event().wait(1)
    finally:
        load.stop()
    assert "disk I/O error" in run.log_of(failing)
    check(run, load, figures)


def check(run: WholeRun, load: DeviceLoad, figures: TellFigures) -> None:
    """Hold the journal against what was accepted, and SQLite's own check against the files."""
    log_path = run.settings.edge.acceptance_log
    assert log_path is not None
    journal = run.settings.run.data / JOURNAL
    assert_nothing_lost_doubled_or_altered(load, log_path=log_path, journal=journal, tell=figures)
    run.end("edge")
    run.end("ingest")
    for path in run.settings.run.data.glob("**/*.db"):
        SqliteFile(path).close()  # raises DamagedFileError where quick_check finds anything
