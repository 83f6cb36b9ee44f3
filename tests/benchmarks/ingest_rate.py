"""How many records a second go through a real broker into the committed journal.

A stand-in for gateways publishes from a process of its own and keeps a window of unacknowledged
batches, as gateways do: the rate is what ingest acknowledges, and at the end the journal is read
and must hold exactly what was acknowledged. The time series is written beside it, as in a run.

    python -m tests.benchmarks.ingest_rate [--seconds 30] [--rounds 3]
"""

import argparse
import multiprocessing
import os
import platform
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from prometheus_client import CollectorRegistry

from huanwei.broker import find_nats_server
from huanwei.business_clock import SystemClock
from ingest.device_watch import RateLimits
from ingest.inbox import Arrival
from ingest.journal import SqliteJournal
from ingest.metrics import IngestMetrics
from ingest.picture_intake import PictureIntake
from ingest.record_feed import SqliteRecordFeed
from ingest.rounds import Rounds
from ingest.series import SqliteSeries
from ingest.series_follower import SeriesFollower
from ingest.service import IngestService
from tests.fakes.ingest_samples import BOOT, sample_registry, sensor_id
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from tests.servers import GATEWAY_ID, PASSWORDS, RunningBroker, start_broker
from wire.acks import decode_ack
from wire.batches import UplinkBatch, encode_batch
from wire.client import BrokerAddress, Message, MqttClient
from wire.records import decode_record
from wire.topics import ack_topic, up_topic

SENSORS = 200
NO_LIMIT = RateLimits(times_registered_rate=1e9, burst=1_000_000_000)
"""The sensors send a thousand times as often as any may: the limit is looked at, never reached."""

REGISTRY = sample_registry(sensors=SENSORS + 1, gateway_id=GATEWAY_ID)


@dataclass(frozen=True, slots=True)
class Load:
    """Batches of ``size`` records, at most ``window`` of them unacknowledged."""

    size: int
    window: int


def encoded_records(first: int, count: int, start: datetime) -> Iterator[tuple[int, bytes]]:
    """Yield sequences and records, all different: every sensor once, then a millisecond later."""
    for sequence in range(first, first + count):
        at = start + timedelta(milliseconds=sequence // SENSORS)
        text = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}Z"
        yield (
            sequence,
            (
                f'{{"v":1,"device_id":"{sensor_id(sequence % SENSORS)}","observed_at":"{text}",'
                f'"gateway_at":"{text}","values":{{"kind":"fill","measurement_quality":"accepted",'
                f'"filling_level":0.{sequence % 1000:03d},"distance_mm":{sequence % 1500}.5,'
                '"temperature_c":21.5,"battery_v":3.58,"cover_open":false}}'
            ).encode(),
        )


def next_batch(first: int, size: int, start: datetime) -> bytes:
    """Return the payload of the records from ``first``."""
    items = tuple(encoded_records(first, size, start))
    return encode_batch(UplinkBatch(gateway_id=GATEWAY_ID, boot_id=BOOT, oldest=first, items=items))


class Publisher:
    """Keeps the window full until told to stop; what is lost is sent again."""

    def __init__(self, port: int, load: Load) -> None:
        self._load = load
        self._moved = threading.Event()
        self._through = 0
        self._client = MqttClient(
            host="127.0.0.1",
            port=port,
            client_id="publisher",
            subscriptions=[(ack_topic(GATEWAY_ID), 0)],
            on_message=self._receive,
            username=GATEWAY_ID,
            password=PASSWORDS[GATEWAY_ID],
        )

    def _receive(self, message: Message) -> None:
        ack = decode_ack(message.payload)
        through = ack.missing[0][0] - 1 if ack.missing else ack.through
        self._through = max(self._through, through)
        self._moved.set()

    def run(self, until_s: float) -> tuple[int, int]:
        """Publish until then; return how many records were acknowledged, and resends."""
        size, most = self._load.size, self._load.size * self._load.window
        start = datetime.now(UTC) - timedelta(minutes=1)
        sent = resends = 0
        self._client.start()
        while not self._client.subscribed:
            self._moved.wait(0.01)
        while time.monotonic() < until_s:
            while sent - self._through < most:
                if not self._client.publish(
                    up_topic(GATEWAY_ID), next_batch(sent + 1, size, start)
                ):
                    break
                sent += size
            self._moved.clear()
            before = self._through
            if not self._moved.wait(2.0) and self._through == before:
                sent, resends = before, resends + 1
        self._moved.wait(0.5)
        self._client.stop()
        return self._through, resends


def publish(
    port: int, load: Load, seconds: float, answer: "multiprocessing.Queue[tuple[int, int]]"
) -> None:
    """Run in the publisher's process."""
    answer.put(Publisher(port, load).run(time.monotonic() + seconds))


