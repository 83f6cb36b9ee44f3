"""One suite over the journals: the model in memory, SQLite, PostgreSQL.

They are written the way ingest writes them: by rounds over batches.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from domain.records import JournalEntry, Record, RecordKind
from ingest.dead_letters import DeadLetter, dead_letter
from ingest.inbox import Arrival
from ingest.metrics import IngestMetrics
from ingest.picture_intake import PictureIntake
from ingest.ports.journal import Journal, Round
from ingest.reasons import RefusalReason
from ingest.rounds import Rounds
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import (
    BOOT,
    GATEWAY,
    OTHER_BOOT,
    batch,
    emptied_record,
    fill_record,
    sample_registry,
    sensor_id,
    series_of_records,
)
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from wire.acks import Ack

pytestmark = pytest.mark.takes_s(6)

MINUTE = timedelta(minutes=1)


class Written:
    """A journal with the rounds that write it; ``restart`` forgets what is only in memory."""

    def __init__(
        self,
        journal: Journal,
        *,
        read: Callable[[int, int], Sequence[JournalEntry]],
        letters: Callable[[], Sequence[DeadLetter]],
    ) -> None:
        self.journal = journal
        self.read = read
        self.letters = letters
        self.clock = ManualClock()
        self.restart()

    def restart(self) -> None:
        self._rounds = Rounds(
            journal=self.journal,
            pictures=PictureIntake(MemoryPictures()),
            registry=MemoryRegistry(sample_registry()),
            clock=self.clock,
            metrics=IngestMetrics(CollectorRegistry()),
        )

    def receive(self, *payloads: bytes) -> list[tuple[str, Ack]]:
        return self._rounds.run([Arrival(GATEWAY, payload) for payload in payloads])

    def records(self) -> list[Record]:
        return [entry.record for entry in self.read(0, 100_000)]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Written]:
    if request.param == "memory":
        memory = MemoryJournal()
        yield Written(
            memory,
            read=lambda after, limit: memory.read(after=after, limit=limit),
            letters=lambda: memory.letters,
        )
        return
    database = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    with IngestRig(tmp_path, database=database) as rig:
        yield Written(
            rig.journal,
            read=lambda after, limit: rig.feed.read(after=after, limit=limit),
            letters=rig.letters,
        )


def test_a_round_is_journalled_in_order_and_acknowledged(written: Written) -> None:
    records = series_of_records(3)
    acks = written.receive(batch(dict(enumerate(records, 1))))
    assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=3))]
    entries = written.read(0, 10)
    assert [entry.record for entry in entries] == records
    assert [entry.uplink_id.sequence for entry in entries] == [1, 2, 3]
    assert {entry.received_at for entry in entries} == {START}
    assert [entry.position for entry in written.read(entries[0].position, 1)] == [
        entries[1].position
    ]
    assert written.journal.newest_position() == entries[-1].position


def test_a_resend_is_no_second_entry_not_even_after_a_restart(written: Written) -> None:
    payload = batch({1: fill_record(), 2: fill_record(1)})
    written.receive(payload)
    written.restart()
    assert written.receive(payload, payload) == [(GATEWAY, Ack(boot_id=BOOT, through=2))]
    assert len(written.records()) == 2
    assert written.letters() == []


def test_one_known_record_among_new_ones_holds_none_of_them_up(written: Written) -> None:
    records = series_of_records(6)
    written.receive(batch({1: records[2]}))
    written.receive(batch(dict(enumerate(records, 1)), boot_id=OTHER_BOOT))
    assert sorted(r.observed_at for r in written.records()) == [r.observed_at for r in records]
    assert written.letters() == []


def test_other_content_under_a_known_identity_is_a_conflict_and_kept(written: Written) -> None:
    written.receive(batch({1: fill_record(), 2: fill_record(level=0.9)}))
    written.receive(batch({1: fill_record(2)}))
    letters = written.letters()
    assert [(letter.reason, letter.sequence) for letter in letters] == [
        (RefusalReason.CONFLICT, 2),
        (RefusalReason.CONFLICT, 1),
    ]
    assert b"0.9" in letters[0].payload
    assert written.records() == [fill_record()]


def test_a_gap_is_known_after_a_restart_until_it_is_filled(written: Written) -> None:
    records = series_of_records(4)
    written.receive(batch({1: records[0]}), batch({4: records[3]}))
    written.restart()
    missing = Ack(boot_id=BOOT, through=4, missing=((2, 3),))
    assert written.receive(batch({4: records[3]})) == [(GATEWAY, missing)]
    acks = written.receive(batch({2: records[1], 3: records[2]}))
    assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=4))]


def test_the_newest_times_are_known_after_a_restart(written: Written) -> None:
    written.receive(batch({1: fill_record(at=START + 5 * MINUTE), 2: emptied_record(1)}))
    written.restart()
    written.receive(batch({3: fill_record(at=START - 6 * MINUTE), 4: emptied_record(1, at=START)}))
    assert (written.read(0, 10)[2].late, written.read(0, 10)[2].sets_state) == (True, False)


def test_the_newest_times_are_read_when_a_device_is_first_heard(written: Written) -> None:
    written.receive(batch({1: fill_record(at=START + MINUTE), 2: emptied_record(1, at=START)}))
    written.receive(batch({3: fill_record(at=START - MINUTE), 4: fill_record(2, at=START)}))

    newest = written.journal.load().newest

    assert len(newest) == 0
    assert newest.of_device(sensor_id(0)) == START + MINUTE
    assert len(newest) == 1
    newest.ask_together(lambda: [sensor_id(0), sensor_id(1), sensor_id(3)])
    assert newest.of_kind(sensor_id(1), RecordKind.EMPTIED) == START
    assert len(newest) == 3
    assert newest.of_kind(sensor_id(1), RecordKind.FILL) is None
    assert newest.of_device(sensor_id(3)) is None


def test_a_gateway_that_is_heard_brings_the_times_of_its_own_sensors_at_once() -> None:
    journal = MemoryJournal()
    rounds = Written(journal, read=lambda _after, _limit: [], letters=list)
    rounds.receive(batch({1: fill_record(0), 2: fill_record(1), 3: fill_record(99)}))
    rounds.receive(batch({4: fill_record(2)}))

    # The last of the five sensors is at another gateway; sensor 99 is nobody's.
    assert journal.times_asked == [{sensor_id(number) for number in range(4)}]


def test_trimming_goes_neither_beyond_the_time_nor_the_slowest_nor_the_step(
    written: Written,
) -> None:
    for sequence in (1, 2, 3, 4):
        written.receive(batch({sequence: fill_record(at=written.clock.now())}))
        written.clock.advance(minutes=1)
    positions = [entry.position for entry in written.read(0, 10)]
    trim, at_third = written.journal.trim, START + 2 * MINUTE
    assert trim(before=at_third, through=positions[0], most=10) == 1
    assert trim(before=START + 60 * MINUTE, through=positions[3], most=1) == 1
    assert trim(before=at_third, through=positions[3], most=10) == 0
    assert [entry.position for entry in written.read(0, 10)] == positions[2:]


def test_positions_do_not_start_again_when_all_entries_have_been_trimmed(
    written: Written,
) -> None:
    written.receive(batch({1: fill_record(), 2: fill_record(1)}))
    newest = written.journal.newest_position()
    assert written.journal.trim(before=START + 60 * MINUTE, through=newest, most=10) == 2
    assert written.read(0, 10) == []
    assert written.journal.newest_position() == newest
    written.restart()
    written.receive(batch({3: fill_record(2)}))
    (entry,) = written.read(0, 10)
    assert entry.position > newest


def test_the_records_of_a_round_find_each_other(written: Written) -> None:
    twin = fill_record(gateway_at=START + MINUTE)
    written.receive(batch({1: fill_record(), 2: twin}), batch({1: twin}, boot_id=OTHER_BOOT))
    assert written.records() == [fill_record()]
    assert written.letters() == []


def test_a_find_answers_what_is_committed_now(written: Written) -> None:
    written.receive(batch(dict(enumerate(series_of_records(3), 1))))
    number = written.journal.load().uplink(GATEWAY, BOOT).number
    first = written.journal.find(number, 1)
    assert first is not None
    assert written.journal.find(number, 4) is None
    written.receive(batch({4: fill_record(1, at=START + MINUTE)}))
    assert written.journal.find(number, 4) is not None
    assert written.journal.find(number, 1) == first
    assert written.journal.find(number + 1, 1) is None


@pytest.fixture(params=["sqlite", "postgres"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IngestRig]:
    database = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    with IngestRig(tmp_path, database=database, most_dead_letters=5) as rig:
        yield rig


def test_the_same_garbage_again_is_one_letter_that_counts(stored: IngestRig) -> None:
    for _ in range(2):
        stored.receive(b"garbage")
        stored.clock.advance(seconds=10)
    stored.receive(b"garbage", b"garbage")
    (letter,) = stored.letters()
    assert letter.times == 4
    assert letter.received_at - letter.first_received_at == timedelta(seconds=20)


def test_repeats_push_no_other_letter_out_and_new_letters_the_oldest(stored: IngestRig) -> None:
    stored.receive(b"first")
    for _ in range(9):
        stored.receive(b"repeated")
    assert [letter.payload for letter in stored.letters()] == [b"first", b"repeated"]
    letters = [
        dead_letter(
            RefusalReason.UNKNOWN_DEVICE, b"%d" % n, detail="\0\ud800", at=START, gateway_id=GATEWAY
        )
        for n in range(4)
    ]
    assert stored.journal.commit(Round(received_at=START, letters=letters)).letters_trimmed == 1
    assert [letter.payload for letter in stored.letters()] == [b"repeated", b"0", b"1", b"2", b"3"]


_SENT = st.lists(
    st.tuples(
        st.sampled_from([BOOT, OTHER_BOOT]),
        st.integers(1, 6),
        st.integers(0, 3),
        st.sampled_from([0.1, 0.9]),
    ),
    min_size=1,
    max_size=5,
)


@pytest.fixture
def rigs(tmp_path: Path, postgres_url: str) -> Iterator[dict[str, IngestRig]]:
    with IngestRig(tmp_path) as sqlite, IngestRig(tmp_path, database=postgres_url) as postgres:
        yield {"sqlite": sqlite, "postgres": postgres}


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(rounds=st.lists(_SENT, min_size=1, max_size=5), restarts=st.sets(st.integers(0, 4)))
def test_whatever_is_sent_both_stores_keep_and_refuse_the_same(
    rigs: dict[str, IngestRig],
    rounds: list[list[tuple[str, int, int, float]]],
    restarts: set[int],
) -> None:
    told = []
    for rig in rigs.values():
        rig.clock.advance(days=1)  # each example has times and spools of its own
        era = rig.clock.now()
        rig.reopen()
        before = rig.feed.newest_position()
        letters_before = sum(letter.times for letter in rig.letters())
        acks = []
        for number, sent in enumerate(rounds):
            if number in restarts:
                rig.reopen()
            payloads = [
                batch(
                    {sequence: fill_record(minute, at=era - minute * MINUTE, level=level)},
                    boot_id=f"{era.toordinal():08x}{boot_id[8:]}",
                )
                for boot_id, sequence, minute, level in sent
            ]
            acks.append(rig.receive(*payloads))
        kept = [
            (entry.uplink_id, entry.late, entry.sets_state, entry.record)
            for entry in rig.feed.read(after=before, limit=1_000)
        ]
        told.append((acks, kept, sum(letter.times for letter in rig.letters()) - letters_before))
    assert told[0] == told[1]
