"""PostgreSQL: one process evaluates and sends, others take orders; the server goes and comes."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from alerts.case_desk import CaseDesk, CaseWorkshop
from alerts.crew_links import CrewLinks
from alerts.limits import AlertRules
from alerts.metrics import AlertMetrics
from alerts.notices import Notices
from alerts.orders import ReportCase
from alerts.outbox import Channel
from alerts.postgres_store import PostgresCases
from alerts.service import AlertsService
from domain.cases import Actor, CaseSource
from domain.problems import ProblemClass
from domain.records import FillReading, MeasurementQuality, Record
from huanwei.business_clock import SystemClock
from storage.postgres import DatabaseUnavailableError, WriteLock
from storage.postgres_lock import DatabaseInUseError
from tests.fakes.alerts_rig import alerts_registry
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.recording_notifier import RecordingNotifier
from tests.postgres_server import RunningPostgres
from texts.catalogue import Locale, load_catalogues

CLOCK = SystemClock()
CATALOGUE = load_catalogues()
LINKS = CrewLinks(b"a secret of this test", "http://127.0.0.1:8000", CLOCK)


class Alerts:
    """The process that evaluates, over a feed in memory, and what it said."""

    def __init__(self, url: str, feed: MemoryRecordFeed) -> None:
        self.phone = RecordingNotifier()
        self.service = AlertsService(
            clock=CLOCK,
            registry=MemoryRegistry(alerts_registry()),
            feed=feed,
            store=PostgresCases(url).open_store(evaluates=True),
            rules=AlertRules(),
            notifiers={Channel.WEBHOOK: self.phone},
            crew_links=LINKS,
            catalogue=CATALOGUE,
            metrics=AlertMetrics(CollectorRegistry()),
            rng=random.Random(1),
        )


@contextmanager
def desk_of_another_process(url: str) -> Iterator[CaseDesk]:
    store = PostgresCases(url).open_store(evaluates=False)
    notices = Notices(catalogue=CATALOGUE, locale=Locale.ZH_CN, crew_links=LINKS)
    registry = MemoryRegistry(alerts_registry())
    yield CaseDesk(
        CaseWorkshop(store, clock=CLOCK, registry=registry, rules=AlertRules(), notices=notices)
    )
    store.close()


def report(key: str, place_id: str = "plain") -> ReportCase:
    return ReportCase(
        place_id=place_id,
        problem_class=ProblemClass.BIN_OVERFLOW,
        source=CaseSource.TELEPHONE,
        note="有人来电",
        actor=Actor.OPERATOR,
        key=key,
    )


def full(feed: MemoryRecordFeed, device_id: str, times: int = 2) -> None:
    for _ in range(times):
        now = CLOCK.now()
        reading = FillReading(measurement_quality=MeasurementQuality.ACCEPTED, filling_level=0.95)
        feed.append_record(
            Record(device_id=device_id, observed_at=now, gateway_at=now, values=reading)
        )


def wait_until(condition: Callable[[], bool]) -> None:
    pause, deadline_s = threading.Event(), CLOCK.monotonic_s() + 15
    while not condition():
        assert CLOCK.monotonic_s() < deadline_s
        pause.wait(0.01)


@pytest.fixture
def feed() -> MemoryRecordFeed:
    return MemoryRecordFeed()


@pytest.fixture
def alerts(postgres_url: str, feed: MemoryRecordFeed) -> Iterator[Alerts]:
    opened = Alerts(postgres_url, feed)
    opened.service.start()
    yield opened
    opened.service.stop()


def test_a_process_that_ends_in_order_leaves_the_lock_to_the_next_at_once(
    postgres_url: str,
) -> None:
    for _ in range(20):
        PostgresCases(postgres_url).open_store(evaluates=True).close()


def test_an_order_taken_by_one_process_is_told_by_the_other_within_a_second(
    alerts: Alerts, postgres_url: str
) -> None:
    with desk_of_another_process(postgres_url) as desk:
        case = desk.report(report("call-1"))
        taken_s = CLOCK.monotonic_s()
        assert alerts.phone.wait_for(1)
    assert CLOCK.monotonic_s() - taken_s < 1
    assert alerts.phone.received[0].case_id == case.case_id


def test_orders_of_several_processes_and_the_evaluation_make_one_case_each_and_count_through(
    alerts: Alerts, feed: MemoryRecordFeed, postgres_url: str
) -> None:
    def call(number: int) -> str:
        with desk_of_another_process(postgres_url) as desk:
            return desk.report(report(f"call-{number}", ("plain", "watched")[number % 2])).case_id

    full(feed, "only", times=4)
    with ThreadPoolExecutor(4) as pool:
        called = set(pool.map(call, range(8)))
    book = PostgresCases(postgres_url).open_book()
    wait_until(lambda: all(alert.case_id in called for alert in book.open_alerts()))
    assert len(called) == 2
    assert sorted(case.number[-4:] for case in book.open_cases()) == ["0001", "0002"]
    positions = [change.position for change in book.changes(0)]
    assert positions == sorted(set(positions))
    book.close()


def test_a_second_evaluation_is_refused_until_the_first_has_ended(
    alerts: Alerts, feed: MemoryRecordFeed, postgres_url: str
) -> None:
    with pytest.raises(DatabaseInUseError, match="another process"):
        Alerts(postgres_url, feed)
    alerts.service.stop()
    PostgresCases(postgres_url).open_store(evaluates=True).close()


def test_an_evaluation_that_lost_its_lock_to_another_changes_nothing_and_goes_on_later(
    alerts: Alerts, feed: MemoryRecordFeed, postgres: RunningPostgres, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as other:
        # First in the queue for the lock when its holder is cut off.
        with ThreadPoolExecutor(1) as pool:
            lock = int(WriteLock.EVALUATION)
            taken = pool.submit(other.execute, "SELECT pg_advisory_lock(%s)", (lock,))
            waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            with psycopg.connect(postgres_url, autocommit=True) as look:
                wait_until(lambda: look.execute(waiting).fetchone() is not None)
            postgres.end_sessions(postgres_url, but=other.info.backend_pid)
            taken.result(10)
        full(feed, "only")
        wait_until(lambda: "evaluation" in alerts.service.readiness())
        assert alerts.phone.received == []
    assert alerts.phone.wait_for(1, timeout_s=15)
    wait_until(lambda: alerts.service.readiness() == {})


def test_sessions_cut_off_lose_and_double_nothing(
    alerts: Alerts, feed: MemoryRecordFeed, postgres: RunningPostgres, postgres_url: str
) -> None:
    for device_id in ("only", "near"):
        full(feed, device_id)
        postgres.end_sessions(postgres_url)
    wait_until(lambda: {"plain", "watched"} <= {m.key.split("/")[0] for m in alerts.phone.received})
    wait_until(lambda: alerts.service.readiness() == {})
    unmarked = [m.key for m in alerts.phone.received if not m.repeat]
    assert len(unmarked) == len(set(unmarked))


def test_a_writer_that_holds_the_turn_delays_orders_and_no_reader(
    alerts: Alerts, postgres_url: str
) -> None:
    book = PostgresCases(postgres_url).open_book()
    with (
        ThreadPoolExecutor(1) as pool,
        desk_of_another_process(postgres_url) as desk,
        psycopg.connect(postgres_url) as slow,
    ):
        slow.execute("SELECT pg_advisory_xact_lock(%s)", (int(WriteLock.CASES),))
        ordered = pool.submit(desk.report, report("call-1"))
        started_s = CLOCK.monotonic_s()
        while CLOCK.monotonic_s() - started_s < 1:
            assert book.open_cases() == []
        assert not ordered.done()
        slow.commit()
        assert ordered.result(10).place_id == "plain"
    assert alerts.phone.wait_for(1)
    assert len(book.open_cases()) == 1
    book.close()


def test_a_database_that_is_away_ends_a_start_in_one_error(postgres: RunningPostgres) -> None:
    with pytest.raises(DatabaseUnavailableError):
        PostgresCases(postgres.url("never_made")).open_store(evaluates=False)
