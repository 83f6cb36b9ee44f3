"""The worker thread over journals in memory: poison, outages, stopping."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from ingest.inbox import Arrival
from ingest.metrics import IngestMetrics
from ingest.picture_intake import PictureIntake
from ingest.ports.journal import Committed, Round
from ingest.retention import Retention
from ingest.rounds import Rounds
from ingest.worker import RECORDS_INBOX_BYTES, IngestWorker
from tests.fakes.ingest_samples import BOOT, GATEWAY, batch, fill_record, sample_registry
from tests.fakes.manual_clock import ManualClock
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from wire.acks import Ack


class AllergicJournal(MemoryJournal):
    """Cannot bear records of one device, whatever round they come in."""

    def commit(self, round_: Round) -> Committed:
        if any(row.device_id == "sensor-001" for row in round_.rows()):
            msg = "no"
            raise ValueError(msg)
        return super().commit(round_)


class Bench:
    """A worker with its journal and what it sent."""

    def __init__(self, journal: MemoryJournal) -> None:
        self.journal = journal
        self.sent: list[tuple[str, Ack]] = []
        self.connected = True
        self.recovered = 0
        self._counters = CollectorRegistry()
        metrics = IngestMetrics(self._counters)
        clock = ManualClock()
        rounds = Rounds(
            journal=journal,
            pictures=PictureIntake(MemoryPictures()),
            registry=MemoryRegistry(sample_registry()),
            clock=clock,
            metrics=metrics,
        )
        self.worker = IngestWorker(
            rounds=rounds,
            retention=Retention(
                journal=journal, cursors={}, metrics=metrics, kept=timedelta(days=14)
            ),
            send=self._send,
            clock=clock,
            metrics=metrics,
            on_recovered=self._recover,
        )

    def _recover(self) -> None:
        self.recovered += 1

    def _send(self, gateway_id: str, ack: Ack) -> bool:
        self.sent.append((gateway_id, ack))
        return self.connected

    def offer(self, payload: bytes) -> None:
        self.worker.offer_batch(Arrival(GATEWAY, payload))

    def counted(self, name: str, **labels: str) -> float:
        return self._counters.get_sample_value(f"huanwei_ingest_{name}_total", labels) or 0.0


def wait_until(condition: Callable[[], bool]) -> None:
    bell = threading.Event()
    for _ in range(500):
        if condition():
            return
        bell.wait(0.01)
    pytest.fail("did not happen within 5 s")


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench(MemoryJournal())
    yield bench
    bench.worker.stop()


def test_what_waits_is_committed_then_acknowledged(bench: Bench) -> None:
    bench.offer(batch({1: fill_record()}))
    bench.offer(batch({2: fill_record(1)}))
    bench.worker.start()
    wait_until(lambda: bool(bench.sent))
    assert bench.sent == [(GATEWAY, Ack(boot_id=BOOT, through=2))]
    assert len(bench.journal.rows) == 2


def test_an_outage_of_the_journal_acknowledges_nothing_and_ends_with_a_resend(
    bench: Bench,
) -> None:
    bench.journal.fail_with = sqlite3.OperationalError("database or disk is full")
    payload = batch({1: fill_record()})
    bench.offer(payload)
    bench.worker.start()
    wait_until(lambda: bench.worker.failing)
    assert bench.sent == []
    assert bench.counted("failed_rounds") == 1
    bench.offer(payload)
    wait_until(lambda: bool(bench.sent))
    assert not bench.worker.failing
    assert len(bench.journal.rows) == 1


def test_gateways_hear_that_the_journal_is_back_though_none_of_them_sends_anything(
    bench: Bench,
) -> None:
    bench.journal.fail_with = sqlite3.OperationalError("database or disk is full")
    bench.offer(batch({1: fill_record()}))
    bench.worker.start()
    wait_until(lambda: bench.recovered > 0)
    assert bench.recovered == 1
    assert not bench.worker.failing
    assert bench.sent == []


def test_a_message_that_breaks_us_holds_up_only_itself() -> None:
    bench = Bench(AllergicJournal())
    bench.offer(batch({1: fill_record()}))
    bench.offer(batch({2: fill_record(1)}))
    bench.offer(batch({3: fill_record(2)}))
    bench.worker.start()
    wait_until(lambda: len(bench.sent) == 2)
    bench.worker.stop()
    assert bench.sent[-1] == (GATEWAY, Ack(boot_id=BOOT, through=3, missing=((2, 2),)))
    assert bench.counted("poisonous_messages") == 1
    assert not bench.worker.failing
    assert [row.sequence for row in bench.journal.rows.values()] == [1, 3]


def test_an_ack_without_a_connection_is_counted(bench: Bench) -> None:
    bench.connected = False
    bench.offer(batch({1: fill_record()}))
    bench.worker.start()
    wait_until(lambda: bench.counted("unsent_acks") == 1)


def test_a_full_inbox_drops_and_counts(bench: Bench) -> None:
    payload = b"x" * (RECORDS_INBOX_BYTES // 2)
    for _ in range(3):
        bench.offer(payload)
    assert bench.counted("dropped_messages", inbox="records") == 1


def test_stopping_twice_and_before_the_start_is_no_harm(bench: Bench) -> None:
    bench.worker.stop()
    bench.worker.stop()
    assert not bench.worker.running
