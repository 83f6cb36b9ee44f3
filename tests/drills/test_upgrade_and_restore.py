"""Drills: a release is taken in, and taken back, under load; a backup is restored.

The load goes on all the time. An upgrade may lose nothing; going back loses what came after the
backup, says how much, and keeps it aside.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from huanwei.backup import back_up
from huanwei.restore import restore
from huanwei.run_files import JOURNAL
from ingest.instants import from_us, to_us
from ingest.journal import SqliteJournal
from ingest.ports.journal import SETS_STATE, Round
from storage.sqlite import SqliteFile
from tests.device_load import (
    DeviceLoad,
    Identity,
    accepted,
    assert_nothing_lost_doubled_or_altered,
    entries_of,
    identity_of,
    journalled,
    lost,
    registered_for_load,
)
from tests.drills.conftest import TellFigures
from tests.fakes.ingest_samples import fill_record
from tests.whole_run import WholeRun, small_registry, until
from wire.records import encode_record

pytestmark = [pytest.mark.drill("F25, F29", first=True), pytest.mark.takes_s(30)]

DEVICES = 200
PER_S = 200
OLD_JOURNAL = Path(__file__).parents[1] / "golden" / "journal_1.sql"
LONGEST_RESTORE_S = 300.0
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[WholeRun]:
    registry = registered_for_load(small_registry(DEVICES, webhook_url="http://127.0.0.1:9/none"))
    whole = WholeRun(tmp_path / "run", registry)
    yield whole
    whole.stop()


def test_an_upgrade_under_load_loses_nothing_and_going_back_says_what_it_loses(
    run: WholeRun, tmp_path: Path, figures: TellFigures
) -> None:
    journal = run.settings.run.data / JOURNAL
    log_path = run.settings.edge.acceptance_log
    assert log_path is not None
    old_entries = write_old_journal(journal)
    run.start("broker")
    run.wait_ready("broker")
    run.start("edge")
    run.wait_ready("edge")
    load = DeviceLoad(run, per_s=PER_S, devices=DEVICES)
    load.start()
    try:
        threading.Event().wait(1)
        back_up(run.settings.run, tmp_path / "before", say=lambda _line: None)
        run.start("ingest")  # the new release finds the old file
        run.wait_ready("ingest")
        assert until(lambda: len(journalled(journal)) > 3 * PER_S, within_s=20)
        assert positions_in(journal)[: len(old_entries)] == old_entries

        run.end("ingest")
        came_after = set(journalled(journal)) - {identity for identity, _ in old_entries}
        restored = restore(tmp_path / "before", run.settings.run, say=lambda _line: None)
        assert restored.lost is not None
        assert restored.lost >= len(came_after)
        assert came_after <= set(journalled(restored.aside / JOURNAL))

        run.start("ingest")  # here the old release would start; its file is what it wrote
        run.wait_ready("ingest")
        threading.Event().wait(1)
    finally:
        load.stop()
    # What was accepted is in the journal, or came between backup and restore and lies aside.
    until(lambda: lost(log_path, journal) <= came_after, within_s=60, every_s=0.5)
    missing = lost(log_path, journal) - came_after
    in_journal = journalled(journal)
    doubled = len(in_journal) - len(set(in_journal))
    figures(
        accepted=len(accepted(log_path)),
        came_after_the_backup=len(came_after),
        told_as_lost=restored.lost,
        lost_besides=len(missing),
        doubled=doubled,
    )
    assert not missing
    assert not doubled
    assert set(accepted(log_path)) <= set(in_journal) | came_after


def test_an_upgrade_that_is_killed_goes_on_where_it_stopped(
    run: WholeRun, figures: TellFigures
) -> None:
    journal = run.settings.run.data / JOURNAL
    log_path = run.settings.edge.acceptance_log
    assert log_path is not None
    old_entries = write_old_journal(journal)
    run.start("broker")
    run.wait_ready("broker")
    run.start("edge")
    run.wait_ready("edge")
    load = DeviceLoad(run, per_s=PER_S, devices=DEVICES)
    load.start()
    try:
        for wait_s in (0.35, 0.5, 0.65, 0.8):
            run.start("ingest")
            threading.Event().wait(wait_s)
            run.kill("ingest")
        run.start("ingest")
        run.wait_ready("ingest")
        threading.Event().wait(1)
    finally:
        load.stop()
    assert_nothing_lost_doubled_or_altered(
        load,
        log_path=log_path,
        journal=journal,
        tell=figures,
        besides=[identity for identity, _ in old_entries],
    )
    assert positions_in(journal)[: len(old_entries)] == old_entries
    run.end("ingest")
    SqliteFile(journal).close()  # raises DamagedFileError where quick_check finds anything


def test_a_backup_is_restored_in_time_and_says_what_came_after_it(
    run: WholeRun, tmp_path: Path, pytestconfig: pytest.Config, figures: TellFigures
) -> None:
    rows = 1_000_000 if pytestconfig.getoption("--full-drills") else 20_000
    journal = run.settings.run.data / JOURNAL
    fill_journal(journal, rows)
    manifest = back_up(run.settings.run, tmp_path / "backup", say=lambda _line: None)
    after = fill_journal(journal, 123)
    began_s = time.monotonic()
    restored = restore(tmp_path / "backup", run.settings.run, say=lambda _line: None)
    restored_in_s = time.monotonic() - began_s
    figures(rows=rows, restored_in_s=restored_in_s, told_as_lost=restored.lost or 0)
    assert restored_in_s <= LONGEST_RESTORE_S
    assert manifest.journal_position == rows
    assert restored.lost == 123
    assert sum(1 for _ in entries_of(journal)) == rows
    assert set(after) <= set(journalled(restored.aside / JOURNAL))


def write_old_journal(path: Path) -> list[tuple[Identity, int]]:
    """Write a journal as the first release left it; return identity and position of its entries.

    They are read from its own tables: whoever reads through the feed sees none before the upgrade.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD_JOURNAL.read_text(encoding="utf-8"))
        rows = connection.execute(
            "SELECT device_id, observed_us, kind, position FROM journal ORDER BY position"
        ).fetchall()
    assert rows
    return [((device_id, from_us(us), kind), position) for device_id, us, kind, position in rows]


def positions_in(journal: Path) -> list[tuple[Identity, int]]:
    """Return identity and position of every entry."""
    return [(identity_of(entry), entry.position) for entry in entries_of(journal)]


def fill_journal(journal: Path, count: int) -> list[Identity]:
    """Commit ``count`` more readings of one gateway; return their identities."""
    file = SqliteJournal(journal)
    try:
        known = file.load()
        uplink = known.uplink("gw-one", "00000000000000aa")
        first = uplink.progress.through + 1
        identities: list[Identity] = []
        for begin in range(0, count, 10_000):
            numbers = range(first + begin, first + min(begin + 10_000, count))
            records = [
                fill_record(number % DEVICES, at=BEGAN + number * timedelta(seconds=1))
                for number in numbers
            ]
            round_ = Round(received_at=BEGAN, uplinks={uplink.number: uplink})
            for number, record in zip(numbers, records, strict=True):
                uplink.progress.note(number)
                encoded, observed_us = encode_record(record), to_us(record.observed_at)
                round_.admit(uplink.number, number, encoded, record, observed_us, SETS_STATE)
            file.commit(round_)
            identities += [(r.device_id, r.observed_at, str(r.kind)) for r in records]
    finally:
        file.close()
    return identities
