"""What ingest costs by the number of devices, each sending at the same rate.

Goal: ten times the devices cost at most eleven times the CPU. Writes JSON for a plot:

    python -m tests.benchmarks.ingest_growth [--seconds 20] [--json growth.json]
    python -m tests.benchmarks.growth_plot growth.json docs/images/ingest-growth.svg
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

from tests.benchmarks.ingest_load import Load, sending
from tests.benchmarks.ingest_process import assert_journalled, ingest_process
from tests.benchmarks.ingest_rate import running_broker
from tests.benchmarks.surroundings import machine, print_surroundings
from tests.servers import RunningBroker

DEVICES = (200, 2_000, 20_000)
EVERY = timedelta(seconds=2)
"""A hundred and fifty times as often as a sensor of five minutes: small loads cost too little."""

_BATCH = 50


def cores_for(broker: RunningBroker, devices: int, seconds: float) -> tuple[float, float]:
    """Return the cores that ingest used for so many devices, and records a second."""
    load = Load(
        size=_BATCH,
        window=1_000,
        sensors=devices,
        rate=devices / EVERY.total_seconds(),
        every=EVERY,
        ago=timedelta(seconds=1),
    )
    pause = threading.Event()
    with tempfile.TemporaryDirectory() as name:
        with (
            ingest_process(broker, Path(name), sensors=devices) as ingest,
            sending(broker.port, load, 3_600) as under_way,
        ):
            while ingest.sample().accepted < devices:  # until each of them is known
                pause.wait(0.05)
            first, first_s = ingest.sample(), time.monotonic()
            pause.wait(seconds)
            last, took_s = ingest.sample(), time.monotonic() - first_s
            under_way.stop()
            sent = under_way.result(within_s=60)
        assert_journalled(Path(name), load.boot_id, sent.acknowledged)
    return (last.cpu_s - first.cpu_s) / took_s, (last.accepted - first.accepted) / took_s


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="The cost of ingest by devices.")
    arguments.add_argument("--seconds", type=float, default=20.0, help="of each run")
    arguments.add_argument("--rounds", type=int, default=3, help="interleaved runs of each")
    arguments.add_argument("--json", type=Path, help="where to write the figures")
    options = arguments.parse_args()
    print_surroundings("The cost of ingest by devices")
    runs: dict[int, list[tuple[float, float]]] = {devices: [] for devices in DEVICES}
    for _ in range(options.rounds):
        for devices in DEVICES:
            with tempfile.TemporaryDirectory() as folder, running_broker(folder) as broker:
                runs[devices].append(cores_for(broker, devices, options.seconds))
    points: list[dict[str, float]] = []
    print("| devices | records/s | cores of ingest | times the CPU of a tenth |")
    print("| --- | --- | --- | --- |")
    for devices, each in runs.items():
        cores, rate = (statistics.median(column) for column in zip(*each, strict=True))
        grown = f"{cores / points[-1]['cores']:.1f}" if points else ""
        print(f"| {devices:,} | {rate:,.0f} | {cores:.3f} | {grown} |")
        points.append({"devices": devices, "records_a_second": rate, "cores": cores})
    if options.json is not None:
        content = {"machine": machine(), "every_s": EVERY.total_seconds(), "points": points}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
