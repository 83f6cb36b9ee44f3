"""A real InfluxDB 2 for tests: found by ``INFLUXD_BIN`` or on the path, started on loopback."""

import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from influxdb_client import InfluxDBClient, OnboardingRequest, SetupService

from ingest.influx.server import InfluxAddress
from tests.servers import free_ports, skip_without

ORG = "huanwei"
ADMIN_TOKEN = "admin-token-of-tests"  # noqa: S105  of a server that lives for a test


def find_influxd() -> str | None:
    """Return the program, or None."""
    return os.environ.get("INFLUXD_BIN") or shutil.which("influxd")


class RunningInflux:
    """An InfluxDB server that a test owns: it can be stopped and started again on its data."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, token: str = ADMIN_TOKEN) -> InfluxAddress:
        """Return how a client reaches it."""
        return InfluxAddress(url=self.url, org=ORG, token=token)

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers."""
        program = find_influxd()
        assert program is not None
        with (self._folder / "influxd.log").open("ab") as lines:
            self._process = subprocess.Popen(
                [
                    program,
                    *("--http-bind-address", f"127.0.0.1:{self._port}"),
                    *("--bolt-path", str(self._folder / "bolt")),
                    *("--sqlite-path", str(self._folder / "sqlite")),
                    *("--engine-path", str(self._folder / "engine")),
                    *("--reporting-disabled", "--ui-disabled", "--log-level", "warn"),
                ],
                stdout=lines,
                stderr=lines,
            )
        deadline_s = time.monotonic() + 15
        while time.monotonic() < deadline_s:
            try:
                urllib.request.urlopen(f"{self.url}/ready", timeout=1).close()  # noqa: S310  loopback
            except OSError:
                threading.Event().wait(0.02)
            else:
                return
        self.stop()
        raise AssertionError(f"influxd did not start: see {self._folder / 'influxd.log'}")

    def set_up(self) -> None:
        """Make the first user, the organisation and the token that may do everything."""
        with InfluxDBClient(url=self.url, token="") as client:
            SetupService(client.api_client).post_setup(
                OnboardingRequest(
                    username="admin",
                    password="password-of-tests",  # noqa: S106  as the token
                    org=ORG,
                    bucket="first",
                    token=ADMIN_TOKEN,
                )
            )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the server."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(15)
            self._process = None


def start_influx(folder: Path) -> RunningInflux:
    """Start a server that is set up, or skip the test where there is none."""
    skip_without("influxd", find_influxd())
    running = RunningInflux(folder)
    running.start()
    running.set_up()
    return running
