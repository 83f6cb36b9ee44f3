"""The processes of docker-compose.yml without Docker: its command lines, its settings, its probes.

Only host names, ports and folders are others than in the containers.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from huanwei.broker.nats_server import find_nats_server
from huanwei.compose_secrets import compose_secrets
from storage.postgres_registry import PostgresRegistryWriter
from storage.registry_file import load_registry
from tests.fakes.compose_file import Service, filled_in, read_compose
from tests.influx_server import ADMIN_TOKEN, RunningInflux
from tests.postgres_server import RunningPostgres
from tests.servers import free_ports
from tests.whole_run import until

pytestmark = pytest.mark.takes_s(20)

ROOT = Path(__file__).parents[2]
SERVICES = read_compose(ROOT / "docker-compose.yml").services
ROLES = ("edge", "ingest", "alerts", "api")
PROBED = {"edge": 18841, "ingest": 18842, "api": 18843, "alerts": 18845}


class District:
    """What the containers see, on this machine."""

    def __init__(self, folder: Path, *, postgres_url: str, influx_url: str) -> None:
        self.folder = folder
        names = ("mqtt", "nats", "monitor", *ROLES, "pages")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        lines = compose_secrets("").splitlines()
        self.secrets = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        shutil.copytree(ROOT / "deploy" / "compose", folder / "etc")
        self.here = {
            "HUANWEI_SECRETS_FILE": str(folder / "secrets.toml"),
            "HUANWEI_RUN__REGISTRY": str(folder / "etc" / "site" / "registry.json"),
            "HUANWEI_RUN__LOGS": str(folder / "logs"),
            "HUANWEI_BROKER__HOST": "127.0.0.1",
            "HUANWEI_BROKER__MQTT_PORT": str(self.ports["mqtt"]),
            "HUANWEI_BROKER__ADMINISTRATION_PORT": str(self.ports["nats"]),
            "HUANWEI_BROKER__MONITORING_PORT": str(self.ports["monitor"]),
            "HUANWEI_INFLUX__URL": influx_url,
            "HUANWEI_EDGE__HEALTH_PORT": str(self.ports["edge"]),
            "HUANWEI_INGEST__HEALTH_PORT": str(self.ports["ingest"]),
            "HUANWEI_CENTRE__ALERTS_HEALTH_PORT": str(self.ports["alerts"]),
            "HUANWEI_CENTRE__HEALTH_PORT": str(self.ports["api"]),
            "HUANWEI_CENTRE__HOST": "127.0.0.1",
            "HUANWEI_CENTRE__PORT": str(self.ports["pages"]),
            "HUANWEI_NATS_LISTEN": f'"127.0.0.1:{self.ports["nats"]}"',
            "HUANWEI_NATS_MONITOR": f'"127.0.0.1:{self.ports["monitor"]}"',
            "HUANWEI_MQTT_LISTEN": f'"127.0.0.1:{self.ports["mqtt"]}"',
            "HUANWEI_NATS_STORE": f'"{folder / "nats"}"',
        }
        self.postgres_url = postgres_url

    def environment(self, service: Service) -> dict[str, str]:
        given = {
            name: filled_in(value, self.secrets).strip("'")
            for name, value in service.environment.items()
        }
        here = dict(self.here)
        if "HUANWEI_POSTGRES__URL" in given:
            here["HUANWEI_POSTGRES__URL"] = self.postgres_url
        # One machine has one folder a volume; the edge's is another than the centre's.
        site = any(volume.startswith("edge:") for volume in service.volumes)
        copy = str(self.folder / "copy" / "registry.json")
        if "HUANWEI_RUN__REGISTRY_COPY" in given:
            here["HUANWEI_RUN__REGISTRY_COPY"] = copy
        elif given.get("HUANWEI_RUN__REGISTRY", "").startswith("/var/lib/huanwei-registry/"):
            here["HUANWEI_RUN__REGISTRY"] = copy
        here["HUANWEI_RUN__DATA"] = str(self.folder / ("site" if site else "centre"))
        return {**os.environ, **given, **here}

    def command(self, service: Service) -> list[str]:
        program = {
            "huanwei": [sys.executable, "-m", "huanwei"],
            "nats-server": [str(find_nats_server())],
        }[service.command[0]]
        words = [filled_in(word, self.secrets) for word in service.command[1:]]
        return program + [
            word.replace("/etc/huanwei", str(self.folder / "etc"))
            .replace("/var/lib/huanwei-tokens", str(self.folder))
            .replace("/var/lib/huanwei-dashboards", str(self.folder / "dashboards"))
            for word in words
        ]

    def run(self, name: str) -> None:
        """Do what a one-shot container does."""
        done = subprocess.run(
            self.command(SERVICES[name]),
            env=self.environment(SERVICES[name]),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"

    @contextmanager
    def started(self, name: str) -> Iterator[None]:
        """Run what a container runs."""
        with (self.folder / f"{name}.log").open("ab") as lines:
            process = subprocess.Popen(
                self.command(SERVICES[name]),
                env=self.environment(SERVICES[name]),
                cwd=ROOT,
                stdout=lines,
                stderr=lines,
            )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait_healthy(self, name: str, port: int, *, within_s: float = 40) -> None:
        """Ask as the container's health check does until it is content."""
        check = SERVICES[name].healthcheck
        assert check is not None
        url = check.test[-1].replace(check.test[-1].split(":")[2].split("/")[0], str(port))
        deadline_s = time.monotonic() + within_s
        told = "not asked"
        while time.monotonic() < deadline_s:
            probe = subprocess.run(
                (sys.executable, "-S", str(ROOT / "huanwei" / "probe.py"), url),
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
            if probe.returncode == 0:
                return
            told = probe.stdout
            threading.Event().wait(0.3)  # or the probes take the processor from those they ask
        log = (self.folder / f"{name}.log").read_text("utf-8")[-2000:]
        raise AssertionError(f"{name} is not healthy: {told}\n{log}")


def test_every_service_of_ours_becomes_healthy_in_the_order_of_compose(
    tmp_path: Path, postgres: RunningPostgres, influx: RunningInflux
) -> None:
    url = postgres.fresh_database(upgraded=False)
    district = District(tmp_path, postgres_url=url, influx_url=influx.url)
    # The server of this test is set up already, with a token of its own.
    district.secrets["HUANWEI_INFLUX_ADMIN_TOKEN"] = ADMIN_TOKEN
    with ExitStack() as running:
        etc = tmp_path / "etc"
        shutil.copytree(ROOT / "deploy" / "nats", etc / "nats")
        shutil.copyfile(
            ROOT / "deploy" / "compose" / "nats-users.conf",
            tmp_path / "etc" / "nats" / "users.conf",
        )
        running.enter_context(district.started("nats"))
        district.wait_healthy("nats", district.ports["monitor"])
        with ThreadPoolExecutor() as side:
            influx_setup = side.submit(district.run, "influx-setup")
            dashboards = side.submit(district.run, "grafana-dashboards")
            for name in ("migrate", "reader", "registry"):
                district.run(name)
            influx_setup.result()
            dashboards.result()
        for name in ROLES:
            running.enter_context(district.started(name))
        for name in ROLES:
            district.wait_healthy(name, district.ports[name])
        district.run("broker-cap")
        writer = PostgresRegistryWriter(url, by="an office", now=lambda: datetime.now(UTC))
        newest = replace(load_registry(etc / "site" / "registry.json"), version=2)
        writer.put(newest)
        writer.close()
        copy = tmp_path / "copy" / "registry.json"
        assert until(lambda: load_registry(copy) == newest, within_s=20)  # what the edge reads
    postgres.drop(url)
    token = tmp_path / "influx-read-token"
    assert token.stat().st_mode & 0o077 == 0
    assert token.read_text("utf-8")
