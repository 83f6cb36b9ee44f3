"""The whole part with its threads: journal in, messages out."""

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from alerts.case_database import SqliteCases
from alerts.crew_links import CrewLinks
from alerts.limits import AlertRules
from alerts.metrics import AlertMetrics
from alerts.outbox import Channel
from alerts.service import AlertsService
from alerts.store import SqliteCaseStore
from domain.ports.record_feed import RecordFeed
from domain.records import FillReading, JournalEntry, MeasurementQuality, Record
from huanwei.business_clock import SystemClock
from tests.fakes.alerts_rig import alerts_registry
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.recording_notifier import RecordingNotifier
from texts.catalogue import load_catalogues

CLOCK = SystemClock()


class Centre:
    """A service over a feed in memory, and what it said."""

    def __init__(self, folder: Path, feed: RecordFeed) -> None:
        self.registry = CollectorRegistry()
        self.phone = RecordingNotifier()
        self.path = folder / "cases.db"
        self.service = AlertsService(
            clock=CLOCK,
            registry=MemoryRegistry(alerts_registry()),
            feed=feed,
            store=SqliteCaseStore(self.path),
            rules=AlertRules(),
            notifiers={Channel.WEBHOOK: self.phone},
            crew_links=CrewLinks(b"a secret of this test", "http://127.0.0.1:8000", CLOCK),
            catalogue=load_catalogues(),
            metrics=AlertMetrics(self.registry),
            rng=random.Random(1),
        )


def _full(feed: MemoryRecordFeed, device_id: str, times: int = 2) -> None:
    for _ in range(times):
        now = CLOCK.now()
        reading = FillReading(measurement_quality=MeasurementQuality.ACCEPTED, filling_level=0.95)
        feed.append_record(
            Record(device_id=device_id, observed_at=now, gateway_at=now, values=reading)
        )


def wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    deadline_s = CLOCK.monotonic_s() + 10
    while not condition():
        assert CLOCK.monotonic_s() < deadline_s
        pause.wait(0.01)


@pytest.fixture
def feed() -> MemoryRecordFeed:
    return MemoryRecordFeed()


@pytest.fixture
def centre(tmp_path: Path, feed: MemoryRecordFeed) -> Iterator[Centre]:
    opened = Centre(tmp_path, feed)
    opened.service.start()
    yield opened
    opened.service.stop()


def test_a_reading_becomes_a_message_without_configured_waiting(
    centre: Centre, feed: MemoryRecordFeed
) -> None:
    started = CLOCK.monotonic_s()
    _full(feed, "only")
    assert centre.phone.wait_for(1)
    assert CLOCK.monotonic_s() - started < 2
    assert centre.service.readiness() == {}


def test_a_stopped_service_goes_on_where_it_was(tmp_path: Path, feed: MemoryRecordFeed) -> None:
    first = Centre(tmp_path, feed)
    first.service.start()
    _full(feed, "only")
    assert first.phone.wait_for(1)
    first.service.stop()
    first.service.stop()
    assert first.service.readiness() == {
        "evaluation": "not running",
        "delivery": "not running",
    }
    _full(feed, "near")
    second = Centre(tmp_path, feed)
    second.service.start()
    assert second.phone.wait_for(1)
    second.service.stop()
    assert [message.key for message in second.phone.received] == ["watched/bin_overflow/1/new"]


def test_a_journal_that_ends_before_what_was_evaluated_makes_the_service_say_so(
    tmp_path: Path, feed: MemoryRecordFeed
) -> None:
    first = Centre(tmp_path, feed)
    first.service.start()
    _full(feed, "only")
    assert first.phone.wait_for(1)
    first.service.stop()

    replaced = MemoryRecordFeed()
    second = Centre(tmp_path, replaced)
    second.service.start()
    try:
        wait_until(lambda: "journal" in second.service.readiness())
        _full(replaced, "near", times=3)
        wait_until(lambda: "journal" not in second.service.readiness())
    finally:
        second.service.stop()


def test_an_entry_that_cannot_be_evaluated_is_skipped_and_counted_not_a_dead_end(
    tmp_path: Path, feed: MemoryRecordFeed
) -> None:
    class Poisoned(MemoryRecordFeed):
        """The second entry is none."""

        def read(self, *, after: int, limit: int) -> list[JournalEntry]:
            entries = list(super().read(after=after, limit=limit))
            if any(entry.position == 2 for entry in entries):
                broken = entries[[entry.position for entry in entries].index(2)]
                object.__setattr__(broken.record.values, "filling_level", "not a number")
            return entries

    poisoned = Poisoned()
    _full(poisoned, "only", times=3)
    centre = Centre(tmp_path, poisoned)
    centre.service.start()
    try:
        assert centre.phone.wait_for(1, timeout_s=20)
    finally:
        centre.service.stop()
    name = "huanwei_alerts_entries_skipped_total"
    assert centre.registry.get_sample_value(name, {"reason": "failed"}) == 1
    book = SqliteCases(centre.path).open_book()
    assert len(book.open_cases()) == 1
    book.close()
