"""What the tests of the alerts part ask for: each over a file and over PostgreSQL."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alerts.case_database import CaseDatabase, SqliteCases
from alerts.postgres_store import PostgresCases
from tests.fakes.alerts_rig import AlertsRig, open_alerts_rig

if TYPE_CHECKING:
    from tests.postgres_server import RunningPostgres

NewCases = Callable[[], CaseDatabase]


@pytest.fixture(params=["sqlite", "postgres"])
def new_cases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewCases]:
    """Cases without anything in them; those of the call before are gone or set aside."""
    if request.param == "sqlite":
        number = itertools.count(1)
        yield lambda: SqliteCases(tmp_path / f"cases-{next(number)}.db")
        return
    server: RunningPostgres = request.getfixturevalue("postgres")
    yield lambda: PostgresCases(server.emptied_database())


@pytest.fixture
def rig(new_cases: NewCases) -> Iterator[AlertsRig]:
    """The alerts part over cases of its own."""
    with open_alerts_rig(new_cases()) as opened:
        yield opened
