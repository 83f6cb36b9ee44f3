"""The journal in SQLite keeps, refuses and hands on what the plain model in memory does."""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from prometheus_client import CollectorRegistry

from domain.records import Record
from ingest.fresh_records import FreshRecords
from ingest.inbox import Arrival
from ingest.instants import to_us
from ingest.metrics import IngestMetrics
from ingest.picture_intake import PictureIntake
from ingest.ports.journal import Journal
from ingest.rounds import Rounds
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import (
    BOOT,
    GATEWAY,
    OTHER_BOOT,
    OTHER_GATEWAY,
    batch,
    emptied_record,
    fill_record,
)
from tests.fakes.manual_clock import START
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.memory_pictures import MemoryPictures

BOOTS = [BOOT, OTHER_BOOT, "00000000000000cc"]
MINUTE = timedelta(minutes=1)

_Kind = Callable[..., Record]
_Item = tuple[int, int, float, _Kind, int]

# Few sensors, times and ids, so that records collide in every way there is.
_ITEM = st.tuples(
    st.sampled_from([0, 1, 4]),  # sensor; 4 is at the other gateway
    st.integers(0, 5) | st.sampled_from([300, 5_000]),  # minutes ago
    st.sampled_from([0.1, 0.1, 0.9]),
    st.sampled_from([fill_record, fill_record, emptied_record]),
    st.sampled_from([0, 0, 3]),  # seconds until the gateway saw it
)
_BATCH = st.tuples(
    st.sampled_from([GATEWAY, GATEWAY, OTHER_GATEWAY]),
    st.sampled_from(BOOTS),
    st.integers(1, 12),
    st.lists(_ITEM, min_size=1, max_size=6),
    st.sampled_from([1, 1, 1, 2]),  # step of the sequence
)


def _record(sensor: int, minutes: int, level: float, kind: _Kind, seen_s: int) -> Record:
    at = START - minutes * MINUTE
    if kind is emptied_record:
        return emptied_record(sensor, at=at)
    return fill_record(sensor, at=at, level=level, gateway_at=at + timedelta(seconds=seen_s))


class JournalAndModel(RuleBasedStateMachine):
    """Both take the same rounds."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.rig = IngestRig(Path(self.folder.name))
        self.model = MemoryJournal()
        self.fresh = FreshRecords()
        self.ends = [0]
        self.restart()

    @rule()
    def restart(self) -> None:
        self.rig.reopen()
        self.ours = self._rounds(self.rig.journal, self.rig.metrics, self.fresh)
        self.models = self._rounds(self.model, IngestMetrics(CollectorRegistry()))

    def _rounds(self, journal: Journal, metrics: IngestMetrics, *fresh: FreshRecords) -> Rounds:
        return Rounds(
            journal=journal,
            pictures=PictureIntake(MemoryPictures()),
            registry=self.rig.registry,
            clock=self.rig.clock,
            metrics=metrics,
            fresh=fresh,
        )

    @rule(batches=st.lists(_BATCH, min_size=1, max_size=4), times=st.sampled_from([1, 1, 2]))
    def receive(
        self,
        batches: list[tuple[str, str, int, list[_Item], int]],
        times: int,
    ) -> None:
        arrivals = [
            Arrival(
                gateway_id,
                batch(
                    {first + place * step: _record(*item) for place, item in enumerate(items)},
                    gateway_id=gateway_id,
                    boot_id=boot_id,
                ),
            )
            for gateway_id, boot_id, first, items, step in batches
        ]
        behind = self.rig.journal.newest_position()
        arrivals *= times
        assert self.ours.run(arrivals) == self.models.run(arrivals)
        self.ends.append(self.rig.journal.newest_position())
        handed = self.fresh.take(after=behind, most=1_000)
        stored = self.rig.feed.read(after=behind, limit=1_000)
        assert handed.observed_us == [to_us(e.record.observed_at) for e in stored] or not stored
        assert [record.device_id for record in handed.records] == [
            entry.record.device_id for entry in stored
        ]

    @rule(minutes=st.integers(1, 30))
    def wait(self, minutes: int) -> None:
        self.rig.clock.advance(minutes=minutes)

    @rule(data=st.data(), minutes=st.integers(0, 60))
    def trim(self, data: st.DataObject, minutes: int) -> None:
        before: datetime = self.rig.clock.now() - minutes * MINUTE
        through = data.draw(st.sampled_from(self.ends))
        removed = self.rig.journal.trim(before=before, through=through, most=10_000)
        assert removed == self.model.trim(before=before, through=through, most=10_000)

    @invariant()
    def the_same_is_kept_and_refused(self) -> None:
        entries = self.model.read(after=0, limit=10_000)
        assert self.rig.entries() == entries
        assert self.rig.journal.newest_position() == self.model.newest_position()
        for after in range(0, self.model.newest_position(), 5):
            assert self.rig.feed.read(after=after, limit=3) == self.model.read(after=after, limit=3)
        for row in self.model.rows.values():
            assert self.rig.journal.find(row.uplink, row.sequence) == row.record
            assert self.rig.journal.find(row.uplink, row.sequence + 50) is None
        assert {(x.reason, x.digest) for x in self.rig.letters()} == {
            (x.reason, x.digest) for x in self.model.letters
        }

    def teardown(self) -> None:
        if hasattr(self, "rig"):
            self.rig.feed.close()
            self.rig.journal.close()
            self.folder.cleanup()


JournalAndModel.TestCase.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
TestJournalAndModel = JournalAndModel.TestCase
