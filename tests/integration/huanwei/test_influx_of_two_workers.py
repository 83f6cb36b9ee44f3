"""Two ingest workers with half of the shards each write one real InfluxDB: every point, once."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from huanwei.influx import InfluxRun, influx_run
from huanwei.new_run import write_settings
from huanwei.run_files import SERIES
from huanwei.settings import Settings, load_settings
from huanwei.shard_files import file_of_shards
from ingest.inbox import Arrival
from ingest.influx.server import InfluxServer
from ingest.metrics import IngestMetrics
from ingest.picture_intake import PictureIntake
from ingest.postgres.journal import PostgresJournal
from ingest.postgres.record_feed import PostgresRecordFeed
from ingest.postgres.session import JournalSession
from ingest.rounds import Rounds
from ingest.series import SqliteSeries
from ingest.series_follower import SeriesFollower
from tests.fakes.influx_rig import new_bucket
from tests.fakes.ingest_samples import batch, fill_record, sample_registry, sensor_id
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from tests.influx_server import ADMIN_TOKEN, ORG, RunningInflux
from tests.whole_run import until
from wire.shards import parse_shards
from wire.topics import shard_of

GATEWAYS = {"0-15": "gateway-3", "16-31": "gateway-7"}
SENSORS, HOURS, AN_HOUR = 4, 3, 5


def district() -> MemoryRegistry:
    """Return two sensors at either gateway."""
    snapshot = sample_registry(sensors=SENSORS)
    gateways = list(GATEWAYS.values())
    sensors = {
        sensor_id(n): replace(snapshot.sensors[sensor_id(n)], gateway_id=gateways[n % 2])
        for n in range(SENSORS)
    }
    return MemoryRegistry(replace(snapshot, sensors=sensors))


class Worker:
    """One of the two, without its broker."""

    def __init__(self, settings: Settings, url: str, registry: MemoryRegistry) -> None:
        self.shards = parse_shards(settings.ingest.shards)
        self._gateway_id = GATEWAYS[settings.ingest.shards]
        assert shard_of(self._gateway_id) in self.shards
        self._clock = ManualClock(START + timedelta(hours=HOURS))
        metrics = IngestMetrics(CollectorRegistry())
        self._journal = PostgresJournal(JournalSession(url, self.shards))
        self._rounds = Rounds(
            journal=self._journal,
            pictures=PictureIntake(MemoryPictures()),
            registry=registry,
            clock=self._clock,
            metrics=metrics,
        )
        self._feed = PostgresRecordFeed(url, shards=self.shards)
        self._series = SqliteSeries(settings.run.data / file_of_shards(SERIES, self.shards))
        self._follower = SeriesFollower(feed=self._feed, series=self._series, metrics=metrics)
        self._sequence = 0
        self._registry = registry
        self._settings = settings

    def receive(self, hour: int) -> None:
        """Take the readings of an hour of all devices of its gateway, and add them up."""
        mine = [n for n in range(SENSORS) if self._owns(sensor_id(n))]
        records = {}
        for n in mine:
            for minute in range(AN_HOUR):
                self._sequence += 1
                at = START + timedelta(hours=hour, minutes=minute)
                records[self._sequence] = fill_record(n, at=at, level=(minute + 1) / 10)
        payload = batch(records, gateway_id=self._gateway_id)
        for _ in range(2):  # the gateway sends again
            self._rounds.run([Arrival(self._gateway_id, payload)])
        self._follower.step()

    @contextmanager
    def writing(self) -> Iterator[InfluxRun]:
        run = influx_run(
            self._settings,
            registry=self._registry,
            clock=self._clock,
            metrics=CollectorRegistry(),
            failed=threading.Event(),
        )
        assert run is not None
        run.start()
        try:
            yield run
        finally:
            run.stop()

    def close(self) -> None:
        self._series.close()
        self._feed.close()
        self._journal.close()

    def _owns(self, device_id: str) -> bool:
        device = self._registry.current().device(device_id)
        return device is not None and device.gateway_id == self._gateway_id


def settings_of(
    shards: str, folder: Path, *, url: str, influx: RunningInflux, buckets: tuple[str, str, str]
) -> Settings:
    path = write_settings(folder / shards, gateway_id=GATEWAYS[shards])
    raw, hourly, daily = buckets
    written = path.read_text("utf-8") + (
        f'\n[postgres]\nurl = "{url}"\n\n[influx]\nurl = "{influx.url}"\norg = "{ORG}"\n'
        f'raw_bucket = "{raw}"\nhourly_bucket = "{hourly}"\ndaily_bucket = "{daily}"\n'
        f'token = "{ADMIN_TOKEN}"\n\n[ingest]\nshards = "{shards}"\n'
    )
    path.write_text(written, "utf-8")
    return load_settings(path)


def counted(server: InfluxServer, bucket: str, field: str) -> dict[str, int]:
    """Return how many points with that field each device has."""
    flux = (
        f'from(bucket: "{bucket}") |> range(start: 2020-01-01T00:00:00Z)'
        f' |> filter(fn: (r) => r._field == "{field}")'
        ' |> group(columns: ["device_id"]) |> count()'
    )
    return {row["device_id"]: int(row["_value"]) for row in server.rows(flux)}


def test_two_workers_write_every_point_of_their_own_shards_once(
    tmp_path: Path, postgres_url: str, influx: RunningInflux
) -> None:
    registry = district()
    buckets = (new_bucket(influx), new_bucket(influx), new_bucket(influx))
    devices = {sensor_id(n) for n in range(SENSORS)}
    with ExitStack() as ends:
        server = InfluxServer(influx.address())
        ends.callback(server.close)
        workers = []
        for shards in GATEWAYS:
            settings = settings_of(
                shards, tmp_path, url=postgres_url, influx=influx, buckets=buckets
            )
            workers.append(Worker(settings, postgres_url, registry))
            ends.callback(workers[-1].close)
        for hour in range(HOURS):
            with ExitStack() as running:  # each hour the writers begin anew, as after a restart
                for worker in workers:
                    worker.receive(hour)
                    running.enter_context(worker.writing())
                readings = dict.fromkeys(devices, (hour + 1) * AN_HOUR)
                hours = dict.fromkeys(devices, hour + 1)

                def everything(
                    readings: dict[str, int] = readings, hours: dict[str, int] = hours
                ) -> bool:
                    raw, hourly, _ = buckets
                    return (
                        counted(server, raw, "filling_level") == readings
                        and counted(server, hourly, "accepted") == hours
                    )

                assert until(everything, within_s=15, every_s=0.1), [
                    counted(server, bucket, field)
                    for bucket, field in zip(buckets, ("filling_level", "accepted"), strict=False)
                ]
