"""What every test may ask for, and what no test may leave behind."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.servers import RunningBroker, start_broker


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full-drills", action="store_true", help="run the fault drills at their full length"
    )


@pytest.fixture(autouse=True)
def no_leftovers() -> Iterator[None]:
    """Fail a test that leaves a thread or a child process behind."""
    threads_before = set(threading.enumerate())
    children_before = {child.pid for child in psutil.Process().children()}
    yield
    left = [
        thread
        for thread in threading.enumerate()
        if thread not in threads_before and not thread.daemon
    ]
    for thread in left:
        thread.join(2)
    threads = [thread.name for thread in left if thread.is_alive()]
    processes = [
        " ".join(child.cmdline()[:4])
        for child in psutil.Process().children()
        if child.pid not in children_before and child.status() != psutil.STATUS_ZOMBIE
    ]
    assert not threads, f"left threads behind: {threads}"
    assert not [p for p in processes if p and "resource_tracker" not in p], (
        f"left processes behind: {processes}"
    )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    """A real NATS server with the project's own configuration and users, empty store."""
    running = start_broker(tmp_path / "broker")
    yield running
    running.stop()
