"""Devices that publish through the broker's door, and the oracle of what the gateway accepted."""

import json
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from domain.records import FillReading, JournalEntry
from domain.registry import RegistrySnapshot
from ingest.dead_letters import read_dead_letters
from ingest.record_feed import SqliteRecordFeed
from tests.whole_run import WholeRun, distance_of, until
from wire.client import MqttClient
from wire.device_messages import DeviceMessage, encode_device_message
from wire.topics import device_topic

Identity = tuple[str, datetime, str]
"""A record in the stores: device, time, kind. A device's message may be accepted twice (the broker
repeats what a killed gateway has not acknowledged), but it is one record."""

_PAGE = 20_000
_MOST_BEHIND_S = 1.0


def registered_for_load(
    registry: RegistrySnapshot, *, devices: int | None = None
) -> RegistrySnapshot:
    """Return the registry with its first ``devices`` (None: all) set to report every 10 s.

    Ingest lets a device send 12 times as often for ever, 1.2 readings a second, and refuses more.
    """
    sensors = {
        device_id: replace(sensor, report_interval_s=10) if number < (devices or 10**6) else sensor
        for number, (device_id, sensor) in enumerate(sorted(registry.sensors.items()))
    }
    return replace(registry, sensors=sensors)


def devices_of(run: WholeRun, *, client_id: str = "drill-devices") -> MqttClient:
    """Return a client that may publish as any device of the run."""
    broker = run.settings.broker
    return MqttClient(
        host=broker.host,
        port=broker.mqtt_port,
        client_id=client_id,
        username="devices",
        password=broker.devices_password.get_secret_value(),
        subscriptions=[],
        on_message=lambda _message: None,
    )


class DeviceLoad:
    """Publishes device messages as fast as asked, and remembers what was sent.

    Levels stay below the first limit that alerts look at. A device may send 1.2 readings a second
    for ever, so there must be enough of them.
    """

    def __init__(self, run: WholeRun, *, per_s: int, devices: int) -> None:
        self._run = run
        self._every_s = 1 / per_s
        self._devices = devices
        self.sent: dict[tuple[str, datetime], int] = {}
        self._client = devices_of(run)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._publish, name="load")

    def start(self) -> None:
        """Begin to publish."""
        self._client.start()
        self._thread.start()

    def stop(self) -> None:
        """End. May be called twice."""
        self._stop.set()
        self._thread.join()
        self._client.stop()

    def _publish(self) -> None:
        number = 0
        due_s = time.monotonic()
        while not self._stop.wait(max(0.0, due_s - time.monotonic())):
            # A busy machine catches up, by a second at most: the load is what was asked for.
            due_s = max(due_s + self._every_s, time.monotonic() - _MOST_BEHIND_S)
            device_id = f"bin-{number % self._devices:03}"
            observed_at = self._run.clock.now().replace(microsecond=number % 1_000_000)
            distance_mm = distance_of((number % 79) / 100)
            message = DeviceMessage(
                device_id=device_id, observed_at=observed_at, distances_mm=(distance_mm,)
            )
            taken = self._client.publish(
                device_topic(device_id), encode_device_message(message), qos=1
            )
            if taken:
                self.sent[(device_id, observed_at)] = distance_mm
                number += 1


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


def journalled(journal: Path) -> list[Identity]:
    """Return the identity of every record in the journal, in its order."""
    return [identity_of(entry) for entry in entries_of(journal)]


def entries_of(journal: Path) -> Iterator[JournalEntry]:
    """Yield every entry of the journal, a page at a time: there may be a million."""
    with closing(SqliteRecordFeed(journal)) as feed:
        after = 0
        while page := feed.read(after=after, limit=_PAGE):
            yield from page
            after = page[-1].position


def identity_of(entry: JournalEntry) -> Identity:
    """Return which record an entry is of."""
    record = entry.record
    return record.device_id, record.observed_at, str(record.kind)


def lost(log_path: Path, journal: Path) -> set[Identity]:
    """Return what was accepted and is neither in the journal nor among its dead letters."""
    # The log is read first: what is accepted meanwhile is not asked of the journal yet.
    accepted_by_now = accepted(log_path)
    stands = set(journalled(journal))
    dead = {(d.boot_id, d.sequence) for d in read_dead_letters(journal, limit=100_000)}
    return {
        identity
        for identity, uplink_id in accepted_by_now.items()
        if identity not in stands and uplink_id not in dead
    }


def assert_nothing_lost_doubled_or_altered(
    load: DeviceLoad,
    *,
    log_path: Path,
    journal: Path,
    tell: Callable[..., None],
    within_s: float = 60,
    besides: Collection[Identity] = (),
) -> None:
    """Wait until all that was accepted is in the journal, then hold it against what was sent.

    The counts go to ``tell`` before they are judged. ``besides`` are records of others than the
    load.
    """
    until(lambda: not lost(log_path, journal), within_s=within_s, every_s=0.5)
    missing = lost(log_path, journal)
    in_journal = journalled(journal)
    doubled = len(in_journal) - len(set(in_journal))
    others = {(device_id, at) for device_id, at, _ in besides}
    changed = set(altered(load, journal)) - others
    tell(
        accepted=len(accepted(log_path)),
        lost=len(missing),
        doubled=doubled,
        altered=len(changed),
    )
    assert not missing
    assert not doubled
    assert not changed


def altered(load: DeviceLoad, journal: Path) -> list[tuple[str, datetime]]:
    """Return the readings of the journal that differ from what the devices sent."""
    return [
        (e.record.device_id, e.record.observed_at)
        for e in entries_of(journal)
        if isinstance(e.record.values, FillReading)
        and e.record.values.distance_mm != load.sent.get((e.record.device_id, e.record.observed_at))
    ]
