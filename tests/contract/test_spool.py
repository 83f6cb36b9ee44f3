"""What every spool of records promises, over the fake and the real one."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from gateway.errors import SpoolFailedError, SpoolFullError
from gateway.spool import Spool, SpoolLimits
from gateway.spool_file import SpoolFile
from gateway.sqlite_spool import SqliteSpool
from storage.lock_file import FileInUseError
from tests.fakes.memory_spool import MemorySpool

pytestmark = pytest.mark.takes_s(5)

MakeSpool = Callable[[SpoolLimits], Spool]
NO_NOTES: Mapping[str, bytes] = {}


@pytest.fixture(params=["memory", "sqlite"])
def make_spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeSpool]:
    with ExitStack() as stack:

        def make(limits: SpoolLimits) -> Spool:
            if request.param == "memory":
                return MemorySpool(limits)
            file = SpoolFile(tmp_path / "spool.db")
            stack.callback(file.close)
            return SqliteSpool(file, limits)

        yield make


@pytest.fixture
def spool(make_spool: MakeSpool) -> Spool:
    return make_spool(SpoolLimits(records=10, record_bytes=100))


def held(spool: Spool) -> list[tuple[int, bytes]]:
    found = spool.peek(first=1, last=2**62, most_records=1_000, most_bytes=10**9)
    return [(record.sequence, record.body) for record in found]


def test_an_empty_spool_holds_nothing(spool: Spool) -> None:
    extent = spool.extent()
    assert (extent.oldest, extent.newest, extent.records, extent.body_bytes) == (1, 0, 0, 0)
    assert held(spool) == []
    assert len(spool.boot_id) == 16


def test_sequences_rise_by_one_and_keep_the_order(spool: Spool) -> None:
    assert spool.append([b"a", b"b"], notes=NO_NOTES) == range(1, 3)
    assert spool.append([b"c"], notes=NO_NOTES) == range(3, 4)
    assert held(spool) == [(1, b"a"), (2, b"b"), (3, b"c")]


def test_a_sequence_is_not_given_again_after_everything_is_confirmed(spool: Spool) -> None:
    spool.append([b"a", b"b"], notes=NO_NOTES)
    assert spool.confirm(through=2, missing=()) == 2
    extent = spool.extent()
    assert (extent.oldest, extent.newest, extent.records) == (3, 2, 0)
    assert spool.append([b"c"], notes=NO_NOTES) == range(3, 4)


def test_what_ingest_misses_stays(spool: Spool) -> None:
    spool.append([b"a", b"b", b"c", b"d", b"e"], notes=NO_NOTES)
    assert spool.confirm(through=4, missing=[(2, 2), (4, 4)]) == 2
    assert [sequence for sequence, _ in held(spool)] == [2, 4, 5]
    assert spool.extent().oldest == 2


def test_missing_ranges_that_reach_beyond_what_is_held_free_nothing_else(spool: Spool) -> None:
    spool.append([b"a", b"b", b"c"], notes=NO_NOTES)
    assert spool.confirm(through=3, missing=[(1, 1), (3, 9)]) == 1
    assert [sequence for sequence, _ in held(spool)] == [1, 3]


def test_confirming_twice_changes_nothing(spool: Spool) -> None:
    spool.append([b"a", b"b"], notes=NO_NOTES)
    assert spool.confirm(through=1, missing=()) == 1
    assert spool.confirm(through=1, missing=()) == 0
    assert held(spool) == [(2, b"b")]


def test_a_full_spool_refuses_all_of_an_append_and_takes_it_when_there_is_room(
    spool: Spool,
) -> None:
    spool.append([b"x"] * 9, notes=NO_NOTES)
    with pytest.raises(SpoolFullError):
        spool.append([b"y", b"z"], notes={"k": b"refused"})
    assert spool.extent().records == 9
    assert spool.notes() == {}
    spool.confirm(through=1, missing=())
    assert spool.append([b"y", b"z"], notes=NO_NOTES) == range(10, 12)


def test_the_limit_of_bytes_counts_too(spool: Spool) -> None:
    spool.append([b"x" * 60], notes=NO_NOTES)
    with pytest.raises(SpoolFullError):
        spool.append([b"y" * 41], notes=NO_NOTES)
    spool.append([b"y" * 40], notes=NO_NOTES)
    assert spool.extent().body_bytes == 100


def test_peek_keeps_within_records_and_bytes_but_gives_at_least_one(spool: Spool) -> None:
    spool.append([b"x" * 20] * 4, notes=NO_NOTES)

    def peek(most_records: int, most_bytes: int) -> Sequence[int]:
        found = spool.peek(first=2, last=4, most_records=most_records, most_bytes=most_bytes)
        return [record.sequence for record in found]

    assert peek(2, 1_000) == [2, 3]
    assert peek(9, 45) == [2, 3]
    assert peek(9, 1) == [2]
    assert peek(9, 1_000) == [2, 3, 4]


def test_the_newest_note_of_a_key_is_kept(spool: Spool) -> None:
    spool.append([b"a"], notes={"k": b"old", "other": b"x"})
    spool.append([], notes={"k": b"new"})
    assert spool.notes() == {"k": b"new", "other": b"x"}


def test_a_second_process_cannot_open_the_file(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path / "spool.db")
    with pytest.raises(FileInUseError):
        SpoolFile(tmp_path / "spool.db")
    file.close()


def test_every_file_has_a_boot_id_of_its_own(tmp_path: Path) -> None:
    files = [SpoolFile(tmp_path / name) for name in ("one.db", "two.db")]
    for file in files:
        file.close()
    assert files[0].boot_id != files[1].boot_id


def test_a_full_disk_refuses_and_keeps_what_was_accepted(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path / "spool.db")
    spool = SqliteSpool(file)
    spool.append([b"kept"], notes=NO_NOTES)
    with file.transaction() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SpoolFullError):
        spool.append([b"x" * 100_000], notes={"k": b"v"})
    assert held(spool) == [(1, b"kept")]
    with file.transaction() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert spool.append([b"y" * 100_000], notes=NO_NOTES) == range(2, 3)
    file.close()


def test_a_file_that_fails_is_not_trusted_any_more(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path / "spool.db")
    spool = SqliteSpool(file)
    with file.transaction() as connection:
        connection.execute("DROP TABLE record")
    with pytest.raises(SpoolFailedError):
        spool.append([b"a"], notes=NO_NOTES)
    file.close()


class SpoolMachine(RuleBasedStateMachine):
    """The real spool beside a model: a crash leaves what was committed and nothing else."""

    batches = Bundle("batches")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="spool-"))
        self.limits = SpoolLimits(records=12, record_bytes=10**9)
        self.model: dict[int, bytes] = {}
        self.notes: dict[str, bytes] = {}
        self.given = 0
        self.crashes = 0

    @initialize()
    def open_first(self) -> None:
        self._open()
        self.boot_id = self.spool.boot_id

    @rule(bodies=st.lists(st.binary(max_size=8), max_size=5), note=st.binary(max_size=3))
    def append(self, bodies: list[bytes], note: bytes) -> None:
        if len(self.model) + len(bodies) > self.limits.records:
            with pytest.raises(SpoolFullError):
                self.spool.append(bodies, notes={"note": note})
            return
        given = self.spool.append(bodies, notes={"note": note})
        assert given == range(self.given + 1, self.given + 1 + len(bodies))
        self.model.update(zip(given, bodies, strict=True))
        self.notes = {"note": note}
        self.given = given.stop - 1

    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        through = data.draw(st.integers(0, self.given))
        edges = sorted(data.draw(st.sets(st.integers(1, max(through, 1)), max_size=4)))
        missing = list(zip(edges[::2], edges[1::2], strict=False)) if through else []
        gone = {
            sequence
            for sequence in self.model
            if sequence <= through and not any(a <= sequence <= b for a, b in missing)
        }
        assert self.spool.confirm(through=through, missing=missing) == len(gone)
        for sequence in gone:
            del self.model[sequence]

    @rule()
    def crash_and_open_again(self) -> None:
        # What a killed process leaves: the files as they are on disk, WAL included, lock gone.
        left_behind = [self.path, self.path.with_name("spool.db-wal")]
        self.crashes += 1
        self.path.parent.mkdir()
        for path in left_behind:
            shutil.copy(path, self.path.parent)
        self.file.close()
        self._open()

    @rule(bodies=st.lists(st.binary(max_size=8), min_size=1, max_size=3))
    def crash_before_the_commit(self, bodies: list[bytes]) -> None:
        def run() -> None:
            with self.file.transaction() as connection:
                rows = [(self.given + 1 + n, body) for n, body in enumerate(bodies)]
                connection.executemany("INSERT INTO record VALUES (?, ?)", rows)
                raise sqlite3.OperationalError

        with pytest.raises(SpoolFailedError):
            run()
        self.crash_and_open_again()

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        if not hasattr(self, "spool"):
            return
        assert held(self.spool) == sorted(self.model.items())
        assert self.spool.notes() == self.notes
        extent = self.spool.extent()
        assert extent.newest == self.given
        assert extent.oldest == min(self.model, default=self.given + 1)
        assert extent.records == len(self.model)
        assert extent.body_bytes == sum(map(len, self.model.values()))
        assert self.spool.boot_id == self.boot_id

    def teardown(self) -> None:
        if hasattr(self, "file"):
            self.file.close()
        shutil.rmtree(self.folder)

    @property
    def path(self) -> Path:
        return self.folder / f"{self.crashes}" / "spool.db"

    def _open(self) -> None:
        self.file = SpoolFile(self.path)
        self.spool = SqliteSpool(self.file, self.limits)


SpoolMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestSpoolAgainstItsModel = SpoolMachine.TestCase
