"""Drill: two ingest processes with the same shards over one PostgreSQL, of which one stands by.

The one that works is killed, and later has its connection to the database cut: the other takes
over, and the one that was cut goes on when the other is gone. The oracle is the gateway's
acceptance log.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from huanwei.business_clock import SystemClock
from huanwei.new_run import write_settings
from ingest.postgres.record_feed import PostgresRecordFeed
from storage.postgres import administration_engine
from storage.postgres_registry import PostgresRegistryWriter
from tests.device_load import Identity, accepted, registered_for_load
from tests.drills.conftest import TellFigures
from tests.ingest_workers import IngestWorkers, LoadedSite
from tests.servers import GATEWAY_ID, PASSWORDS, RunningBroker
from tests.whole_run import small_registry, until
from wire.client import BrokerAddress

pytestmark = [pytest.mark.drill("F24", first=True), pytest.mark.takes_s(20)]

MOST_SILENCE_S = 10.0
_SHARD_LOCKS = 0x4875_5368


class SharedShards:
    """A broker, a site, and two workers that want the same."""

    def __init__(self, folder: Path, broker: RunningBroker, url: str) -> None:
        snapshot = registered_for_load(small_registry(100, webhook_url="http://127.0.0.1:9/none"))
        sensors = {
            device_id: replace(sensor, gateway_id=GATEWAY_ID)
            for device_id, sensor in snapshot.sensors.items()
        }
        registry = replace(snapshot, sensors=sensors)
        writer = PostgresRegistryWriter(url, by="drill", now=SystemClock().now)
        writer.put(registry)
        writer.close()
        path = write_settings(folder / "run", gateway_id=GATEWAY_ID)
        written = path.read_text(encoding="utf-8").replace("start = true", "start = false", 1)
        path.write_text(written + f'\n[postgres]\nurl = "{url}"\n', encoding="utf-8")
        environment = {
            "HUANWEI_BROKER__HOST": broker.host,
            "HUANWEI_BROKER__MQTT_PORT": str(broker.port),
            "HUANWEI_BROKER__INGEST_PASSWORD": PASSWORDS["ingest"],
        }
        self.workers = IngestWorkers(path, folder, ("0-31", "0-31"), environment)
        address = BrokerAddress(
            host=broker.host, port=broker.port, username=GATEWAY_ID, password=PASSWORDS[GATEWAY_ID]
        )
        self.site = LoadedSite(folder, GATEWAY_ID, address, registry)
        self._url = url
        self._feed = PostgresRecordFeed(url)

    def stands_by(self, worker: int) -> bool:
        """Tell whether it waits for the other."""
        return "standing by" in (self.workers.says(worker) or {}).get("journal", "")

    def hears_something_new(self) -> bool:
        began = self._feed.newest_position()
        return until(lambda: bool(self._feed.read(after=began, limit=1)), within_s=MOST_SILENCE_S)

    def cut_connections_of_workers(self) -> None:
        """End what holds the shards, as a firewall or an administrator does."""
        engine = administration_engine(self._url)
        with engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                    " AND classid = :shards AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database())"
                ),
                {"shards": _SHARD_LOCKS},
            )
        engine.dispose()

    def lost(self) -> set[Identity]:
        taken = set(accepted(self.site.log_path))
        return taken - set(self.identities())

    def identities(self) -> list[Identity]:
        entries = self._feed.read(after=0, limit=1_000_000)
        return [(e.record.device_id, e.record.observed_at, "fill") for e in entries]

    def longest_silence_s(self) -> float:
        entries = self._feed.read(after=0, limit=1_000_000)
        times = sorted(entry.received_at for entry in entries)
        return max((b - a).total_seconds() for a, b in itertools.pairwise(times))

    def stop(self) -> None:
        self.site.close()
        self.workers.stop()
        self._feed.close()


@pytest.fixture
def shared(tmp_path: Path, broker: RunningBroker, postgres_url: str) -> Iterator[SharedShards]:
    made = SharedShards(tmp_path, broker, postgres_url)
    yield made
    made.stop()


def test_a_worker_that_stands_by_takes_over_from_one_that_is_killed_or_cut_off(
    shared: SharedShards, figures: TellFigures
) -> None:
    shared.workers.start(0)
    shared.workers.wait_ready()
    shared.workers.start(1)
    shared.site.connect()
    assert until(lambda: not shared.site.missing(), within_s=20), shared.site.missing()
    shared.site.begin()
    assert until(lambda: shared.stands_by(1), within_s=20), shared.workers.says(1)

    shared.workers.kill(0)
    assert shared.hears_something_new()
    assert shared.workers.is_ready(1)

    shared.workers.start(0)
    assert until(lambda: shared.stands_by(0), within_s=20), shared.workers.says(0)
    shared.cut_connections_of_workers()
    assert shared.hears_something_new()

    shared.site.end_load()
    until(lambda: not shared.lost(), within_s=20, every_s=0.2)
    lost, identities = shared.lost(), shared.identities()
    doubled = len(identities) - len(set(identities))
    silence_s = shared.longest_silence_s()
    figures(
        accepted=len(accepted(shared.site.log_path)),
        lost=len(lost),
        doubled=doubled,
        longest_silence_s=silence_s,
    )
    assert not lost
    assert not doubled
    assert silence_s <= MOST_SILENCE_S
