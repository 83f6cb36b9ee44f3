"""The whole path from the broker to an acknowledged write, ours against the usual way.

The usual way (``usual_consumer``): one reading a message, paho's callback, pydantic, ``Point``,
influxdb-client's batching ``WriteApi``; nothing on disk. Ours: the gateway's batches, ingest with
its journal and its embedded series, the writer of InfluxDB. Both read from the same broker and
write into the same kind of sink. Two tables:

- readings at the sink per CPU second of the consuming process, in turns, medians. The usual way
  subscribes at QoS 1, where each reading comes at least once as with ours, and at QoS 0, which
  costs it less;
- the consumer ended under load (SIGTERM, SIGKILL) and started again: readings that never arrived.

    python -m tests.benchmarks.usual_stack [--seconds 10] [--rounds 5] [--only speed|loss]
"""

import argparse
import json
import multiprocessing
import random
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from prometheus_client import CollectorRegistry

from huanwei.business_clock import SystemClock
from ingest.collector import CalmCollector
from ingest.fresh_records import FreshRecords
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.record_lines import RecordLines
from ingest.influx.server import InfluxAddress, InfluxServer
from ingest.influx.service import InfluxFeed, InfluxService
from ingest.journal_stores import SqliteJournalStore
from ingest.metrics import IngestMetrics
from ingest.record_feed import SqliteRecordFeed
from ingest.service import IngestService
from tests.benchmarks import usual_consumer
from tests.benchmarks.acknowledging_sink import Sink, acknowledging_sink
from tests.benchmarks.ingest_load import Load, gateway_ids, registry_of, sending, shared_among
from tests.benchmarks.ingest_process import NO_LIMIT
from tests.benchmarks.surroundings import print_surroundings
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from tests.servers import PASSWORDS, RunningBroker, start_broker
from wire.client import BrokerAddress

SENSORS = 200
BATCH, WINDOW = 50, 32
GATEWAYS = 4
"""As many keep it busy at full load; one waits for its acks now and then."""

MOST_UNDER_WAY = 30_000
"""Of the usual way: as many readings wait in its memory as make full batches, and no more."""

WITHOUT_END = 2**40
THREADS = "threads.json"
SERIES_THREAD = "series-follower"

WARM_UP_S, SETTLE_S = 2.0, 3.0
_SPAWN = multiprocessing.get_context("spawn")


def consume_ours(port: int, url: str, folder: Path, gateways: int, ready: Any) -> None:  # noqa: ANN401  an event has no public type
    """Run ingest and the InfluxDB writer of records until SIGTERM."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    registry, metrics = (
        MemoryRegistry(registry_of(SENSORS // gateways, gateways)),
        CollectorRegistry(),
    )
    server = InfluxServer(InfluxAddress(url=url, org="any", token="any"))  # noqa: S106  the sink takes any
    feed, fresh = SqliteRecordFeed(folder / "journal.db"), FreshRecords()
    influx = InfluxService(
        feeds=(
            InfluxFeed(
                name="records",
                bucket="raw",
                source=RecordLines(feed=feed, registry=registry, fresh=fresh),
                fresh=fresh,
            ),
        ),
        sink=server,
        path=folder / "influx.db",
        clock=SystemClock(),
        rng=random.Random(),
        metrics=InfluxMetrics(metrics),
    )
    ingest = IngestService(
        clock=SystemClock(),
        registry=registry,
        journal=SqliteJournalStore(folder / "journal.db"),
        series_path=folder / "series.db",
        pictures=MemoryPictures(),
        broker=BrokerAddress(
            host="127.0.0.1", port=port, username="ingest", password=PASSWORDS["ingest"]
        ),
        metrics=IngestMetrics(metrics),
        limits=NO_LIMIT,
        fresh=(fresh,),
    )
    CalmCollector().start()
    ingest.start()
    influx.start()
    while ingest.readiness():
        stopping.wait(0.01)
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    (folder / THREADS).write_text(json.dumps(names), encoding="utf-8")
    ready.set()
    stopping.wait()
    ingest.stop()
    influx.stop()
    feed.close()
    server.close()


class Consumer:
    """A consumer that can be ended and started again."""

    def __init__(self, target: Callable[..., None], *arguments: object) -> None:
        self._target = target
        self._arguments = arguments
        self._process = self._start()

    def _start(self) -> Any:  # noqa: ANN401  a process of the spawn context
        ready = _SPAWN.Event()
        process = _SPAWN.Process(target=self._target, args=(*self._arguments, ready))
        process.start()
        if not ready.wait(30):
            msg = "the consumer did not become ready"
            raise AssertionError(msg)
        return process

    def cpu_s(self) -> float:
        """Return the CPU seconds it has used."""
        return sum(psutil.Process(self._process.pid).cpu_times()[:2])

    def thread_s(self, folder: Path, name: str) -> float:
        """Return the CPU seconds of a thread that has told its name, 0 where none has."""
        if not (folder / THREADS).exists():
            return 0.0
        names = json.loads((folder / THREADS).read_text(encoding="utf-8"))
        return sum(
            thread.user_time + thread.system_time
            for thread in psutil.Process(self._process.pid).threads()
            if names.get(str(thread.id)) == name
        )

    def end(self, how: signal.Signals) -> None:
        """Send the signal, wait for the end, and start it again."""
        psutil.Process(self._process.pid).send_signal(how)
        self._process.join(60)
        self._process = self._start()

    def close(self) -> None:
        """End it for good."""
        self._process.kill()
        self._process.join()


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is sent: at most ``rate`` readings a second, ``most`` in all."""

    rate: float = float("inf")
    most: int = WITHOUT_END
    qos: int = 0
    """Of the usual way; our batches are acknowledged by ingest itself."""

    gateways: int = 1
    """Of ours; the sensors are shared among them."""


