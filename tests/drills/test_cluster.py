"""Drill: three broker nodes, two ingest workers with half of the shards each, PostgreSQL.

Any broker node and any worker is killed under load. The oracle is each gateway's acceptance log:
every record in it must stand in the journal exactly once, as it was sent. Service: how long nothing
of a gateway was committed, by the journal's own times, for each kill by itself. One device speaks
to its gateway through the broker (QoS 1): all that it sent must arrive, however late.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from domain.records import FillReading, JournalEntry
from domain.registry import RegistrySnapshot
from huanwei.broker.users import gateway_user, users_of_one_site
from huanwei.business_clock import SystemClock
from huanwei.new_run import write_settings
from huanwei.settings import load_settings
from ingest.postgres import dead_letters
from ingest.postgres.record_feed import PostgresRecordFeed
from storage.postgres_registry import PostgresRegistryWriter
from tests.broker_cluster import BrokerCluster
from tests.device_load import Identity, accepted, registered_for_load
from tests.drills.conftest import TellFigures
from tests.ingest_workers import IngestWorkers, LoadedSite
from tests.whole_run import small_registry, until
from wire.client import BrokerAddress, MqttClient
from wire.device_messages import DeviceMessage, encode_device_message
from wire.topics import device_topic, shard_of

pytestmark = [pytest.mark.drill("F3 for a cluster", first=True), pytest.mark.takes_s(30)]

GATEWAYS = ("gw-a", "gw-b", "gw-c", "gw-e")
DEVICES_EACH = 100
PASSWORD = "password-of-tests-and-nothing-else"  # noqa: S105  of nobody
MOST_SILENCE_S = 10.0
MOST_LATE_S = 100.0
"""So late may a message of the device be: the broker repeats after 15 s what a door has not
acknowledged, and a door that hears nothing takes 30 s to notice, and once more 30 s if that did not
help.
"""
LEADERS_KILLED = 6
DOOR_DEVICE = f"bin-{len(GATEWAYS) * DEVICES_EACH:03}"


def district() -> RegistrySnapshot:
    """Return sensors at four gateways of which two are in either half of the shards."""
    halves = Counter(shard_of(gateway_id) // 16 for gateway_id in GATEWAYS)
    assert halves == {0: 2, 1: 2}
    devices = len(GATEWAYS) * DEVICES_EACH + 1
    snapshot = registered_for_load(small_registry(devices, webhook_url="http://127.0.0.1:9/none"))
    sensors = {
        device_id: replace(sensor, gateway_id=GATEWAYS[n // DEVICES_EACH % len(GATEWAYS)])
        for n, (device_id, sensor) in enumerate(sorted(snapshot.sensors.items()))
    }
    return replace(snapshot, sensors=sensors)


class DoorDevice:
    """A device that publishes a message a second for its gateway, and sends on until the broker
    has it. More would be refused as too many when a run takes long.
    """

    def __init__(self, broker: BrokerAddress) -> None:
        self.sent: set[datetime] = set()
        self._clock = SystemClock()
        self._client = MqttClient(
            host=broker.host,
            port=broker.port,
            client_id="door-device",
            subscriptions=[],
            on_message=lambda _message: None,
            username=broker.username,
            password=broker.password,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._publish, name="door-device")

    def begin(self) -> None:
        self._client.start()
        self._thread.start()

    def end_load(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def close(self) -> None:
        self.end_load()
        self._client.stop()

    def _publish(self) -> None:
        while not self._stop.wait(1.0):
            now = self._clock.now()
            message = DeviceMessage(device_id=DOOR_DEVICE, observed_at=now, distances_mm=(600,))
            payload = encode_device_message(message)
            if self._client.publish(device_topic(DOOR_DEVICE), payload, qos=1):
                self.sent.add(now)


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
        self.workers = IngestWorkers(path, folder, ("0-15/32", "16-31/32"))
        self.sites = [
            LoadedSite(
                folder, gateway_id, self._broker_of(gateway_id), registry, besides=DOOR_DEVICE
            )
            for gateway_id in GATEWAYS
        ]
        self.device = DoorDevice(self._broker_of("devices"))
        self._url = url
        self._feed = PostgresRecordFeed(url)

    def _broker_of(self, user: str) -> BrokerAddress:
        return BrokerAddress(host=self.cluster.hosts, port=1, username=user, password=PASSWORD)

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
        assert until(self.is_paired, within_s=30), self.cluster.clients()
        for site in self.sites:
            site.begin()
        self.device.begin()

    def end_load(self) -> None:
        for site in self.sites:
            site.end_load()
        self.device.end_load()

    def stop(self) -> None:
        self.device.close()
        for site in self.sites:
            site.close()
        self.workers.stop()
        self.cluster.stop()
        self._feed.close()

    def entries(self) -> list[JournalEntry]:
        return list(self._feed.read(after=0, limit=1_000_000))

    def is_paired(self) -> bool:
        """Tell whether every client has its two connections, so that any node may die."""
        names = [f"{site.client_id}{n}" for site in self.sites for n in ("", "-2")]
        names += [f"ingest-{shards}{n}" for shards in ("0-15", "16-31") for n in ("", "-2")]
        return set(names) <= self.cluster.clients()

    def hears_all(self, when: str, within_s: float = MOST_SILENCE_S) -> None:
        """Wait until something new of every gateway is committed."""
        began = self._feed.newest_position()

        def heard() -> set[str]:
            new = self._feed.read(after=began, limit=100_000)
            return {entry.uplink_id.gateway_id for entry in new}

        assert until(lambda: heard() == set(GATEWAYS), within_s=within_s), (when, heard())

    def lost(self) -> set[Identity]:
        taken = {key for site in self.sites for key in accepted(site.log_path)}
        taken |= {(DOOR_DEVICE, at, "fill") for at in self.device.sent}
        stands = {(e.record.device_id, e.record.observed_at, "fill") for e in self.entries()}
        return taken - stands

    def refused(self) -> dict[str, int]:
        return {str(reason): n for reason, n in dead_letters.count_dead_letters(self._url).items()}


@pytest.fixture
def whole(tmp_path: Path, postgres_url: str) -> Iterator[District]:
    made = District(tmp_path, postgres_url)
    yield made
    made.stop()


class Phases:
    """What was killed when, for the longest silence of each kind of kill."""

    def __init__(self) -> None:
        self._begun: list[tuple[str, datetime]] = []

    def begin(self, what: str) -> None:
        self._begun.append((what, SystemClock().now()))

    def longest_silence_s(self, heard: dict[str, list[datetime]]) -> dict[str, list[float]]:
        """Return for each kind, kill by kill, for how long at most somebody was not heard."""
        ends = [at for _, at in self._begun[1:]] + [max(max(times) for times in heard.values())]
        longest: dict[str, list[float]] = {}
        for (what, began), end in zip(self._begun, ends, strict=True):
            gaps = [
                (later - earlier).total_seconds()
                for times in heard.values()
                for earlier, later in itertools.pairwise(
                    [began, *(at for at in sorted(times) if began < at < end), end]
                )
            ]
            longest.setdefault(what, []).append(round(max(gaps), 1))
        return longest


def test_a_killed_node_or_worker_loses_doubles_and_alters_nothing_and_service_goes_on(
    whole: District, pytestconfig: pytest.Config, figures: TellFigures
) -> None:
    whole.start()
    full = pytestconfig.getoption("--full-drills")
    leaders = LEADERS_KILLED if full else 1
    phases = Phases()
    for turn in range(leaders):
        whole.hears_all("before a node that leads is killed")
        kill_a_node(whole, phases, whole.cluster.leader(), "leading node")
        if turn % 3 == 0:
            if full:
                follower = (whole.cluster.leader() + 1) % 3
                kill_a_node(whole, phases, follower, "following node")
            phases.begin("worker")
            whole.workers.kill(turn % 2)
            whole.workers.start(turn % 2)
            whole.hears_all("after a worker was killed")
    whole.end_load()

    ended_s = time.monotonic()
    until(lambda: not whole.lost(), within_s=MOST_LATE_S, every_s=0.5)
    all_there_after_s = time.monotonic() - ended_s
    lost = whole.lost()
    entries = whole.entries()
    identities = [(e.record.device_id, e.record.observed_at) for e in entries]
    doubled = len(identities) - len(set(identities))
    sent = {key: level for site in whole.sites for key, level in site.sent.items()}
    stored = {
        (e.record.device_id, e.record.observed_at): e.record.values.filling_level
        for e in entries
        if isinstance(e.record.values, FillReading) and e.record.device_id != DOOR_DEVICE
    }
    altered = {key: level for key, level in stored.items() if sent.get(key) != level}
    figures(
        accepted=sum(len(accepted(site.log_path)) for site in whole.sites),
        lost=len(lost),
        doubled=doubled,
        altered=len(altered),
        sent_by_the_device=len(whole.device.sent),
        all_there_after_s=all_there_after_s,
        doors_deaf=sum(site.times_deaf() for site in whole.sites),
    )
    assert not lost, sorted(at for device_id, at, _ in lost if device_id == DOOR_DEVICE)
    assert not doubled
    assert not altered
    assert len(identities) > 500
    assert whole.refused() == {}
    heard = {
        gateway_id: [
            e.received_at
            for e in entries
            if e.uplink_id.gateway_id == gateway_id and e.record.device_id != DOOR_DEVICE
        ]
        for gateway_id in GATEWAYS
    }
    silence_s = phases.longest_silence_s(heard)
    door = [e.received_at for e in entries if e.record.device_id == DOOR_DEVICE]
    door_silence_s = phases.longest_silence_s({DOOR_DEVICE: door})
    figures(**{f"longest silence, {what}_s": longest for what, longest in silence_s.items()})
    figures(**{f"of a device, {what}_s": longest for what, longest in door_silence_s.items()})
    assert max(itertools.chain(*silence_s.values())) <= MOST_SILENCE_S


def kill_a_node(whole: District, phases: Phases, node: int, what: str) -> None:
    """Kill the node, start it again when all are heard, and wait until clients are back on it."""
    phases.begin(what)
    whole.cluster.kill(node)
    whole.hears_all(f"after a {what} was killed")
    whole.cluster.start(node)
    whole.cluster.wait_ready(node)
    phases.begin("between")
    assert until(whole.is_paired, within_s=30), "a client has only one connection"
