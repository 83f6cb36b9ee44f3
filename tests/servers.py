"""Real servers for tests: started on loopback with the project's own configuration."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

import pytest

from huanwei.broker.nats_server import BrokerPorts, prepare_broker
from huanwei.broker.users import gateway_user, users_of_one_site

_REQUIRED = os.environ.get("HUANWEI_REQUIRED_SERVERS", "").split()

GATEWAY_ID = "gw-test"
PASSWORDS = {
    "admin": "admin-password-of-tests",
    "ingest": "ingest-password-of-tests",
    GATEWAY_ID: "gateway-password-of-tests",
    "devices": "devices-password-of-tests",
}


def skip_without(server: str, found: object) -> None:
    """Skip the test, naming the server that is missing; fail where it must be there."""
    if found:
        return
    if server in _REQUIRED:
        pytest.fail(f"{server} is missing, and this run must have it")
    pytest.skip(f"not run against a real {server}: none was found")


def free_ports(count: int) -> list[int]:
    """Return loopback ports that nobody else is given: each test process has a range of its own.

    They lie below those that the system hands out by itself, so that no connection takes one
    between this call and the server's start.
    """
    found: list[int] = []
    while len(found) < count:
        port = next(_PORTS)
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


def free_ports_in_a_row(count: int) -> int:
    """Return the first of ``count`` ports in a row, all of them free."""
    found = free_ports(count)
    while found[-1] - found[0] != count - 1:
        found = [*found[1:], *free_ports(1)]
    return found[0]


def _own_ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    own = range(_FIRST_PORT + worker * _PORTS_EACH, _FIRST_PORT + (worker + 1) * _PORTS_EACH)
    # Two runs beside each other begin at different places.
    begin = os.getpid() * 61 % _PORTS_EACH
    return cycle((*own[begin:], *own[:begin]))


_FIRST_PORT, _PORTS_EACH, _WORKERS = 12_000, 1_200, 16
_PORTS = _own_ports()


class RunningBroker:
    """A NATS server that a test owns: it can be killed and started again on the same store."""

    def __init__(self, folder: Path, ports: BrokerPorts, more_gateways: Sequence[str] = ()) -> None:
        self.ports = ports
        self.host = ports.host
        self.port = ports.mqtt
        self.passwords = PASSWORDS
        self._log = folder / "nats-server.log"
        self._prepared = prepare_broker(
            folder,
            ports,
            (
                *users_of_one_site(
                    gateway_id=GATEWAY_ID,
                    gateway_password=PASSWORDS[GATEWAY_ID],
                    ingest_password=PASSWORDS["ingest"],
                    devices_password=PASSWORDS["devices"],
                    admin_password=PASSWORDS["admin"],
                ),
                *(gateway_user(each, PASSWORDS[GATEWAY_ID]) for each in more_gateways),
            ),
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until its MQTT port answers."""
        with self._log.open("ab") as lines:
            self._process = subprocess.Popen(
                self._prepared.command,
                env={**os.environ, **self._prepared.environment},
                stdout=lines,
                stderr=lines,
            )
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
            except OSError:
                threading.Event().wait(0.02)
            else:
                return
        self.stop()
        msg = f"the broker did not start: {self._log.read_text(encoding='utf-8')[-2000:]}"
        raise AssertionError(msg)

    def kill(self) -> None:
        """End the server as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server and give up its store."""
        self._end(signal.SIGTERM)
        self._prepared.store_lock.release()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(15)
            self._process = None


def start_broker(folder: Path, *, more_gateways: Sequence[str] = ()) -> RunningBroker:
    """Start a broker in an empty folder on free ports; all gateways have one password."""
    mqtt, administration, monitoring = free_ports(3)
    running = RunningBroker(
        folder,
        BrokerPorts(
            host="127.0.0.1", mqtt=mqtt, administration=administration, monitoring=monitoring
        ),
        more_gateways,
    )
    running.start()
    return running
