"""How soon the demo is ready, and what it costs: ``python -m tests.benchmarks.demo_cost``.

Goals: ready within 10 s, at most 550 MB PSS in all, under one core at 60 x.
"""

import argparse
import signal
import subprocess
import sys
import threading
import time

import psutil

from tests.benchmarks.surroundings import cpu_s, print_surroundings, pss_mb, tree
from tests.servers import free_ports


def measure(run_s: float) -> dict[str, object]:
    """Start a demo on free ports, let it run, and end it."""
    console, simulator, broker = free_ports(3)
    began_s = time.monotonic()
    demo = subprocess.Popen(
        (
            sys.executable,
            "-u",
            "-m",
            "huanwei",
            "demo",
            f"--console-port={console}",
            f"--simulator-port={simulator}",
            f"--broker-port={broker}",
        ),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert demo.stdout is not None
        for line in demo.stdout:
            print("  |", line.rstrip())
            if line.startswith("Open"):
                break
        ready_s = time.monotonic() - began_s
        threading.Event().wait(5)
        processes = tree(demo.pid)
        cpu_before, at_s = cpu_s(processes), time.monotonic()
        highest = 0.0
        while time.monotonic() - at_s < run_s:
            threading.Event().wait(2)
            highest = max(highest, pss_mb(tree(demo.pid)))
        cores = (cpu_s(processes) - cpu_before) / (time.monotonic() - at_s)
        by_process = {_name(p): round(pss_mb([p]), 1) for p in tree(demo.pid)}
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(30)
    return {
        "ready_s": round(ready_s, 1),
        "pss_mb_highest": round(highest),
        "cores": round(cores, 2),
        "pss_mb_by_process": by_process,
    }


def _name(process: psutil.Process) -> str:
    words = [word for word in process.cmdline() if not word.startswith("-")]
    return f"{' '.join(word.rsplit('/', 1)[-1] for word in words[:3])} ({process.pid})"


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=float, default=60)
    print_surroundings("The demo's cost")
    for name, value in measure(arguments.parse_args().seconds).items():
        print(f"{name}: {value}")
