from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.retention import Retention
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import batch, fill_record

JOURNAL_KEPT = timedelta(days=14)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[IngestRig]:
    with IngestRig(tmp_path) as rig:
        for sequence in (1, 2, 3):
            rig.receive(batch({sequence: fill_record(at=rig.clock.now())}))
            rig.clock.advance(minutes=1)
        yield rig


def retention(rig: IngestRig, **cursors: Callable[[], int]) -> Retention:
    return Retention(journal=rig.journal, cursors=cursors, metrics=rig.metrics, kept=JOURNAL_KEPT)


def test_fourteen_days_are_kept(rig: IngestRig) -> None:
    keeper = retention(rig, series=lambda: 3)
    assert keeper.step(rig.clock.now() + JOURNAL_KEPT - timedelta(minutes=3)) == 0
    assert keeper.step(rig.clock.now() + JOURNAL_KEPT - timedelta(minutes=1, seconds=30)) == 2
    assert [entry.position for entry in rig.entries()] == [3]
    assert rig.counted("journal_trimmed_total") == 2


def test_nothing_goes_that_the_slowest_reader_has_not_read(rig: IngestRig) -> None:
    long_after = rig.clock.now() + timedelta(days=100)
    assert retention(rig, series=lambda: 3, alerts=lambda: 0).step(long_after) == 0
    assert retention(rig, series=lambda: 3, alerts=lambda: 1).step(long_after) == 1
    assert [entry.position for entry in rig.entries()] == [2, 3]


def test_a_cursor_that_cannot_be_read_keeps_everything(rig: IngestRig) -> None:
    def unreadable() -> int:
        msg = "cases.db is not there"
        raise OSError(msg)

    keeper = retention(rig, series=lambda: 3, alerts=unreadable)
    assert keeper.step(rig.clock.now() + timedelta(days=100)) == 0
    assert rig.counted("unread_cursors_total") == 1
    assert len(rig.entries()) == 3
