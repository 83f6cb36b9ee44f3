"""What a drill tells of itself, and the order and the time of a full run."""

import os
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
import structlog

from tests.benchmarks.surroundings import machine, versions

_MOST_S = 1800
"""Nothing takes so long: a drill that does hangs, and the next ones are to run."""


class TellFigures(Protocol):
    """Keeps figures of the drill that runs, by name, for the log and for ``--junit-xml``."""

    def __call__(self, **figures: float | str | Sequence[float]) -> None:
        """Tell figures; names end in their unit (``_s``, ``_mb``)."""
        ...


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "drill(faults, first=False): the faults it is about, and whether it comes first"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    drills = {item: _drill(item) for item in items if Path(__file__).parent in item.path.parents}
    for item, drill in drills.items():
        item.user_properties.append(("faults", str(drill.args[0])))
    if config.getoption("--full-drills"):
        for item in drills:
            item.add_marker(pytest.mark.timeout(_MOST_S))
        items.sort(key=lambda item: item not in drills or not drills[item].kwargs.get("first"))


def _drill(item: pytest.Item) -> pytest.Mark:
    marker = item.get_closest_marker("drill")
    assert marker is not None, f"{item.nodeid} does not say what faults it is about"
    return marker


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> TellFigures:
    log = structlog.get_logger()  # pytest -s shows it

    def tell(**figures: float | str | Sequence[float]) -> None:
        log.info("figures", **figures)
        for name, value in figures.items():
            record_property(name, _shown(value))

    return tell


def _shown(value: float | str | Sequence[float]) -> str:
    match value:
        case str():
            return value
        case int():
            return f"{value:,}"
        case float():
            return f"{value + 0.0:,.1f}"  # no "-0.0"
        case _:
            return ", ".join(map(_shown, value))


@pytest.fixture(scope="session", autouse=True)
def surroundings(
    request: pytest.FixtureRequest, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """Keep with the figures where they come from."""
    if not request.config.getoption("--full-drills"):
        return
    record_testsuite_property("commit", _commit())
    record_testsuite_property("began", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    record_testsuite_property("machine", machine().rsplit(", ", 1)[0])  # not its kernel
    record_testsuite_property("versions", versions())
    record_testsuite_property("load", f"{os.getloadavg()[0]:.1f}")


def _commit() -> str:
    """Return the commit that is tested, and whether files differ from it."""
    said = subprocess.run(
        ("git", "describe", "--always", "--dirty"), capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"
