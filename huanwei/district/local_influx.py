"""An InfluxDB 2 of our own on this machine: found, set up once, and started on loopback."""

import os
import shutil
import sys
from pathlib import Path

import httpx

from huanwei import end_with_parent
from huanwei.errors import StandsInTheWayError
from huanwei.supervision import ChildProcess

ORG = "huanwei"
_TIMEOUT_S = 10.0


def find_influxd() -> str | None:
    """Return the program: ``INFLUXD_BIN``, or on the path; or None."""
    return os.environ.get("INFLUXD_BIN") or shutil.which("influxd")


class LocalInflux:
    """A server with its files in ``folder``; ``admin_token`` may do everything in it."""

    def __init__(self, program: str, folder: Path, *, port: int, admin_token: str) -> None:
        self._program = program
        self._folder = folder
        self._port = port
        self._admin_token = admin_token
        self.url = f"http://127.0.0.1:{port}"

    def child(self, logs: Path) -> ChildProcess:
        """Return the server as a process to start and to watch."""
        self._folder.mkdir(parents=True, exist_ok=True)
        wrapper = (sys.executable, "-P", "-S", end_with_parent.__file__, str(os.getpid()))
        return ChildProcess(
            name="influxdb",
            command=(
                *wrapper,
                self._program,
                *("--http-bind-address", f"127.0.0.1:{self._port}"),
                *("--bolt-path", str(self._folder / "bolt")),
                *("--sqlite-path", str(self._folder / "sqlite")),
                *("--engine-path", str(self._folder / "engine")),
                *("--reporting-disabled", "--ui-disabled", "--log-level", "warn"),
            ),
            log_path=logs / "influxdb.log",
            ready_url=f"{self.url}/ready",
            ends_last=True,
        )

    def set_up(self) -> None:
        """Make the first user and the token, unless they are there.

        Raises ``StandsInTheWayError``.
        """
        try:
            asked = httpx.get(f"{self.url}/api/v2/setup", timeout=_TIMEOUT_S).raise_for_status()
            if not asked.json()["allowed"]:
                return
            first = {
                "username": "huanwei",
                "password": self._admin_token,
                "org": ORG,
                "bucket": "first",
                "token": self._admin_token,
            }
            httpx.post(f"{self.url}/api/v2/setup", json=first, timeout=60).raise_for_status()
        except (httpx.HTTPError, ValueError, KeyError) as error:
            # Not the request, which holds the token.
            msg = f"InfluxDB could not be set up: {type(error).__name__}"
            raise StandsInTheWayError(msg) from None
