"""Drills: InfluxDB is away, slow, busy, breaks off, refuses points, or lets nobody in.

Cases and messages must not notice, and in the end InfluxDB has every point but the refused ones.
"""

import math
import statistics
import threading
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import psutil
import pytest

from domain.registry import RegistrySnapshot
from huanwei.run_files import INFLUX, JOURNAL
from ingest.influx.buckets import BucketNames
from ingest.influx.deliveries import read_refused
from ingest.influx.delivery import CLOSED_RETRY_S
from ingest.influx.record_lines import RecordLines
from ingest.influx.refusals import PointRefusal
from ingest.record_feed import SqliteRecordFeed
from storage.registry_file import RegistryFile
from tests.device_load import (
    DeviceLoad,
    Identity,
    assert_nothing_lost_doubled_or_altered,
    devices_of,
    registered_for_load,
)
from tests.drills.conftest import TellFigures
from tests.fakes.scripted_influx import TAKES, Mood, ScriptedInflux
from tests.recording_phone import RecordingPhone
from tests.whole_run import WholeRun, distance_of, small_registry, until
from wire.device_messages import DeviceMessage, encode_device_message
from wire.topics import device_topic

pytestmark = [pytest.mark.drill("F6-F8", first=True), pytest.mark.takes_s(45)]

FEEDS = 7
"""Who writes to InfluxDB, each in a thread of its own: ``huanwei.influx``."""

LOADED = 100
"""Devices under load; the places behind them fill up one by one and are timed."""
MOST_ADDED_S = 1.0
MOST_GROWTH = 1.2


@pytest.fixture
def phone() -> Iterator[RecordingPhone]:
    recording = RecordingPhone()
    recording.start()
    yield recording
    recording.stop()


@pytest.fixture
def influx() -> Iterator[ScriptedInflux]:
    scripted = ScriptedInflux()
    scripted.start()
    yield scripted
    scripted.stop()


@pytest.fixture
def run(tmp_path: Path, phone: RecordingPhone, influx: ScriptedInflux) -> Iterator[WholeRun]:
    whole = WholeRun(
        tmp_path / "run",
        registry(phone),
        more_settings=f'\n[influx]\nurl = "{influx.url}"\norg = "huanwei"\ntoken = "for-tests"\n',
    )
    yield whole
    whole.stop()


def registry(phone: RecordingPhone) -> RegistrySnapshot:
    whole = small_registry(LOADED + 40, webhook_url=phone.url)
    return registered_for_load(whole, devices=LOADED)


class FillingUp:
    """Fills one fresh place after the other and times the message to the crew."""

    def __init__(self, run: WholeRun, phone: RecordingPhone) -> None:
        self._run = run
        self._phone = phone
        self._client = devices_of(run, client_id="drill-filling")
        self.sent: list[Identity] = []
        self._next = LOADED

    def start(self) -> None:
        self._client.start()
        assert until(lambda: self._client.connected, within_s=10)

    def stop(self) -> None:
        self._client.stop()

    def seconds_to_message(self) -> float:
        """Fill the next place; return how long its crew waited for the message."""
        number, self._next = self._next, self._next + 1
        device_id, before = f"bin-{number:03}", len(self._phone.messages)
        began_s = time.monotonic()
        for _ in range(2):
            now = self._run.clock.now()
            self.sent.append((device_id, now, "fill"))
            message = DeviceMessage(
                device_id=device_id, observed_at=now, distances_mm=(distance_of(0.97),)
            )
            taken = self._client.publish(
                device_topic(device_id), encode_device_message(message), qos=1
            )
            assert taken
            threading.Event().wait(0.002)
        assert until(lambda: len(self._phone.messages) > before, within_s=20, every_s=0.005)
        return self._phone.arrived_s[before] - began_s


