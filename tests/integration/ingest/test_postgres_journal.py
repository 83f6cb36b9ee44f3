"""The journal on PostgreSQL: shards, several workers, outages, and its tables."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from ingest.inbox import Arrival
from ingest.metrics import IngestMetrics
from ingest.picture_intake import PictureIntake
from ingest.ports.journal import JournalUnavailableError
from ingest.postgres import dead_letters
from ingest.postgres.cursors import PostgresCursors
from ingest.postgres.journal import PostgresJournal
from ingest.postgres.record_feed import PostgresRecordFeed
from ingest.postgres.schema import METADATA, SCHEMA
from ingest.postgres.session import JournalSession, ShardsHeldError
from ingest.reasons import RefusalReason
from ingest.rounds import Rounds
from storage.postgres import administration_engine
from tests.fakes.ingest_samples import batch, fill_record, sample_registry
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from tests.postgres_server import RunningPostgres
from wire.topics import shard_of


class Worker:
    """The rounds of one worker with shards of its own."""

    def __init__(self, url: str, shards: Sequence[int], gateway_id: str) -> None:
        self.session = JournalSession(url, shards)
        self.journal = PostgresJournal(self.session)
        self.gateway_id = gateway_id
        self.clock = ManualClock()
        self._rounds = Rounds(
            journal=self.journal,
            pictures=PictureIntake(MemoryPictures()),
            registry=MemoryRegistry(sample_registry(gateway_id=gateway_id)),
            clock=self.clock,
            metrics=IngestMetrics(CollectorRegistry()),
        )

    def receive(self, sequence: int, number: int) -> int:
        record = fill_record(number % 4, at=START + timedelta(milliseconds=number))
        payload = batch({sequence: record}, gateway_id=self.gateway_id)
        (ack,) = self._rounds.run([Arrival(self.gateway_id, payload)])
        return ack[1].through

    def refuse(self, payload: bytes) -> None:
        self._rounds.run([Arrival(self.gateway_id, payload)])


A, B = "gateway-1", "gateway-7"
SHARDS_A, SHARDS_B = (shard_of(A),), (shard_of(B),)


@pytest.fixture
def workers(postgres_url: str) -> Iterator[tuple[Worker, Worker]]:
    both = Worker(postgres_url, SHARDS_A, A), Worker(postgres_url, SHARDS_B, B)
    yield both
    for worker in both:
        worker.journal.close()


def test_the_tables_are_those_that_the_migrations_make(postgres_url: str) -> None:
    engine = administration_engine(postgres_url)
    with engine.connect() as connection:
        connection.execute(text(f"SET search_path TO {SCHEMA}"))
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_two_workers_write_one_journal_whose_readers_never_see_an_earlier_position_later(
    postgres_url: str, workers: tuple[Worker, Worker]
) -> None:
    assert SHARDS_A != SHARDS_B
    feed = PostgresRecordFeed(postgres_url)
    rounds, seen = 40, []

    def write(worker: Worker, first: int) -> None:
        for sequence in range(1, rounds + 1):
            worker.receive(sequence, first + sequence)

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, worker, n * 1_000) for n, worker in enumerate(workers)]
        cursor = 0
        while not all(done.done() for done in writing) or cursor < feed.newest_position():
            for entry in feed.read(after=cursor, limit=7):
                assert entry.position > cursor
                cursor = entry.position
                seen.append(entry)
        for done in writing:
            done.result()
    assert len(seen) == 2 * rounds
    assert len({(e.uplink_id.gateway_id, e.uplink_id.sequence) for e in seen}) == 2 * rounds
    feed.close()


def test_a_worker_and_its_feed_know_only_their_own_gateways(
    postgres_url: str, workers: tuple[Worker, Worker]
) -> None:
    a, b = workers
    for sequence in (1, 2, 3):
        a.receive(sequence, sequence)
    b.receive(1, 4)
    feed = PostgresRecordFeed(postgres_url, shards=SHARDS_B)
    assert [entry.uplink_id.gateway_id for entry in feed.read(after=0, limit=10)] == [B]
    assert len(feed.read_encoded(after=0, limit=10)) == 1
    assert feed.read(after=4, limit=10) == []
    a.receive(4, 5)
    assert feed.read(after=4, limit=10) == []
    b.receive(2, 6)
    assert [entry.uplink_id.sequence for entry in feed.read(after=4, limit=10)] == [2]
    assert [entry.uplink_id.sequence for entry in feed.read(after=0, limit=1)] == [1]
    assert feed.newest_position() == 6
    assert b.journal.load().uplink(A, "00000000000000aa").progress.through == 0
    feed.close()


def test_a_shard_has_one_worker_and_another_takes_it_over_when_that_one_is_gone(
    postgres_url: str, workers: tuple[Worker, Worker]
) -> None:
    a, _ = workers
    a.receive(1, 1)
    other = Worker(postgres_url, (*SHARDS_A, 31), A)
    with pytest.raises(ShardsHeldError, match=str(SHARDS_A[0])):
        other.receive(2, 2)
    third = JournalSession(postgres_url, (31,))
    third.take_shards()  # what was refused has taken nothing
    third.close()
    a.journal.close()
    assert other.receive(2, 2) == 2
    with pytest.raises(ShardsHeldError):
        a.receive(3, 3)
    other.journal.close()


def test_a_worker_whose_connection_was_cut_goes_on_and_stores_nothing_twice(
    postgres: RunningPostgres, postgres_url: str, workers: tuple[Worker, Worker]
) -> None:
    a, _ = workers
    a.receive(1, 1)
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'huanwei-ingest'"
    )
    with pytest.raises(JournalUnavailableError):
        a.receive(2, 2)
    assert a.receive(1, 1) == 1
    assert a.receive(2, 2) == 2
    feed = PostgresRecordFeed(postgres_url)
    assert [entry.uplink_id.sequence for entry in feed.read(after=0, limit=10)] == [1, 2]
    feed.close()


def test_a_round_that_the_database_refuses_leaves_nothing(
    postgres_url: str, workers: tuple[Worker, Worker]
) -> None:
    a, _ = workers
    a.receive(1, 1)
    engine = administration_engine(postgres_url)
    with engine.begin() as connection:
        refuse = "ALTER TABLE journal.newest ADD CONSTRAINT none CHECK (device_id <> 'sensor-002')"
        connection.execute(text(refuse))
    with pytest.raises(psycopg.errors.CheckViolation):
        a.receive(2, 2)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT max(through) FROM journal.uplinks")).scalar() == 1
        assert connection.execute(text("SELECT position FROM journal.tail")).scalar() == 1
        connection.execute(text("ALTER TABLE journal.newest DROP CONSTRAINT none"))
    engine.dispose()
    assert a.receive(2, 2) == 2


def test_the_dead_letters_of_a_district_are_listed_and_counted(
    postgres_url: str, workers: tuple[Worker, Worker]
) -> None:
    a, _ = workers
    a.refuse(b"garbage")
    a.refuse(b"garbage")
    a.refuse(b"other")
    counted = {RefusalReason.UNREADABLE_BATCH: 3}
    assert dead_letters.count_dead_letters(postgres_url) == counted
    (newest,) = dead_letters.read_dead_letters(postgres_url, limit=1)
    assert (newest.payload, newest.gateway_id) == (b"other", A)
    reason = RefusalReason.CONFLICT
    assert dead_letters.read_dead_letters(postgres_url, reason=reason, limit=9) == []


def test_what_another_worker_or_the_alerts_have_not_read_is_not_trimmed(
    postgres_url: str, workers: tuple[Worker, Worker]
) -> None:
    a, b = workers
    for sequence in (1, 2, 3):
        a.receive(sequence, sequence)
    own = {"series": lambda: 3}
    of_a = PostgresCursors(a.session, worker="a")
    of_b = PostgresCursors(b.session, worker="b")
    assert (of_a.other_workers(), of_a.alerts()) == (3, 0)
    assert of_b.shared("series", lambda: 1)() == 1
    assert of_a.shared("series", own["series"])() == 3
    assert (of_a.other_workers(), of_b.other_workers()) == (1, 3)
    engine = administration_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO cases.cursors VALUES ('journal', 2)"))
        connection.execute(text("UPDATE journal.cursors SET told_us = 0 WHERE name LIKE 'b %'"))
    engine.dispose()
    assert (of_a.other_workers(), of_a.alerts()) == (3, 2)
