"""Drill: three broker nodes, two ingest workers with half of the shards each, PostgreSQL.

Any broker node and any worker is killed under load. The oracle is each gateway's acceptance log:
every record in it must stand in the journal exactly once, as it was sent. Service: how long nothing
of a gateway was committed, by the journal's own times.
"""

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from prometheus_client import CollectorRegistry

from domain.records import FillReading, JournalEntry, MeasurementQuality, Record
from domain.registry import RegistrySnapshot
from gateway.metrics import GatewayMetrics
from gateway.site import SiteGateway
from huanwei.broker.users import gateway_user, users_of_one_site
from huanwei.business_clock import SystemClock
from huanwei.new_run import write_settings
from huanwei.settings import load_settings
from ingest.postgres import dead_letters
from ingest.postgres.record_feed import PostgresRecordFeed
from storage.postgres_registry import PostgresRegistryWriter
from tests.broker_cluster import BrokerCluster
from tests.device_load import Identity, accepted
from tests.fakes.memory_registry import MemoryRegistry
from tests.servers import free_ports
from tests.whole_run import small_registry, until
from wire.client import BrokerAddress
from wire.topics import shard_of

GATEWAYS = ("gw-a", "gw-b", "gw-c", "gw-e")
DEVICES_EACH = 20
PASSWORD = "password-of-tests-and-nothing-else"  # noqa: S105  of nobody
MOST_SILENCE_S = 10.0
MOST_SILENCE_OF_A_LEADER_S = 30.0
"""NATS lets nobody connect by MQTT while its streams have no leader; measured about 15 s."""
Sent = dict[tuple[str, datetime], float]


