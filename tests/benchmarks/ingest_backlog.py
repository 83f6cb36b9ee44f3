"""Latency at half load, then a long outage: memory, and how fast a backlog drains beside live load.

The live gateway sends at a steady rate all the time; others come back with a million records of
``--sensors`` in all, five minutes apart each, and a window as a gateway keeps it. Goals: p99 from
publication to the ack (so the commit lies within) 200 ms at half of the highest rate; 150 MB; the
backlog drains at 5 times the live rate.

    python -m tests.benchmarks.ingest_backlog [--seconds 30] [--records 1000000] [--live 2000]
        [--gateways 1] [--sensors 2000] [--only latency|drain] [--within 900]
"""

import argparse
import statistics
import tempfile
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from tests.benchmarks.ingest_load import Load, Sending, sending, shared_among
from tests.benchmarks.ingest_process import IngestProcess, assert_journalled, ingest_process
from tests.benchmarks.ingest_rate import running_broker, watch
from tests.benchmarks.surroundings import print_surroundings
from tests.benchmarks.time_limit import TimeLimit, time_limit
from tests.fakes.ingest_samples import OTHER_BOOT
from tests.servers import RunningBroker

SENSORS, INTERVAL = 2_000, timedelta(minutes=5)
_LIVE_BATCH = 50
_FULL = Load(size=_LIVE_BATCH, window=32, sensors=SENSORS)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency_at_half_load(broker: RunningBroker, seconds: float) -> None:
    """Find the highest rate, then measure at half of it; print both."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ingest_process(broker, Path(folder), sensors=SENSORS) as ingest,
    ):
        with sending(broker.port, _FULL, seconds) as under_way:
            highest = watch(ingest, seconds).rate
            under_way.result(within_s=60)
        half = Load(
            size=_LIVE_BATCH,
            window=1_000,
            sensors=SENSORS,
            rate=highest / 2,
            boot_id=OTHER_BOOT,
            ago=timedelta(seconds=1),
        )
        with sending(broker.port, half, seconds) as under_way:
            sent = under_way.result(within_s=seconds + 60)
    times_ms = [1_000 * each for each in sent.latencies_s]
    print(
        "| records/s | p50, ms | p99, ms | worst, ms | resends |\n| --- | --- | --- | --- | --- |"
    )
    print(
        f"| {sent.acknowledged / sent.seconds:,.0f} (half of {highest:,.0f})"
        f" | {statistics.median(times_ms):.0f} | {percentile(times_ms, 0.99):.0f}"
        f" | {max(times_ms):.0f} | {sent.resends} |\n"
    )


def drain(
    broker: RunningBroker,
    records: int,
    live_rate: float,
    gateways: int,
    sensors_in_all: int,
    limit: TimeLimit,
) -> None:
    """Drain the backlogs of so many gateways beside the live load of another.

    Prints their rate, memory and the live gateway's latency.
    """
    sensors, each = sensors_in_all // gateways, records // gateways
    live = Load(
        size=_LIVE_BATCH, window=1_000, sensors=sensors, rate=live_rate, ago=timedelta(seconds=1)
    )
    span = (each // sensors + 1) * INTERVAL
    backlog = Load(
        size=500,
        window=32,
        sensors=sensors,
        most=each - each % 500,
        every=INTERVAL,
        ago=span + timedelta(minutes=20),
        boot_id=OTHER_BOOT,
    )
    backlogs = shared_among(backlog, gateways + 1)[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ingest_process(broker, folder, sensors=sensors, gateways=gateways + 1) as ingest:
            idle_mb = ingest.sample().rss_mb
            with (
                sending(broker.port, live, records / live_rate) as living,
                sending(broker.port, backlogs, 3_600) as draining,
            ):
                highest_mb, behind, cpu_s = _watch_memory(ingest, draining, limit)
                limit.doing = "the stand-ins ended"
                drained = draining.result(within_s=60)
                living.stop()
                lived = living.result(within_s=60)
        limit.doing = "the journal was compared with what was acknowledged"
        for load in backlogs:
            assert_journalled(folder, OTHER_BOOT, load.most, load.gateway_id)
        assert_journalled(folder, live.boot_id, lived.acknowledged)
    cost_us = 1e6 * cpu_s / (drained.acknowledged + lived.acknowledged)
    rate, lived_at = drained.acknowledged / drained.seconds, lived.acknowledged / lived.seconds
    print("| | |\n| --- | --- |")
    print(
        f"| backlog | {drained.acknowledged:,} records of {gateways} gateways"
        f" in {drained.seconds:.0f} s |"
    )
    print(f"| drained at | {rate:,.0f} records/s: {rate / lived_at:.1f} × the live rate |")
    print(f"| live beside it | {lived_at:,.0f} records/s |")
    print(
        f"| live, publication to ack | p50 {1e3 * statistics.median(lived.latencies_s):.0f} ms,"
        f" p99 {1e3 * percentile(lived.latencies_s, 0.99):.0f} ms |"
    )
    print(f"| CPU of ingest | {cost_us:.1f} µs a record |")
    print(f"| memory (RSS) | {idle_mb:.0f} MB before, {highest_mb:.0f} MB at most |")
    print(f"| series behind the journal | {behind:,.0f} entries at most |")
    print(f"| resends | {drained.resends} of the backlog, {lived.resends} of the live load |")


def _watch_memory(
    ingest: IngestProcess, until_ended: Sending, limit: TimeLimit
) -> tuple[float, float, float]:
    """Return the highest RSS in MB, the farthest the series was behind, and the CPU used."""
    pause, first = threading.Event(), ingest.sample()
    highest_mb = behind = 0.0
    sample = first
    while until_ended.running:
        limit.doing = f"draining: {sample.accepted:,.0f} records accepted, the live ones among them"
        sample = ingest.sample()
        highest_mb, behind = max(highest_mb, sample.rss_mb), max(behind, sample.series_backlog)
        pause.wait(0.2)
    return highest_mb, behind, sample.cpu_s - first.cpu_s


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="Latency, memory and draining of ingest.")
    arguments.add_argument("--seconds", type=float, default=30.0, help="of each latency run")
    arguments.add_argument("--records", type=int, default=1_000_000, help="in the backlog")
    arguments.add_argument("--live", type=float, default=2_000.0, help="live records a second")
    arguments.add_argument("--gateways", type=int, default=1, help="that come back at once")
    arguments.add_argument("--sensors", type=int, default=SENSORS, help="with a backlog, in all")
    arguments.add_argument("--only", choices=("latency", "drain"))
    arguments.add_argument("--within", type=float, default=900.0, help="seconds, or it failed")
    options = arguments.parse_args()
    print_surroundings("Latency at half load, memory, and a backlog")
    with (
        time_limit(options.within) as limit,
        tempfile.TemporaryDirectory() as folder,
        running_broker(folder, options.gateways + 1) as broker,
    ):
        if options.only != "drain":
            limit.doing = "measuring latency at half load"
            latency_at_half_load(broker, options.seconds)
        if options.only != "latency":
            limit.doing = "connecting those who come back"
            drain(broker, options.records, options.live, options.gateways, options.sensors, limit)


if __name__ == "__main__":
    main()
