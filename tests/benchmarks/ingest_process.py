"""Ingest in a process of its own, as a run has it, for benchmarks to watch from outside."""

import multiprocessing
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry

from huanwei.business_clock import SystemClock
from ingest.collector import CalmCollector
from ingest.device_watch import RateLimits
from ingest.journal_stores import SqliteJournalStore
from ingest.metrics import IngestMetrics
from ingest.service import IngestService
from tests.benchmarks.ingest_load import registry_of
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from tests.servers import GATEWAY_ID, PASSWORDS, RunningBroker
from wire.client import BrokerAddress

NO_LIMIT = RateLimits(times_registered_rate=1e9, burst=1_000_000_000)
"""The sensors send a thousand times as often as any may: the limit is looked at, never reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the process had done and used so far, by its own count."""

    accepted: float
    cpu_s: float
    rss_mb: float
    series_backlog: float
    threads_s: dict[str, float]


def _sample(metrics: CollectorRegistry) -> Sample:
    def value(name: str, **labels: str) -> float:
        return metrics.get_sample_value(f"huanwei_ingest_{name}", labels) or 0.0

    process = psutil.Process()
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    return Sample(
        accepted=value("records_total", outcome="accepted")
        + value("records_total", outcome="late"),
        cpu_s=sum(process.cpu_times()[:2]),
        rss_mb=process.memory_info().rss / 1e6,
        series_backlog=value("series_backlog_entries"),
        threads_s={
            names.get(thread.id, "other"): thread.user_time + thread.system_time
            for thread in process.threads()
        },
    )


def _serve(
    pipe: Connection, host: str, port: int, folder: Path, sensors: int, gateways: int
) -> None:
    metrics = CollectorRegistry()
    service = IngestService(
        clock=SystemClock(),
        registry=MemoryRegistry(registry_of(sensors, gateways)),
        journal=SqliteJournalStore(folder / "journal.db"),
        series_path=folder / "series.db",
        pictures=MemoryPictures(),
        broker=BrokerAddress(host=host, port=port, username="ingest", password=PASSWORDS["ingest"]),
        metrics=IngestMetrics(metrics),
        limits=NO_LIMIT,
    )
    CalmCollector().start()
    service.start()
    pause = threading.Event()
    while service.readiness():
        pause.wait(0.01)
    pipe.send(_sample(metrics))
    while pipe.recv():
        pipe.send(_sample(metrics))
    service.stop()


class IngestProcess:
    """Answers what its process has done and used."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def sample(self) -> Sample:
        """Ask the process."""
        self._pipe.send(obj=True)
        answer: Sample = self._pipe.recv()
        return answer


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Let processes that are started meanwhile have these; what was set stays."""
    new = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            del os.environ[name]


@contextmanager
def ingest_process(
    broker: RunningBroker, folder: Path, *, sensors: int = 200, gateways: int = 1
) -> Iterator[IngestProcess]:
    """Run ingest over the files of ``folder``; it has connected when this begins.

    Its memory is kept as ``huanwei up`` has it kept.
    """
    from huanwei.run_plan import environment_of  # noqa: PLC0415  10 MB in the process we weigh

    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(
        target=_serve, args=(theirs, broker.host, broker.port, folder, sensors, gateways)
    )
    with _environment(environment_of("ingest")):
        process.start()
    try:
        ours.recv()
        yield IngestProcess(ours)
    finally:
        ours.send(obj=False)
        process.join(30)
        if process.is_alive():
            process.kill()


def assert_journalled(
    folder: Path, boot_id: str, acknowledged: int, gateway_id: str = GATEWAY_ID
) -> None:
    """Raise unless the journal holds just what was acknowledged, each sequence once."""
    with sqlite3.connect(folder / "journal.db") as connection:
        runs = connection.execute(
            "SELECT first, count FROM runs JOIN uplinks"
            " ON number = uplink WHERE boot_id = ? AND first <= ? AND gateway_id = ?",
            (boot_id, acknowledged, gateway_id),
        ).fetchall()
    connection.close()
    sequences = [s for first, count in runs for s in range(first, first + count)]
    sequences = [sequence for sequence in sequences if sequence <= acknowledged]
    rows, different = len(sequences), len(set(sequences))
    if not rows == different == acknowledged:
        msg = f"{acknowledged} acknowledged, {rows} in the journal, {different} different"
        raise AssertionError(msg)