def expected_lines(run: WholeRun) -> set[bytes]:
    """Return the point of every record in the journal."""
    feed = SqliteRecordFeed(run.settings.run.data / JOURNAL)
    source = RecordLines(feed=feed, registry=RegistryFile(run.settings.run.registry))
    lines: set[bytes] = set()
    after = 0
    while page := source.read(after=after, limit=5_000):
        lines |= set(page.told.lines)
        after = page.through
    feed.close()
    return lines


def started(run: WholeRun) -> None:
    run.start("broker")
    run.wait_ready("broker")
    run.start("edge", "ingest", "centre")
    run.wait_ready("edge", "ingest", "centre", within_s=40)


def test_cases_and_messages_go_on_while_the_store_is_away_and_it_lacks_nothing_after(
    run: WholeRun,
    phone: RecordingPhone,
    influx: ScriptedInflux,
    pytestconfig: pytest.Config,
    figures: TellFigures,
) -> None:
    full = pytestconfig.getoption("--full-drills")
    away_s, mood_s, places = (600.0, 20.0, 6) if full else (4.0, 1.0, 3)
    started(run)
    load, filling = DeviceLoad(run, per_s=100, devices=LOADED), FillingUp(run, phone)
    load.start()
    filling.start()
    ingest = psutil.Process(run.pid_of("ingest"))
    try:
        assert until(lambda: len(influx.lines) > 50, within_s=20)
        filling.seconds_to_message()  # the first opens connections and warms caches
        steady_s = [filling.seconds_to_message() for _ in range(5)]
        memory_before = ingest.memory_info().rss
        disturbed_s = []
        influx.stop()
        threading.Event().wait(away_s)
        disturbed_s += [filling.seconds_to_message() for _ in range(places)]
        influx.start()
        for mood in (
            Mood(late_s=2.0),
            Mood(status=503),
            Mood(status=429, retry_after_s=1),
            Mood(half=True),
        ):
            influx.mood = mood
            disturbed_s += [filling.seconds_to_message() for _ in range(places)]
            threading.Event().wait(mood_s)
        influx.mood = TAKES
        well_s = time.monotonic()
        load.stop()
        wanted = expected_lines(run)
        assert until(lambda: wanted <= influx.lines, within_s=90, every_s=0.5)
        drained_s = time.monotonic() - well_s
    finally:
        load.stop()
        filling.stop()

    memory_after = ingest.memory_info().rss
    figures(
        away_s=away_s,
        points=len(wanted),
        all_there_after_s=drained_s,
        message_p95_steady_s=round(p95(steady_s), 2),
        message_p95_disturbed_s=round(p95(disturbed_s), 2),
        memory_before_mb=memory_before / 1e6,
        memory_after_mb=memory_after / 1e6,
    )
    assert len(wanted) > 300
    assert p95(disturbed_s) <= p95(steady_s) + MOST_ADDED_S
    assert run.counted("ingest", "huanwei_influx_refused_total") == 0
    assert run.counted("edge", "huanwei_gateway_not_accepted_total") == 0
    assert memory_after <= memory_before * MOST_GROWTH
    log = run.log_of("ingest")
    assert log.count("influxdb_busy") <= 5 * len(("away", "late", "503", "429", "half"))
    hold_the_journal_against_the_load(run, load, figures, besides=filling.sent)


