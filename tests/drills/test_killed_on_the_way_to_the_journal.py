"""Drill: edge, broker and ingest are killed at random under load; nothing accepted is lost.

The oracle is the gateway's acceptance log, written after the spool's commit: every record in it
must stand in the journal exactly once, or among the dead letters with a reason.
"""

import json
import random
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from huanwei.run_files import JOURNAL
from ingest.dead_letters import read_dead_letters
from ingest.record_feed import SqliteRecordFeed
from tests.whole_run import WholeRun, distance_of, small_registry, until
from wire.client import MqttClient
from wire.device_messages import DeviceMessage, encode_device_message
from wire.topics import device_topic

DEVICES = 50
SEED = 20260302


class Load:
    """Publishes device messages as fast as asked, and remembers what was sent."""

    def __init__(self, run: WholeRun, *, per_s: int) -> None:
        self._run = run
        self._every_s = 1 / per_s
        self.sent: dict[tuple[str, datetime], int] = {}
        broker = run.settings.broker
        self._client = MqttClient(
            host=broker.host,
            port=broker.mqtt_port,
            client_id="drill-devices",
            username="devices",
            password=broker.devices_password.get_secret_value(),
            subscriptions=[],
            on_message=lambda _message: None,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._publish, name="load")

    def start(self) -> None:
        self._client.start()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client.stop()

    def _publish(self) -> None:
        number = 0
        while not self._stop.wait(self._every_s):
            device_id = f"bin-{number % DEVICES:03}"
            observed_at = self._run.clock.now().replace(microsecond=number % 1_000_000)
            distance_mm = distance_of((number % 80) / 100)
            message = DeviceMessage(
                device_id=device_id, observed_at=observed_at, distances_mm=(distance_mm,)
            )
            taken = self._client.publish(
                device_topic(device_id), encode_device_message(message), qos=1
            )
            if taken:
                self.sent[(device_id, observed_at)] = distance_mm
                number += 1


Identity = tuple[str, datetime, str]
"""A record in the stores: device, time, kind. A device's message may be accepted twice (the broker
repeats what a killed gateway has not acknowledged), but it is one record."""


def accepted(path: Path) -> dict[Identity, tuple[str, int]]:
    """Return what the acceptance log holds; a line that a kill has cut is none."""
    found = {}
    for line in path.read_bytes().split(b"\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        identity = (
            entry["device_id"],
            datetime.fromisoformat(entry["observed_at"]),
            entry["kind"],
        )
        found[identity] = (entry["boot_id"], entry["sequence"])
    return found


@pytest.fixture
def run(tmp_path: Path) -> Iterator[WholeRun]:
    registry = small_registry(DEVICES, webhook_url="http://127.0.0.1:9/none")
    whole = WholeRun(tmp_path / "run", registry)
    yield whole
    whole.stop()


def test_no_accepted_record_is_lost_or_doubled_when_processes_are_killed(
    run: WholeRun, request: pytest.FixtureRequest
) -> None:
    kills = 50 if request.config.getoption("--full-drills") else 8
    rng = random.Random(SEED)
    run.start("broker")
    run.wait_ready("broker")
    run.start("edge", "ingest")
    run.wait_ready("edge", "ingest")
    load = Load(run, per_s=400)
    load.start()
    try:
        for _ in range(kills):
            threading.Event().wait(rng.uniform(0.3, 1.2))
            victim = rng.choice(["edge", "broker", "ingest"])
            run.kill(victim)
            run.start(victim)
    finally:
        load.stop()
    run.wait_ready("broker", "edge", "ingest")

    journal = run.settings.run.data / JOURNAL
    log_path = run.settings.edge.acceptance_log
    assert log_path is not None
    feed = SqliteRecordFeed(journal)
    request.addfinalizer(feed.close)

    def journalled() -> list[Identity]:
        return [
            (e.record.device_id, e.record.observed_at, str(e.record.kind))
            for e in feed.read(after=0, limit=1_000_000)
        ]

    def lost() -> set[Identity]:
        # The log is read first: what is accepted meanwhile is not asked of the journal yet.
        accepted_by_now = accepted(log_path)
        stands = set(journalled())
        dead = {(d.boot_id, d.sequence) for d in read_dead_letters(journal, limit=100_000)}
        return {
            identity
            for identity, uplink_id in accepted_by_now.items()
            if identity not in stands and uplink_id not in dead
        }

    assert until(lambda: not lost(), within_s=60, every_s=0.5), lost()
    in_journal = journalled()
    assert len(load.sent) > 200
    assert len(in_journal) > 200
    assert len(in_journal) == len(set(in_journal))
    stored = {
        (e.record.device_id, e.record.observed_at): e.record.values
        for e in feed.read(after=0, limit=1_000_000)
        if e.record.kind == "fill"
    }
    altered = [
        key
        for key, values in stored.items()
        if getattr(values, "distance_mm", None) != load.sent.get(key)
    ]
    assert altered == []
