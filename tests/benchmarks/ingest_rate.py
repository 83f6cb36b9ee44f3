"""How many records a second go through a real broker into the committed journal, and their cost.

Stand-ins for four gateways publish from a process of their own and keep a window each of
unacknowledged batches, as gateways do: the rate is what ingest acknowledges, and at the end the
journal is read and must hold exactly what was acknowledged. The time series with its rollups is
written beside it, as in a run. A stock paho subscriber that only counts, before the same senders
with the same windows, takes turns with ingest, and so do the stages of ingest alone.

    python -m tests.benchmarks.ingest_rate [--seconds 60] [--rounds 3]
"""

import argparse
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from ingest.collector import CalmCollector
from tests.benchmarks.ingest_load import Load, gateway_ids, sending, shared_among
from tests.benchmarks.ingest_process import IngestProcess, assert_journalled, ingest_process
from tests.benchmarks.ingest_stages import judge_and_series, readers
from tests.benchmarks.surroundings import print_surroundings
from tests.servers import PASSWORDS, RunningBroker, start_broker
from wire.acks import Ack, encode_ack
from wire.topics import UP_FILTER, ack_topic

SINGLES = Load(size=1, window=500)
GATEWAYS = 4
_TELL_S = 0.005
_STAGE_RECORDS = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one load, watched from outside. ``threads_us``: CPU a record, by thread."""

    rate: float
    slowest_second: float
    records_per_cpu_s: float
    threads_us: dict[str, float]
    rss_mb: float
    series_backlog: float


def through_the_broker(broker: RunningBroker, load: Load, seconds: float) -> Run:
    """Run one load into empty files; raise unless the journal holds what was acknowledged."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            ingest_process(broker, folder, gateways=GATEWAYS) as ingest,
            sending(broker.port, shared_among(load, GATEWAYS), seconds) as under_way,
        ):
            run = watch(ingest, seconds)
            sent = under_way.result(within_s=60)
        for gateway_id, acknowledged in sent.by_gateway.items():
            assert_journalled(folder, load.boot_id, acknowledged, gateway_id)
    return run


def watch(ingest: IngestProcess, seconds: float) -> Run:
    """Sample the process every second, from the first record on."""
    pause = threading.Event()
    while not (first := ingest.sample()).accepted:
        pause.wait(0.01)
    rates, highest, last, last_s = [], first.rss_mb, first, time.monotonic()
    for _ in range(max(1, int(seconds) - 1)):
        pause.wait(1.0)
        sample, now_s = ingest.sample(), time.monotonic()
        rates.append((sample.accepted - last.accepted) / (now_s - last_s))
        highest, last, last_s = max(highest, sample.rss_mb), sample, now_s
    records, cpu_s = last.accepted - first.accepted, last.cpu_s - first.cpu_s
    return Run(
        rate=statistics.median(rates),
        slowest_second=min(rates),
        records_per_cpu_s=records / cpu_s,
        threads_us={
            name: (used - first.threads_s.get(name, 0.0)) / records * 1e6
            for name, used in last.threads_s.items()
        },
        rss_mb=highest,
        series_backlog=last.series_backlog,
    )


def _count(port: int, cpu_ms: "Synchronized[int]", boot_id: str) -> None:
    """Count messages as a stock paho subscriber does, until terminated.

    A thread tells the senders every few milliseconds what was counted, as ingest tells them what it
    has committed: so the same senders can keep the same window before either.
    """
    client = Client(CallbackAPIVersion.VERSION2, client_id="ingest", protocol=MQTTv311)
    client.username_pw_set("ingest", PASSWORDS["ingest"])
    counted: Counter[str] = Counter()

    def on_message(_client: Client, _data: object, message: MQTTMessage) -> None:
        counted[message.topic] += 1

    def on_connect(*_: object) -> None:
        client.subscribe(UP_FILTER, 0)

    def tell() -> None:
        told: dict[str, int] = {}
        pause = threading.Event()
        while not pause.wait(_TELL_S):
            cpu_ms.value = int(time.process_time() * 1_000)
            for topic, through in dict(counted).items():
                if told.get(topic) != through:
                    told[topic] = through
                    ack = encode_ack(Ack(boot_id=boot_id, through=through))
                    client.publish(ack_topic(topic.rpartition("/")[2]), ack)

    client.on_message = on_message
    client.on_connect = on_connect
    client.connect("127.0.0.1", port)
    threading.Thread(target=tell, daemon=True).start()
    client.loop_forever()


