"""Starts the processes of a run, restarts the ones that die, and ends them all together."""

import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import structlog

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 15.0
STEADY_AFTER_S = 30.0
STOP_WITHIN_S = 10.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildProcess:
    """How one process is started, asked for readiness, and where its lines go."""

    name: str
    command: Sequence[str]
    log_path: Path
    ready_url: str
    """``http://...``, or ``tcp://host:port`` of a server that speaks something else."""
    environment: Mapping[str, str] = field(default_factory=dict)
    running: subprocess.Popen[bytes] | None = None
    """Started already, by whoever had to prepare something in it."""
    ends_last: bool = False
    """The others need it until their own end."""


def next_wait_s(previous_s: float, lived_s: float) -> float:
    """Return how long to wait before a restart: doubling, and short again after a steady run."""
    if lived_s >= STEADY_AFTER_S:
        return FIRST_WAIT_S
    return min(max(previous_s * 2, FIRST_WAIT_S), LONGEST_WAIT_S)


def start_process(child: ChildProcess) -> subprocess.Popen[bytes]:
    """Start it, with its lines in its log."""
    child.log_path.parent.mkdir(parents=True, exist_ok=True)
    with child.log_path.open("ab") as lines:
        return subprocess.Popen(  # noqa: S603  commands of ours only
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=lines,
            env={**os.environ, **child.environment},
            start_new_session=True,
        )


def is_ready(ready_url: str) -> bool:
    """Ask once whether a process is ready."""
    url = urlsplit(ready_url)
    if url.scheme == "tcp":
        try:
            socket.create_connection((str(url.hostname), url.port or 0), timeout=1.0).close()
        except OSError:
            return False
        return True
    # The standard library's client: a supervisor stays for ever, and should stay small.
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=1.0)
    try:
        connection.request("GET", url.path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Supervisor:
    """Keeps children running until told to stop.

    ``run`` must be called from the main thread: the kernel ties the children's lives to the
    thread that started them.
    """

    def __init__(
        self,
        children: Sequence[ChildProcess],
        *,
        on_ready: Callable[[str, float], None],
        on_end: Callable[[str, int, Path], None],
    ) -> None:
        self._children = [_Child(child) for child in children]
        self._on_ready = on_ready
        self._on_end = on_end
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask ``run`` to end the children and return. Not for signal handlers."""
        self._stop.set()

    def run(self, *, asked_to_end: Callable[[float], bool] | None = None) -> None:
        """Start all, in order, and watch them until :meth:`stop` or until ``asked_to_end``.

        ``asked_to_end`` waits for the seconds it is given, or until it has something to tell.
        """
        wait = asked_to_end or self._stop.wait
        try:
            while not self._stop.is_set():
                for child in self._children:
                    self._look_after(child)
                if wait(0.1):
                    return
        finally:
            for ends_last in (False, True):
                ending = [c for c in self._children if c.settings.ends_last is ends_last]
                for child in reversed(ending):
                    child.ask_to_stop()
                for child in reversed(ending):
                    child.wait_for_end()

    def pid(self, name: str) -> int | None:
        """Return the process id of a running child."""
        for child in self._children:
            if child.settings.name == name and child.process is not None:
                return child.process.pid
        return None

    def _look_after(self, child: "_Child") -> None:
        if child.process is None:
            if time.monotonic() >= child.start_at_s:
                child.start()
        elif (code := child.process.poll()) is not None:
            child.process = None
            child.wait_s = next_wait_s(child.wait_s, time.monotonic() - child.started_s)
            child.start_at_s = time.monotonic() + child.wait_s
            log.warning("process_ended", name=child.settings.name, code=code, wait_s=child.wait_s)
            self._on_end(child.settings.name, code, child.settings.log_path)
        elif not child.ready and child.answers():
            child.ready = True
            self._on_ready(child.settings.name, time.monotonic() - child.started_s)


class _Child:
    def __init__(self, settings: ChildProcess) -> None:
        self.settings = settings
        self.process = settings.running
        self.started_s = time.monotonic()
        self.start_at_s = 0.0
        self.wait_s = 0.0
        self.ready = False
        self._next_probe_s = 0.0

    def start(self) -> None:
        self.process = start_process(self.settings)
        self.started_s = time.monotonic()
        self.ready = False

    def answers(self) -> bool:
        """Whether the process says it is ready; asked at most five times a second."""
        if time.monotonic() < self._next_probe_s:
            return False
        self._next_probe_s = time.monotonic() + 0.2
        return is_ready(self.settings.ready_url)

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait_for_end(self) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            log.warning("process_killed", name=self.settings.name, after_s=STOP_WITHIN_S)
            self.process.kill()
            self.process.wait()