@dataclass(frozen=True, slots=True)
class Way:
    """A consumer under load; ``finish`` waits until all is sent and returns how much that was."""

    consumer: Consumer
    finish: Callable[[], int]


@contextmanager
def usual_way(broker: RunningBroker, sink: Sink, _folder: Path, demand: Demand) -> Iterator[Way]:
    """Run the usual consumer and devices that publish to it."""
    consumer = Consumer(usual_consumer.consume, broker.port, sink.url, demand.qos)
    taken = _SPAWN.Value("q", 0)
    window = MOST_UNDER_WAY if demand.most == WITHOUT_END else demand.most
    publisher = multiprocessing.get_context("fork").Process(
        target=usual_consumer.publish,
        args=(broker.port, demand.qos, demand.rate, demand.most, window, (taken, sink.arrived)),
    )
    publisher.start()

    def finish() -> int:
        publisher.join(120)
        return int(taken.value)

    try:
        yield Way(consumer, finish)
    finally:
        publisher.kill()
        publisher.join()
        consumer.close()


@contextmanager
def our_way(broker: RunningBroker, sink: Sink, folder: Path, demand: Demand) -> Iterator[Way]:
    """Run ingest with its writer, and gateways that publish to it."""
    consumer = Consumer(consume_ours, broker.port, sink.url, folder, demand.gateways)
    load = Load(
        size=BATCH,
        window=WINDOW,
        sensors=SENSORS // demand.gateways,
        rate=demand.rate,
        most=demand.most,
    )
    try:
        with sending(broker.port, shared_among(load, demand.gateways), 120.0) as under_way:
            yield Way(consumer, lambda: under_way.result(150.0).acknowledged)
    finally:
        consumer.close()


OpenWay = Callable[[RunningBroker, Sink, Path, Demand], Any]
WAYS: dict[str, OpenWay] = {"usual": usual_way, "ours": our_way}
FULL_LOAD: dict[str, tuple[OpenWay, Demand]] = {
    "the usual way, at least once (QoS 1)": (usual_way, Demand(qos=1)),
    "the usual way, at most once (QoS 0)": (usual_way, Demand()),
    "ours, at least once": (our_way, Demand(gateways=GATEWAYS)),
}


