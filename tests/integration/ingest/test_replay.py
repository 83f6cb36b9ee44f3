"""Whatever the network and the process do, the journal ends as the set of what was sent."""

import random
import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.records import Record
from ingest.inbox import Arrival
from ingest.rounds import Rounds
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import BOOT, GATEWAY, batch, fill_record, series_of_records
from tests.fakes.manual_clock import START
from tests.fakes.memory_journal import MemoryJournal
from wire.acks import Ack

FEW = settings(max_examples=25, deadline=None)


@dataclass
class Spool:
    """The gateway's side: holds a record until an ack covers it."""

    held: dict[int, Record]

    def take(self, ack: Ack) -> None:
        gaps = {s for first, last in ack.missing for s in range(first, last + 1)}
        self.held = {s: r for s, r in self.held.items() if s > ack.through or s in gaps}

    def batches(self, size: int) -> list[bytes]:
        sequences = sorted(self.held)
        return [
            batch({s: self.held[s] for s in sequences[start : start + size]}, oldest=sequences[0])
            for start in range(0, len(sequences), size)
        ]


@FEW
@given(st.integers(1, 60), st.integers(1, 9), st.randoms(use_true_random=False))
def test_replayed_three_times_in_any_order_the_journal_is_the_set(
    count: int, size: int, chance: random.Random
) -> None:
    records = series_of_records(count)
    deliveries = Spool(dict(enumerate(records, 1))).batches(size) * 3
    chance.shuffle(deliveries)
    acks: list[tuple[str, Ack]] = []
    with tempfile.TemporaryDirectory() as folder, IngestRig(Path(folder)) as rig:
        while deliveries:
            taken = [deliveries.pop() for _ in range(min(len(deliveries), chance.randint(1, 5)))]
            acks = rig.receive(*taken)
        assert sorted(rig.records(), key=lambda r: r.observed_at) == records
        assert acks[-1][1] == Ack(boot_id=BOOT, through=count)
        assert rig.letters() == []
        assert rig.counted("records_total", outcome="duplicate") == 2 * count


@FEW
@given(st.integers(1, 60), st.integers(1, 9), st.randoms(use_true_random=False))
def test_lost_batches_lost_acks_and_crashes_neither_lose_nor_double(
    count: int, size: int, chance: random.Random
) -> None:
    """Every step may lose the batch, the ack, or the process between commit and ack."""
    records = dict(enumerate(series_of_records(count), 1))
    spool = Spool(dict(records))
    with tempfile.TemporaryDirectory() as folder, IngestRig(Path(folder)) as rig:
        for attempt in range(1_000):
            if not spool.held:
                break
            calm = attempt > 20
            arriving = [b for b in spool.batches(size) if calm or chance.random() < 0.6]
            chance.shuffle(arriving)
            acks = rig.receive(*arriving)
            if not calm and chance.random() < 0.3:
                rig.reopen()  # the process dies after the commit, before it could send an ack
                continue
            for _, ack in acks:
                if calm or chance.random() < 0.6:
                    spool.take(ack)
        assert not spool.held
        assert sorted(rig.records(), key=lambda r: r.observed_at) == list(records.values())
        assert len({entry.uplink_id for entry in rig.entries()}) == count
        assert rig.letters() == []


@FEW
@given(st.integers(1, 40), st.randoms(use_true_random=False))
def test_an_ack_never_covers_what_is_not_in_the_journal(count: int, chance: random.Random) -> None:
    records = dict(enumerate(series_of_records(count), 1))
    arriving = [s for s in records if chance.random() < 0.5]
    chance.shuffle(arriving)
    with tempfile.TemporaryDirectory() as folder, IngestRig(Path(folder)) as rig:
        for sequence in arriving:
            ((_, ack),) = rig.receive(batch({sequence: records[sequence]}))
            spool = Spool(dict(records))
            spool.take(ack)
            released = records.keys() - spool.held.keys()
            assert released == {entry.uplink_id.sequence for entry in rig.entries()}


@FEW
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(1, 12), st.integers(0, 5), st.integers(0, 3)),
            min_size=1,
            max_size=6,
            unique_by=lambda item: item[0],
        ),
        max_size=8,
    )
)
def test_sqlite_and_memory_keep_the_same_journal(
    batches: list[list[tuple[int, int, int]]],
) -> None:
    """Few sequences, sensors and times, so that ids collide in every way there is."""
    with tempfile.TemporaryDirectory() as folder, IngestRig(Path(folder)) as rig:
        model = MemoryJournal()
        model_rounds = Rounds(
            journal=model,
            pictures=rig.rounds._pictures,
            registry=rig.registry,
            clock=rig.clock,
            metrics=rig.metrics,
        )
        for items in batches:
            payload = batch(
                {
                    sequence: fill_record(sensor, at=START - timedelta(minutes=8 * step))
                    for sequence, sensor, step in items
                }
            )
            arrivals = rig.receive(payload)
            assert model_rounds.run([Arrival(GATEWAY, payload)]) == arrivals
        entries = rig.entries()
        assert model.read(after=0, limit=1_000) == [
            replace(entry, position=rank) for rank, entry in enumerate(entries, 1)
        ]
        assert rig.feed.newest_position() == max((entry.position for entry in entries), default=0)
        assert {(x.reason, x.digest) for x in model.letters} == {
            (x.reason, x.digest) for x in rig.letters()
        }
