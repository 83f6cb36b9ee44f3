"""What every test may ask for, and what no test may leave behind."""

import gc
import os
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psutil
import pytest
import structlog

from tests.order import longest_first
from tests.servers import RunningBroker, start_broker

if TYPE_CHECKING:
    from tests.influx_server import RunningInflux
    from tests.postgres_server import RunningPostgres

_SERVERS_OF_THE_RUN: set[int] = set()
"""Process ids of servers that a first test starts and the whole run uses."""


# A busy machine is slow, not wrong: no example fails by the clock. In CI the same examples run
# every time, so that what lands does not depend on luck; new ones are looked for everywhere else.
hypothesis.settings.register_profile(
    "huanwei",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
hypothesis.settings.load_profile("huanwei")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "takes_s(seconds): what a module's tests take in all, where that is long"
    )
    # Tests start hundreds of processes. Where nobody keeps compiled code, each compiles ours anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # The default tracebacks walk every local variable: seconds for one logged exception.
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # Every full round of the garbage collector looks at all that has been imported: a third of the
    # time that collecting takes. What is there afterwards stays for the whole run.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--full-drills"):
        return  # they have an order of their own
    modules = [list(each) for _, each in groupby(items, lambda item: item.nodeid.split("::")[0])]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = longest_first([(_takes_s(each[0]), each) for each in modules], workers=workers)


def _takes_s(item: pytest.Item) -> float:
    marker = item.get_closest_marker("takes_s")
    return 0.0 if marker is None else float(marker.args[0])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full-drills", action="store_true", help="run the fault drills at their full length"
    )


def children() -> set[int]:
    """Return our child processes as the kernel lists them: this is asked twice a test."""
    found: set[int] = set()
    for each in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # a thread may end while it is asked
            found.update(map(int, each.read_text("ascii").split()))
    return found


def running_command(pid: int) -> str:
    """Return the command of a process; nothing where it has ended."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        return " ".join(process.cmdline()[:4])
    except psutil.NoSuchProcess:
        return ""


@pytest.fixture(autouse=True)
def no_leftovers() -> Iterator[None]:
    """Fail a test that leaves a thread or a child process behind."""
    threads_before = set(threading.enumerate())
    children_before = children()
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
        command
        for pid in children() - children_before - _SERVERS_OF_THE_RUN
        if (command := running_command(pid))
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


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RunningInflux]":
    """A real InfluxDB 2 for the whole run, set up; each test makes buckets of its own."""
    # Imported here: most runs of a few tests need neither the server nor its library.
    from tests.influx_server import start_influx  # noqa: PLC0415

    running = start_influx(tmp_path_factory.mktemp("influx"))
    _SERVERS_OF_THE_RUN.add(running.pid)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def postgres() -> "Iterator[RunningPostgres]":
    """A real PostgreSQL for the whole run; each test takes a database of its own."""
    from tests.postgres_server import start_postgres  # noqa: PLC0415  as above

    running = start_postgres()
    _SERVERS_OF_THE_RUN.add(running.pid)
    yield running
    running.remove()


@pytest.fixture
def postgres_url(postgres: "RunningPostgres") -> Iterator[str]:
    """The address of a new database with the tables of this release."""
    url = postgres.fresh_database()
    yield url
    postgres.drop(url)
