"""``huanwei district`` with real servers: every panel of every dashboard gets an answer."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from huanwei.business_clock import AnchoredClock
from huanwei.district.local_influx import find_influxd
from huanwei.district.local_postgres import find_postgres
from huanwei.district.panels import DistrictSources, ask_every_panel
from huanwei.district.run import district_start, newest_district
from huanwei.settings import load_settings
from tests.servers import free_ports, free_ports_in_a_row, skip_without

pytestmark = pytest.mark.takes_s(50)

HEALTH = ("EDGE", "INGEST", "CENTRE", "SIMULATOR")


class District:
    """A district's command at work, with its lines."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self._process = process

    @property
    def said(self) -> str:
        return (self.folder / "said.txt").read_text("utf-8")

    def wait_for(self, words: str, *, within_s: float) -> None:
        deadline_s = time.monotonic() + within_s
        while words not in self.said:
            assert self._process.poll() is None, self.said
            assert time.monotonic() < deadline_s, self.said
            threading.Event().wait(0.1)

    def end(self) -> int:
        """End it as Ctrl-C does; return its exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)


@contextmanager
def district(folder: Path, *arguments: str, **environment: str) -> Iterator[District]:
    ports = free_ports(10)
    health = {
        f"HUANWEI_{name}__HEALTH_PORT": str(port) for name, port in zip(HEALTH, ports, strict=False)
    }
    broker = ("MQTT", "ADMINISTRATION", "MONITORING")
    health |= {
        f"HUANWEI_BROKER__{name}_PORT": str(port)
        for name, port in zip(broker, ports[4:], strict=False)
    }
    with (folder / "said.txt").open("ab") as lines:
        process = subprocess.Popen(
            (
                *(sys.executable, "-m", "huanwei", "district", *arguments),
                *("--console-port", str(ports[7]), "--simulator-port", str(ports[8])),
                *("--servers-port", str(free_ports_in_a_row(3))),
            ),
            cwd=folder,
            env={
                **os.environ,
                **health,
                "HUANWEI_CENTRE__ALERTS_HEALTH_PORT": str(ports[9]),
                "PYTHONUNBUFFERED": "1",
                **environment,
            },
            stdout=lines,
            stderr=lines,
        )
    try:
        yield District(folder, process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_every_panel_of_every_dashboard_gets_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without("postgres", find_postgres())
    skip_without("influxd", find_influxd())
    with district(tmp_path, "--speed", "600") as running:
        running.wait_for("Open ", within_s=60)
        monkeypatch.chdir(tmp_path)
        path, plan = newest_district()
        assert plan.postgres is not None
        sources = DistrictSources(load_settings(path), reader=("grafana", plan.postgres.reader))
        with closing(sources):
            clock = AnchoredClock(path.parent / "clock.json")
            lived = district_start(datetime.now(UTC)) + timedelta(minutes=100)
            deadline_s = time.monotonic() + 90
            while clock.now() < lived:
                threading.Event().wait(0.2)
            while empty := still_empty(path, sources):
                assert time.monotonic() < deadline_s, empty
                threading.Event().wait(2.0)

        assert running.end() == 0
        assert running.said.endswith("Stopped.\n")
    assert not alive(path.parent)


def still_empty(path: Path, sources: DistrictSources) -> list[str]:
    return [
        f"{answer.name} {answer.failure}"
        for answer in ask_every_panel(load_settings(path), sources)
        if answer.empty
    ]


def alive(folder: Path) -> list[str]:
    """Return the command lines of processes that still work in a run's folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words:
            found.append(words)
    return found
