"""Journal, writer and history over a real InfluxDB, each test in a bucket of its own."""

import random
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry

from domain.devices import Zone, ZoneKind
from domain.records import Record
from domain.registry import RegistrySnapshot
from ingest.influx.buckets import BucketNames
from ingest.influx.deliveries import SqliteDeliveries
from ingest.influx.history import InfluxHistory
from ingest.influx.measures import InfluxMeasures
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.record_lines import RecordLines
from ingest.influx.rollup_lines import daily_lines, hourly_lines
from ingest.influx.server import InfluxAdministration, InfluxServer
from ingest.influx.sink import LineSink
from ingest.influx.source import LineSource
from ingest.influx.writer import InfluxWriter
from ingest.rollup_feed import SqliteRollupFeed
from ingest.series import SqliteSeries
from tests.fakes.ingest_samples import CAMERA, sample_registry
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import ManualClock
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.memory_registry import MemoryRegistry
from tests.influx_server import RunningInflux


def registry_with_zone() -> RegistrySnapshot:
    """Return the sample registry, its camera with one ground zone."""
    registry = sample_registry(sensors=5)
    ground = Zone(
        zone_id="ground",
        kind=ZoneKind.GROUND,
        polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),
        area_m2=12.0,
    )
    camera = replace(registry.cameras[CAMERA], zones=(ground,))
    return replace(registry, cameras={CAMERA: camera})


REGISTRY = registry_with_zone()


def new_bucket(influx: RunningInflux, *, kept_s: int = 0) -> str:
    """Make a bucket that no other test uses; return its name."""
    name = f"bucket-{secrets.token_hex(4)}"
    administration = InfluxAdministration(influx.address())
    administration.make_bucket(name, kept_s=kept_s)
    administration.close()
    return name


class RecordingWait:
    """Stands in for waiting: writes down the seconds, lets a test act, stops after ``most``."""

    def __init__(self, *, most: int = 50) -> None:
        self.waits: list[float] = []
        self.on_wait: Callable[[], None] = lambda: None
        self._most = most

    def __call__(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.on_wait()
        return len(self.waits) >= self._most


def new_writer(
    source: LineSource,
    sink: LineSink,
    deliveries: SqliteDeliveries,
    *,
    feed: str = "records",
    bucket: str = "raw",
    wait: RecordingWait | None = None,
    metrics: CollectorRegistry | None = None,
) -> InfluxWriter:
    """Return a writer that waits for nobody."""
    return InfluxWriter(
        feed=feed,
        bucket=bucket,
        source=source,
        sink=sink,
        deliveries=deliveries,
        clock=ManualClock(),
        rng=random.Random(1),
        metrics=InfluxMetrics(metrics or CollectorRegistry()),
        wait=wait or RecordingWait(),
    )


class InfluxSeries:
    """What a test adds goes by journal, series and writers into the server, each test into buckets
    of its own; ``history`` and ``measures`` read it there.
    """

    def __init__(
        self, influx: RunningInflux, folder: Path, registry: RegistrySnapshot = REGISTRY
    ) -> None:
        mark = secrets.token_hex(4)
        self.buckets = BucketNames(
            raw=f"raw-{mark}", hourly=f"hourly-{mark}", daily=f"daily-{mark}"
        )
        administration = InfluxAdministration(influx.address())
        for name in self.buckets.kept_s():
            administration.make_bucket(name, kept_s=0)
        administration.close()
        self._server = InfluxServer(influx.address())
        self._deliveries = SqliteDeliveries(folder / "influx.db")
        self._series = SqliteSeries(folder / "series.db")
        self._rollups = SqliteRollupFeed(folder / "series.db")
        self._feed = MemoryRecordFeed()
        self._seen: set[tuple[str, object, object]] = set()
        known = MemoryRegistry(registry)
        self._writers = [
            new_writer(source, self._server, self._deliveries, feed=feed, bucket=bucket)
            for feed, bucket, source in (
                ("records", self.buckets.raw, RecordLines(feed=self._feed, registry=known)),
                ("hourly", self.buckets.hourly, hourly_lines(self._rollups, known)),
                ("daily", self.buckets.daily, daily_lines(self._rollups, known)),
            )
        ]
        self.history = InfluxHistory(self._server, bucket=self.buckets.raw)
        self.measures = InfluxMeasures(self._server, self.buckets)

    def add(self, *records: Record) -> None:
        """Write records. As in the journal, the first of an identity is the only one."""
        for record in records:
            identity = (record.device_id, record.observed_at, record.kind)
            if identity not in self._seen:
                self._seen.add(identity)
                self._series.append(stretch_of([self._feed.append_record(record)]))
        for writer in self._writers:
            while writer.step():
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        self._rollups.close()
        self._series.close()
        self._deliveries.close()
