"""A live Grafana for tests: one that is told by ``GRAFANA_URL``, or a ``grafana`` on the path.

``GRAFANA_TOKEN``, or ``GRAFANA_USER`` and ``GRAFANA_PASSWORD``, say as whom to speak to it.
"""

import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboards.server import GrafanaAddress
from tests.servers import free_ports, skip_without

_HOMES = ("/usr/share/grafana", "/opt/grafana")


def find_grafana() -> str | None:
    """Return the address or the program, or None."""
    return os.environ.get("GRAFANA_URL") or shutil.which("grafana")


@contextmanager
def live_grafana(folder: Path) -> Iterator[GrafanaAddress]:
    """Give the address of a live Grafana; skip the test where there is none."""
    skip_without("Grafana", find_grafana())
    url = os.environ.get("GRAFANA_URL")
    if url:
        yield GrafanaAddress(
            url=url,
            token=os.environ.get("GRAFANA_TOKEN", ""),
            user=os.environ.get("GRAFANA_USER", ""),
            password=os.environ.get("GRAFANA_PASSWORD", ""),
        )
        return
    with _started(folder) as address:
        yield address


@contextmanager
def _started(folder: Path) -> Iterator[GrafanaAddress]:
    program = shutil.which("grafana")
    assert program is not None
    homes = [os.environ.get("GRAFANA_HOME", ""), *_HOMES, str(Path(program).resolve().parents[1])]
    home = next(each for each in homes if each and Path(each, "conf", "defaults.ini").exists())
    port, password = free_ports(1)[0], secrets.token_hex(16)
    settings = {
        "GF_SERVER_HTTP_ADDR": "127.0.0.1",
        "GF_SERVER_HTTP_PORT": str(port),
        "GF_SECURITY_ADMIN_PASSWORD": password,
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        "GF_PATHS_DATA": str(folder / "data"),
        "GF_PATHS_LOGS": str(folder / "logs"),
        "GF_PATHS_PROVISIONING": str(folder / "provisioning"),
    }
    with (folder / "grafana.log").open("ab") as lines:
        process = subprocess.Popen(
            [program, "server", "--homepath", home],
            env={**os.environ, **settings},
            stdout=lines,
            stderr=lines,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/health", process)
        yield GrafanaAddress(url=f"http://127.0.0.1:{port}", user="admin", password=password)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 90
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310  loopback
        except OSError:
            threading.Event().wait(0.2)
        else:
            return
    raise AssertionError("Grafana did not start: see grafana.log")
