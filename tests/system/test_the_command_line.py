"""The commands as a user types them: what they print, their exit codes, and what they leave."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from huanwei import __version__
from tests import loopback
from tests.servers import free_ports, free_ports_in_a_row

pytestmark = pytest.mark.takes_s(30)


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "huanwei", *arguments),
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_version_is_one_line(tmp_path: Path) -> None:
    assert run("version", folder=tmp_path).stdout.strip() == __version__


def test_init_makes_a_run_that_loads_and_never_overwrites_one(tmp_path: Path) -> None:
    first = run("init", "district", folder=tmp_path)
    second = run("init", "district", folder=tmp_path)
    listed = run("dead-letters", "--settings", "district/huanwei.toml", "--json", folder=tmp_path)

    assert first.returncode == 0, first.stderr
    assert (tmp_path / "district" / "registry.json").exists()
    written = [tmp_path / "district", *(tmp_path / "district").rglob("*")]
    assert [path for path in written if path.stat().st_mode & 0o077] == []
    assert second.returncode == 1
    assert "huanwei.toml" in second.stderr
    assert json.loads(listed.stdout) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("up", "--settings", "nothing.toml"), 2, "nothing.toml: no such file"),
        (("up", "--settings", "district/huanwei.toml", "--only", "kitchen"), 2, "--only: one of"),
        (("demo", "--speed", "0"), 2, "speed"),
        (("demo", "--keep"), 1, "no earlier run"),
        (("vision", "check", "nothing.jpg", "--bin", "1,2"), 1, "not a box"),
        (("cook",), 2, "cook"),
    ],
)
def test_a_wrong_call_says_why_in_plain_words(
    tmp_path: Path, arguments: Sequence[str], code: int, said: str
) -> None:
    run("init", "district", folder=tmp_path)

    done = run(*arguments, folder=tmp_path)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_up_refuses_the_clock_of_a_demo(tmp_path: Path) -> None:
    run("init", "district", folder=tmp_path)
    settings = tmp_path / "district" / "huanwei.toml"
    text = settings.read_text("utf-8").replace("[run]\n", '[run]\nclock_anchor = "clock.json"\n')
    settings.write_text(text, "utf-8")

    done = run("up", "--settings", str(settings), folder=tmp_path)

    assert done.returncode == 2
    assert "run.clock_anchor" in done.stderr


def test_the_same_seed_simulates_the_same_bytes(tmp_path: Path) -> None:
    one, two, other = (
        run("simulate", "--hours", "2", "--seed", seed, "--out", out, "--json", folder=tmp_path)
        for out, seed in (("a", "5"), ("b", "5"), ("c", "6"))
    )

    ledgers = [(tmp_path / out / "ledger.jsonl").read_bytes() for out in "abc"]
    assert json.loads(one.stdout)["sent"] > 500
    assert two.returncode == other.returncode == 0
    assert ledgers[0] == ledgers[1] != ledgers[2]
    again = run("simulate", "--hours", "2", "--out", "a", folder=tmp_path)
    assert again.returncode == 1
    assert "is there already" in again.stderr


def test_photographs_are_scored_and_one_bad_file_stops_none(tmp_path: Path) -> None:
    picture = np.random.default_rng(3).integers(40, 220, (60, 80, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "good.jpg"), cv2.resize(picture, (640, 480)))
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8 not a picture")

    done = run(
        *("vision", "check", "bad.jpg", "good.jpg", "--bin", "100,100,200,300", "--json"),
        folder=tmp_path,
    )

    bad, good = json.loads(done.stdout)
    assert done.returncode == 1
    assert bad["error"]
    assert 0 <= good["overflow_score"] <= 1


class Demo:
    """A demo in a folder of its own, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        console, simulator, *health = free_ports(6)
        self.console_url = f"http://127.0.0.1:{console}"
        self.simulator_url = f"http://127.0.0.1:{simulator}"
        self.arguments = (
            f"--console-port={console}",
            f"--simulator-port={simulator}",
            f"--broker-port={free_ports_in_a_row(3)}",
        )
        names = ("EDGE", "INGEST", "CENTRE", "SIMULATOR")
        self.environment = {
            f"HUANWEI_{name}__HEALTH_PORT": str(port)
            for name, port in zip(names, health, strict=True)
        }
        self.lines: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self, *more: str) -> None:
        """Start it and read on until it is ready."""
        self._process = subprocess.Popen(
            (sys.executable, "-u", "-m", "huanwei", "demo", *self.arguments, *more),
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.lines = []
        watchdog = threading.Timer(60, self._process.send_signal, (signal.SIGINT,))
        watchdog.start()
        try:
            for line in self._process.stdout:
                self.lines.append(line)
                if line.startswith("The business clock"):
                    return
        finally:
            watchdog.cancel()
            watchdog.join()
        self._process.stdout.close()
        self._process.wait(30)
        raise AssertionError(f"the demo did not get ready: {''.join(self.lines)}")

    def interrupt(self) -> int:
        """Press Ctrl-C, and return the exit code; nothing of it may be left."""
        assert self._process is not None
        assert self._process.stdout is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(signal.SIGINT)
        self.lines += self._process.stdout.readlines()
        code = self._process.wait(30)
        self._process.stdout.close()
        assert [child for child in children if child.is_running()] == []
        return code


def test_the_demo_starts_refuses_taken_ports_stops_cleanly_and_goes_on(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    demo.start("--speed=120")
    try:
        ready = [line.split()[0] for line in demo.lines if "ready after" in line]
        places = loopback.get(f"{demo.console_url}/api/v1/places").json()["places"]
        phone = loopback.get(f"{demo.simulator_url}/phone/crew-visitor")
        second = run("demo", *demo.arguments, folder=tmp_path)
    finally:
        code = demo.interrupt()

    assert sorted(ready) == ["broker", "centre", "edge", "ingest", "sim"]
    assert len(places) == 60
    assert phone.status_code == 200
    assert second.returncode == 1
    # Not those of the probes: for them a second demo finds others.
    assert second.stderr.count(" is taken by process ") == 5
    assert second.stderr.count(" (--") == 5
    assert "huanwei.role centre" in second.stderr
    assert code == 0
    assert demo.lines[-1] == "Stopped.\n"
    (folder,) = (tmp_path / "var" / "demo").iterdir()

    demo.start("--keep")
    kept = loopback.get(f"{demo.console_url}/api/v1/places").status_code
    assert demo.interrupt() == 0
    assert kept == 200
    assert list((tmp_path / "var" / "demo").iterdir()) == [folder]