def counting(
    broker: RunningBroker, load: Load, seconds: float, gateways: int
) -> tuple[float, float]:
    """Return messages a second, and a CPU second, of a stock paho subscriber that only counts."""
    spawn = multiprocessing.get_context("spawn")
    cpu_ms = spawn.Value("l", 0)
    process = spawn.Process(target=_count, args=(broker.port, cpu_ms, load.boot_id))
    process.start()
    pause = threading.Event()
    pause.wait(2)  # it has subscribed by then, or nothing is counted
    before_ms = cpu_ms.value
    with sending(broker.port, shared_among(load, gateways), seconds) as under_way:
        sent = under_way.result(within_s=seconds + 60)
    cpu_s = (cpu_ms.value - before_ms) / 1_000
    process.kill()
    process.join()
    return sent.acknowledged / sent.seconds, sent.acknowledged / cpu_s


def median_run(runs: list[Run]) -> Run:
    """Return the run of the middle cost a record."""
    return sorted(runs, key=lambda run: run.records_per_cpu_s)[len(runs) // 2]


def print_run(name: str, runs: list[Run]) -> None:
    """Print a line of the table, and where the time of the middle run went."""
    run = median_run(runs)
    rate = statistics.median(each.rate for each in runs)
    slowest = min(each.slowest_second for each in runs)
    print(
        f"| {name} | {rate:,.0f} | {slowest:,.0f} | {run.records_per_cpu_s:,.0f}"
        f" | {1e6 / run.records_per_cpu_s:.1f} | {max(each.rss_mb for each in runs):.0f} |"
    )


def print_threads(name: str, run: Run) -> None:
    """Print where the CPU time of a record went."""
    parts = sorted(run.threads_us.items(), key=lambda part: -part[1])
    print(f"- {name}: " + ", ".join(f"{who} {us:.1f} µs" for who, us in parts if us >= 0.05))


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="The rate of ingest through a real broker.")
    arguments.add_argument("--seconds", type=float, default=60.0, help="of each run")
    arguments.add_argument("--rounds", type=int, default=3, help="interleaved runs of each")
    options = arguments.parse_args()
    print_surroundings("Records into the committed journal")
    loads = {
        "batches of 50, 32 unacknowledged of each gateway": Load(size=50, window=32),
        "one a message, 500 unacknowledged of each": SINGLES,
        "one a message, 32 unacknowledged of each": Load(size=1, window=32),
    }
    runs: dict[str, list[Run]] = {name: [] for name in loads}
    stages: dict[str, list[tuple[float, ...]]] = {name: [] for name in loads}
    counted: list[tuple[float, float]] = []
    for _ in range(options.rounds):
        for name, load in loads.items():
            with (
                tempfile.TemporaryDirectory() as folder,
                running_broker(folder, GATEWAYS) as broker,
            ):
                runs[name].append(through_the_broker(broker, load, options.seconds))
                if load is SINGLES:
                    counted.append(counting(broker, load, options.seconds, GATEWAYS))
            calm = CalmCollector()
            calm.start()
            with tempfile.TemporaryDirectory() as folder:
                alone = judge_and_series(Path(folder), load, _STAGE_RECORDS, GATEWAYS)
            stages[name].append((*alone, *readers(load, _STAGE_RECORDS)))
            calm.stop()
    print("| load | records/s | slowest second | records per CPU s | µs a record | RSS, MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, each in runs.items():
        print_run(name, each)
    rate, cpu = (statistics.median(column) for column in zip(*counted, strict=True))
    print(
        f"| one a message, stock paho that only counts | {rate:,.0f} | | {cpu:,.0f} |"
        f" {1e6 / cpu:.1f} | |"
    )
    print("\nEach stage alone, records per CPU second:\n")
    print("| load | judge and journal | series | bulk reader | stock paho |")
    print("| --- | --- | --- | --- | --- |")
    for name, each_stage in stages.items():
        cells = [statistics.median(column) for column in zip(*each_stage, strict=True)]
        print(f"| {name} | " + " | ".join(f"{cell:,.0f}" for cell in cells) + " |")
    print("\nCPU time a record by thread, of the middle run:\n")
    for name, each in runs.items():
        print_threads(name, median_run(each))


@contextmanager
def running_broker(folder: str, gateways: int = 1) -> Iterator[RunningBroker]:
    """Run a broker of our own in that folder, for so many stand-ins."""
    more = gateway_ids(gateways)[1:]
    broker = start_broker(Path(folder) / "broker", more_gateways=more)
    try:
        yield broker
    finally:
        broker.stop()


if __name__ == "__main__":
    main()
