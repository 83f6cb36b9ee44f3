"""Files of released versions are taken, and their work goes on."""

import sqlite3
from pathlib import Path

import pytest

from alerts.case_database import SqliteCases
from alerts.outbox import MessageState
from domain.cases import CaseState
from tests.fakes.alerts_rig import open_alerts_rig

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.mark.parametrize("released", ["cases_1.sql", "cases_2.sql"])
def test_the_cases_of_a_released_version_go_on(tmp_path: Path, released: str) -> None:
    path = tmp_path / "cases.db"
    connection = sqlite3.connect(path)
    connection.executescript((GOLDEN / released).read_text(encoding="utf-8"))
    connection.close()
    with open_alerts_rig(SqliteCases(path)) as rig:
        assert rig.store.store_id == "0123456789abcdef"
        (ended,) = rig.book.ended_cases()
        assert (ended.number, ended.state) == ("20260303-0001", CaseState.CLOSED)
        going_on = rig.the_case()
        assert (going_on.number, going_on.state) == ("20260303-0002", CaseState.DISPATCHED)
        before = rig.book.newest_change()
        rig.deliver()
        states = {message.state for message in rig.book.messages(going_on.case_id)}
        assert states == {MessageState.DELIVERED}
        rig.clock.advance(hours=1)
        rig.evaluate()
        finished = rig.finish(rig.the_case())
        assert finished.photo_doubts == 0
        assert rig.book.photo_doubts(finished.case_id) == []
        assert next(change.position for change in rig.book.changes(before)) == before + 1