def hold_the_journal_against_the_load(
    run: WholeRun, load: DeviceLoad, figures: TellFigures, besides: Collection[Identity] = ()
) -> None:
    log_path = run.settings.edge.acceptance_log
    assert log_path is not None
    journal = run.settings.run.data / JOURNAL
    assert_nothing_lost_doubled_or_altered(
        load, log_path=log_path, journal=journal, tell=figures, besides=besides
    )


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def test_only_the_points_that_the_store_refuses_are_dead_letters(
    run: WholeRun, influx: ScriptedInflux, figures: TellFigures
) -> None:
    influx.stop()  # so that all points wait for one body
    run.start("broker")
    run.wait_ready("broker")
    run.start("edge", "ingest")
    run.wait_ready("edge", "ingest")
    load = DeviceLoad(run, per_s=300, devices=LOADED)
    load.start()
    try:
        assert until(lambda: len(load.sent) > 600, within_s=20)
    finally:
        load.stop()
    assert until(lambda: len(expected_lines(run)) >= len(load.sent), within_s=20, every_s=0.5)
    influx.mood = Mood(
        unparsable=lambda line: b"bin-003" in line,
        conflicting=lambda line: b"bin-005" in line,
        too_old=lambda line: b"bin-007" in line,
    )
    of_bins = {
        b"bin-003": PointRefusal.UNPARSABLE_LINE,
        b"bin-005": PointRefusal.TYPE_CONFLICT,
        b"bin-007": PointRefusal.BEYOND_RETENTION,
    }
    run.end("ingest")  # its writers would be resting between tries
    influx.start()
    run.start("ingest")
    wanted = expected_lines(run)
    reasons = {line: reason for line in wanted for name, reason in of_bins.items() if name in line}

    def letters() -> dict[bytes, PointRefusal]:
        path = run.settings.run.data / INFLUX
        found = read_refused(path, limit=10_000)
        return {letter.content: letter.reason for letter in found if letter.feed == "records"}

    assert until(lambda: letters() == reasons, within_s=60, every_s=0.5)
    assert until(lambda: wanted - set(reasons) == influx.lines & wanted, within_s=30, every_s=0.5)
    of_records = [write for write in influx.requests if write.measurement == "fill"]
    search = math.ceil(math.log2(max(write.lines for write in of_records))) + 1
    figures(
        points=len(wanted),
        refused=len(reasons),
        requests=len(of_records),
        most_requests=len(reasons) * search + 1,
    )
    hold_the_journal_against_the_load(run, load, figures)
    assert len(reasons) > 10
    assert len(of_records) <= len(reasons) * search + 1


def test_a_store_that_lets_nobody_in_is_told_at_once_and_not_hammered(
    run: WholeRun, influx: ScriptedInflux, pytestconfig: pytest.Config, figures: TellFigures
) -> None:
    shut_s = 65.0 if pytestconfig.getoption("--full-drills") else 6.0
    influx.mood = Mood(status=401, status_of={BucketNames().hourly: 404})  # one bucket is missing
    run.start("broker")
    run.wait_ready("broker")
    run.start("edge", "ingest")
    run.wait_ready("edge")
    load = DeviceLoad(run, per_s=100, devices=LOADED)
    load.start()
    try:
        began_s = time.monotonic()
        assert until(lambda: "influxdb" in run.problems_of("ingest"), within_s=60)
        told_after_s = time.monotonic() - began_s
        threading.Event().wait(shut_s)
    finally:
        load.stop()
    assert told_after_s <= 60
    assert run.counted("ingest", "huanwei_influx_closed") >= 1
    # However the writers' requests mix, one more than there are writers take at least one pause.
    asked_s = sorted(write.at_s for write in influx.requests)
    rounds_s = [asked_s[n + FEEDS] - asked_s[n] for n in range(len(asked_s) - FEEDS)]
    figures(
        told_after_s=told_after_s,
        shut_for_s=shut_s,
        requests=len(asked_s),
        writers=FEEDS,
        **({"shortest_round_s": min(rounds_s)} if rounds_s else {}),
    )
    assert {write.bucket for write in influx.requests} >= {BucketNames().raw, BucketNames().hourly}
    assert all(round_s >= CLOSED_RETRY_S for round_s in rounds_s), rounds_s
    if pytestconfig.getoption("--full-drills"):
        assert len(asked_s) >= 2 * FEEDS  # they did ask again
    assert run.log_of("ingest").count("influxdb_closed") <= FEEDS
    assert not influx.lines

    influx.mood = TAKES
    run.end("ingest")  # whoever mends a token starts the process anew, or waits half a minute
    run.start("ingest")
    run.wait_ready("ingest")
    wanted = expected_lines(run)
    assert len(wanted) > 200
    assert until(lambda: wanted <= influx.lines, within_s=30, every_s=0.5)
    hold_the_journal_against_the_load(run, load, figures)