def district() -> RegistrySnapshot:
    """Return sensors at four gateways of which two are in either half of the shards."""
    halves = Counter(shard_of(gateway_id) // 16 for gateway_id in GATEWAYS)
    assert halves == {0: 2, 1: 2}
    snapshot = small_registry(len(GATEWAYS) * DEVICES_EACH, webhook_url="http://127.0.0.1:9/none")
    sensors = {
        device_id: replace(sensor, gateway_id=GATEWAYS[n // DEVICES_EACH])
        for n, (device_id, sensor) in enumerate(sorted(snapshot.sensors.items()))
    }
    return replace(snapshot, sensors=sensors)


class Workers:
    """Two workers by their settings; a killed one is started again, as its supervisor does."""

    def __init__(self, settings_path: Path, logs: Path) -> None:
        self._path = settings_path
        self._logs = logs
        self._shards = ("0-15/32", "16-31/32")
        self._ports = free_ports(2)
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, *workers: int) -> None:
        for worker in workers:
            environment = {
                **os.environ,
                "HUANWEI_INGEST__SHARDS": self._shards[worker],
                "HUANWEI_INGEST__HEALTH_PORT": str(self._ports[worker]),
            }
            with (self._logs / f"ingest-{worker}.log").open("ab") as lines:
                self._running[worker] = subprocess.Popen(
                    (
                        sys.executable,
                        *("-m", "huanwei.role", "ingest", str(self._path), str(os.getpid())),
                    ),
                    env=environment,
                    stdout=lines,
                    stderr=lines,
                )

    def wait_ready(self) -> None:
        for worker in (0, 1):
            if not until(lambda worker=worker: self._is_ready(worker), within_s=30):  # type: ignore[misc]
                log = (self._logs / f"ingest-{worker}.log").read_text(encoding="utf-8")
                raise AssertionError(f"worker {worker} is not ready:\n{log[-3000:]}")

    def kill(self, worker: int) -> None:
        self._end(worker, signal.SIGKILL)

    def stop(self) -> None:
        for worker in list(self._running):
            self._end(worker, signal.SIGTERM)

    def _is_ready(self, worker: int) -> bool:
        try:
            url = f"http://127.0.0.1:{self._ports[worker]}/readyz"
            return httpx.get(url, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def _end(self, worker: int, how: signal.Signals) -> None:
        process = self._running.pop(worker)
        process.send_signal(how)
        process.wait(15)


class Site:
    """A gateway with a load of its own, in this process: records as its cameras' would come."""

    def __init__(
        self, folder: Path, gateway_id: str, hosts: str, registry: RegistrySnapshot
    ) -> None:
        self.log_path = folder / f"{gateway_id}.accepted"
        self.sent: Sent = {}
        self._devices = [
            s.device_id for s in registry.sensors.values() if s.gateway_id == gateway_id
        ]
        self._clock = SystemClock()
        self._gateway = SiteGateway(
            gateway_id=gateway_id,
            clock=self._clock,
            registry=MemoryRegistry(registry),
            spool_path=folder / f"{gateway_id}.db",
            broker=BrokerAddress(host=hosts, port=1, username=gateway_id, password=PASSWORD),
            metrics=GatewayMetrics(CollectorRegistry()),
            acceptance_log=self.log_path,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._accept, name=f"load-{gateway_id}")

    def connect(self) -> None:
        self._gateway.start()

    def missing(self) -> dict[str, str]:
        return dict(self._gateway.readiness())

    def begin(self) -> None:
        self._thread.start()

    def end_load(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def close(self) -> None:
        self.end_load()
        self._gateway.stop()

    def _accept(self) -> None:
        number = 0
        while not self._stop.wait(0.05):
            records = []
            for _ in range(5):
                number += 1
                now = self._clock.now()
                at = now.replace(microsecond=number % 1_000_000)
                level = (number % 97) / 100
                device_id = self._devices[number % len(self._devices)]
                values = FillReading(
                    measurement_quality=MeasurementQuality.ACCEPTED, filling_level=level
                )
                records.append(
                    Record(device_id=device_id, observed_at=at, gateway_at=now, values=values)
                )
                self.sent[device_id, at] = level
            self._gateway.accept(records)


class District:
    """The drill's cluster, workers and sites, with the journal to look into."""

    def __init__(self, folder: Path, url: str) -> None:
        registry = district()
        writer = PostgresRegistryWriter(url, by="drill", now=SystemClock().now)
        writer.put(registry)
        writer.close()
        path = write_settings(folder / "run", gateway_id=GATEWAYS[0])
        secrets = load_settings(path).broker
        users = users_of_one_site(
            gateway_id=GATEWAYS[0],
            gateway_password=PASSWORD,
            ingest_password=secrets.ingest_password.get_secret_value(),
            devices_password=PASSWORD,
            admin_password=PASSWORD,
        )
        more = tuple(gateway_user(gateway_id, PASSWORD) for gateway_id in GATEWAYS[1:])
        (folder / "cluster").mkdir()
        self.cluster = BrokerCluster(folder / "cluster", users + more)
        text = path.read_text(encoding="utf-8")
        text = text.replace("start = true", "start = false", 1)
        text = text.replace('host = "127.0.0.1"', f'host = "{self.cluster.hosts}"', 1)
        path.write_text(text + f'\n[postgres]\nurl = "{url}"\n', encoding="utf-8")
        self.workers = Workers(path, folder)
        self.sites = [
            Site(folder, gateway_id, self.cluster.hosts, registry) for gateway_id in GATEWAYS
        ]
        self._url = url
        self._feed = PostgresRecordFeed(url)

    def start(self) -> None:
        self.cluster.start(0, 1, 2)
        self.cluster.wait_ready(0, 1, 2)
        self.workers.start(0, 1)
        for site in self.sites:
            site.connect()
        self.workers.wait_ready()
        assert until(lambda: not any(s.missing() for s in self.sites), within_s=30), [
            site.missing() for site in self.sites
        ]
        for site in self.sites:
            site.begin()

    def stop(self) -> None:
        for site in self.sites:
            site.close()
        self.workers.stop()
        self.cluster.stop()
        self._feed.close()

    def entries(self) -> list[JournalEntry]:
        return list(self._feed.read(after=0, limit=1_000_000))

    def hears_all(self, when: str, within_s: float) -> None:
        """Wait until something new of every gateway is committed."""
        began = self._feed.newest_position()

        def heard() -> set[str]:
            new = self._feed.read(after=began, limit=100_000)
            return {entry.uplink_id.gateway_id for entry in new}

        assert until(lambda: heard() == set(GATEWAYS), within_s=within_s), (when, heard())

    def lost(self) -> set[Identity]:
        taken = {key for site in self.sites for key in accepted(site.log_path)}
        stands = {(e.record.device_id, e.record.observed_at, "fill") for e in self.entries()}
        return taken - stands

    def refused(self) -> dict[str, int]:
        return {str(reason): n for reason, n in dead_letters.count_dead_letters(self._url).items()}


@pytest.fixture
def whole(tmp_path: Path, postgres_url: str) -> Iterator[District]:
    made = District(tmp_path, postgres_url)
    yield made
    made.stop()


def longest_silence_s(entries: list[JournalEntry]) -> dict[str, float]:
    """Return by gateway for how long at most nothing of it was committed."""
    longest: dict[str, float] = {}
    for gateway_id in GATEWAYS:
        times = sorted(e.received_at for e in entries if e.uplink_id.gateway_id == gateway_id)
        gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
        longest[gateway_id] = max(gaps, default=timedelta()).total_seconds()
    return longest


def test_a_killed_node_or_worker_loses_doubles_and_alters_nothing_and_service_goes_on(
    whole: District, request: pytest.FixtureRequest
) -> None:
    whole.start()
    leader = whole.cluster.leader()
    if request.config.getoption("--full-drills"):
        nodes = [n for n in range(3) if n != leader] + [leader]
    else:
        nodes = [n for n in (whole.cluster.node_of("ingest-0-15"), 0, 1) if n != leader][:1]
    allowed_s = MOST_SILENCE_S
    for turn, node in enumerate(nodes):
        whole.hears_all(f"before node {node} is killed", allowed_s)
        if turn or node == whole.cluster.leader():
            allowed_s = MOST_SILENCE_OF_A_LEADER_S  # streams may have moved to this node meanwhile
        whole.cluster.kill(node)
        whole.hears_all(f"after node {node} was killed", allowed_s)
        whole.cluster.start(node)
        whole.cluster.wait_ready(node)
        whole.workers.kill(turn % 2)
        whole.workers.start(turn % 2)
        whole.hears_all(f"after worker {turn % 2} was killed", allowed_s)
    for site in whole.sites:
        site.end_load()

    assert until(lambda: not whole.lost(), within_s=30, every_s=0.5), whole.lost()
    entries = whole.entries()
    identities = [(e.record.device_id, e.record.observed_at) for e in entries]
    assert len(identities) == len(set(identities))
    assert len(identities) > 500
    sent = {key: level for site in whole.sites for key, level in site.sent.items()}
    stored = {
        (e.record.device_id, e.record.observed_at): e.record.values.filling_level
        for e in entries
        if isinstance(e.record.values, FillReading)
    }
    assert {key: level for key, level in stored.items() if sent.get(key) != level} == {}
    assert whole.refused() == {}
    silence_s = longest_silence_s(entries)
    structlog.get_logger().info("longest_silence_s", **silence_s)  # pytest -s shows it
    assert max(silence_s.values()) <= allowed_s