def through_the_broker(broker: RunningBroker, folder: Path, load: Load, seconds: float) -> float:
    """Run one load; print and return the median of records journalled a second."""
    metrics = CollectorRegistry()
    journal_path = folder / "journal.db"
    service = IngestService(
        clock=SystemClock(),
        registry=MemoryRegistry(REGISTRY),
        journal_path=journal_path,
        series_path=folder / "series.db",
        pictures=MemoryPictures(),
        broker=BrokerAddress(
            host=broker.host, port=broker.port, username="ingest", password=PASSWORDS["ingest"]
        ),
        metrics=IngestMetrics(metrics),
        limits=NO_LIMIT,
    )
    service.start()
    pause = threading.Event()
    while service.readiness():
        pause.wait(0.01)
    spawn = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[tuple[int, int]] = spawn.Queue()
    process = spawn.Process(target=publish, args=(broker.port, load, seconds, answer))
    process.start()

    def accepted() -> float:
        return (
            metrics.get_sample_value("huanwei_ingest_records_total", {"outcome": "accepted"}) or 0.0
        )

    while not accepted():
        pause.wait(0.01)
    rates: list[float] = []
    cpu_s, since = time.process_time(), accepted()
    while process.is_alive() and len(rates) < int(seconds) - 1:
        before, before_s = accepted(), time.monotonic()
        pause.wait(1.0)
        rates.append((accepted() - before) / (time.monotonic() - before_s))
    cpu_s, during = time.process_time() - cpu_s, accepted() - since
    acknowledged, resends = answer.get(timeout=30)
    process.join()
    service.stop()
    with sqlite3.connect(journal_path) as connection:
        (rows, sequences) = connection.execute(
            "SELECT count(*), count(DISTINCT sequence) FROM journal WHERE sequence <= ?",
            (acknowledged,),
        ).fetchone()
    connection.close()
    if not rows == sequences == acknowledged:
        msg = f"{acknowledged} acknowledged, {rows} in the journal, {sequences} different"
        raise AssertionError(msg)
    backlog = metrics.get_sample_value("huanwei_ingest_series_backlog_entries")
    median = statistics.median(rates)
    print(
        f"  batches of {load.size:>3}, window {load.window:>4}: {median:>9,.0f} records/s median,"
        f" {min(rates):,.0f} slowest second of {len(rates)}; {during / cpu_s:,.0f} records per CPU"
        f" second of ingest with its series; series backlog at the end {backlog:,.0f};"
        f" {acknowledged:,} acknowledged = in the journal; {resends} resends"
    )
    return median


def without_broker(folder: Path, size: int, count: int) -> tuple[float, float]:
    """Return records per CPU second of judge and journal, and of the time series."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    arrivals = [
        Arrival(GATEWAY_ID, next_batch(first, size, start)) for first in range(1, count, size)
    ]
    journal = SqliteJournal(folder / "journal.db")
    metrics = IngestMetrics(CollectorRegistry())
    rounds = Rounds(
        journal=journal,
        pictures=PictureIntake(MemoryPictures()),
        registry=MemoryRegistry(REGISTRY),
        clock=SystemClock(),
        metrics=metrics,
        limits=NO_LIMIT,
    )
    per_round = max(1, 1_000 // size)
    before_s = time.process_time()
    for index in range(0, len(arrivals), per_round):
        rounds.run(arrivals[index : index + per_round])
    judged_s = time.process_time() - before_s
    series, feed = SqliteSeries(folder / "series.db"), SqliteRecordFeed(folder / "journal.db")
    follower = SeriesFollower(feed=feed, series=series, metrics=metrics)
    before_s = time.process_time()
    written = 0
    while step := follower.step():
        written += step
    series_s = time.process_time() - before_s
    for part in (feed, series, journal):
        part.close()
    if written != len(arrivals) * size:
        msg = f"{written} of {len(arrivals) * size} records reached the series"
        raise AssertionError(msg)
    return written / judged_s, written / series_s


def print_machine() -> None:
    """Print what the numbers were measured on."""
    server = subprocess.run(
        [str(find_nats_server()), "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    print(f"{model}, {os.cpu_count()} cores, {platform.platform()}")
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version},"
        f" msgspec {version('msgspec')}, paho-mqtt {version('paho-mqtt')}, {server},"
        f" load {os.getloadavg()[0]:.1f}"
    )
    record = next(encoded_records(1, 1, datetime.now(UTC)))[1]
    decode_record(record)
    print(f"records of {len(record)} bytes")


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="The rate of ingest through a real broker.")
    arguments.add_argument("--seconds", type=float, default=30.0, help="of each run")
    arguments.add_argument("--rounds", type=int, default=3, help="runs without the broker")
    options = arguments.parse_args()
    print_machine()
    for size in (50, 1):
        rates = []
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                rates.append(without_broker(Path(folder), size, 50_000))
        judged, series = (statistics.median(column) for column in zip(*rates, strict=True))
        print(
            f"  without broker, batches of {size:>3}: {judged:,.0f} records per CPU second judged"
            f" and journalled; series {series:,.0f} (medians of {options.rounds})"
        )
    for load in (Load(50, 32), Load(1, 32), Load(1, 500)):
        with tempfile.TemporaryDirectory() as folder:
            broker = start_broker(Path(folder) / "broker")
            try:
                through_the_broker(broker, Path(folder), load, options.seconds)
            finally:
                broker.stop()


if __name__ == "__main__":
    main()