@contextmanager
def surrounded(*, remembers: bool) -> Iterator[tuple[RunningBroker, Sink, Path]]:
    """Run a broker and a sink in an empty folder."""
    with tempfile.TemporaryDirectory() as name, acknowledging_sink(remembers=remembers) as sink:
        folder = Path(name)
        broker = start_broker(folder / "broker", more_gateways=gateway_ids(GATEWAYS)[1:])
        try:
            yield broker, sink, folder
        finally:
            broker.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Readings at the sink: by CPU second of the consumer, without its series, by second."""

    by_cpu: float
    without_series: float
    by_time: float


def speed(way: OpenWay, demand: Demand, seconds: float) -> Rate:
    """Measure one way at full load."""
    pause = threading.Event()
    with (
        surrounded(remembers=False) as (broker, sink, folder),
        way(broker, sink, folder, demand) as running,
    ):

        def spent() -> tuple[int, float, float, float]:
            consumer = running.consumer
            series_s = consumer.thread_s(folder, SERIES_THREAD)
            return sink.rows, consumer.cpu_s(), series_s, time.monotonic()

        while not sink.rows:
            pause.wait(0.05)
        pause.wait(WARM_UP_S)
        before = spent()
        pause.wait(seconds)
        rows, cpu_s, series_s, wall_s = (
            now - then for now, then in zip(spent(), before, strict=True)
        )
        return Rate(
            by_cpu=rows / cpu_s, without_series=rows / (cpu_s - series_s), by_time=rows / wall_s
        )


def loss(way: OpenWay, how: signal.Signals, demand: Demand) -> tuple[int, int]:
    """Return how many readings were sent, and how many of them never arrived."""
    pause = threading.Event()
    with (
        surrounded(remembers=True) as (broker, sink, folder),
        way(broker, sink, folder, demand) as running,
    ):
        while sink.points < demand.most / 3:
            pause.wait(0.02)
        # The usual way has just written: half its interval later it holds as much as on average.
        pause.wait(usual_consumer.FLUSH_S / 2)
        running.consumer.end(how)
        sent = running.finish()
        before = -1
        while sink.points != before:
            before = sink.points
            pause.wait(SETTLE_S)
        return sent, sent - sink.points


def report_speed(rounds: int, seconds: float) -> None:
    """Measure all ways in turns and print the medians."""
    found: dict[str, list[Rate]] = {name: [] for name in FULL_LOAD}
    for _ in range(rounds):
        for name, (way, demand) in FULL_LOAD.items():
            found[name].append(speed(way, demand, seconds))
    told = {name: [(rate.by_cpu, rate.by_time) for rate in rates] for name, rates in found.items()}
    ours = found[list(FULL_LOAD)[-1]]
    told["ours, less the embedded series beside it"] = [
        (rate.without_series, rate.by_time) for rate in ours
    ]
    medians = {name: statistics.median(rate[0] for rate in rates) for name, rates in told.items()}
    at_least_once, at_most_once = list(medians.values())[:2]
    print(
        "| readings at the sink | per CPU second | lowest, highest | times QoS 1, QoS 0 | per s |"
    )
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, rates in told.items():
        by_cpu, by_time = zip(*rates, strict=True)
        print(
            f"| {name} | {medians[name]:,.0f} | {min(by_cpu):,.0f}, {max(by_cpu):,.0f} |"
            f" {medians[name] / at_least_once:.1f}, {medians[name] / at_most_once:.1f} |"
            f" {statistics.median(by_time):,.0f} |"
        )
    print(flush=True)


def report_loss(demand: Demand) -> None:
    """End each way both ways and print what was lost."""
    print("| ended under load by | the usual way lost | ours lost | of readings sent |")
    print("| --- | ---: | ---: | ---: |")
    for how in (signal.SIGTERM, signal.SIGKILL):
        told = {name: loss(way, how, demand) for name, way in WAYS.items()}
        print(
            f"| {how.name} | {told['usual'][1]:,} | {told['ours'][1]:,} | {told['ours'][0]:,} |",
            flush=True,
        )


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measured run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("speed", "loss"))
    options = parser.parse_args()
    print_surroundings("The whole path, against the usual way")
    if options.only != "loss":
        report_speed(options.rounds, options.seconds)
    if options.only != "speed":
        report_loss(Demand(rate=1_000, most=6_000, qos=1))


if __name__ == "__main__":
    main()
