"""Composition of the InfluxDB writers that run beside ingest."""

import random
import threading
from collections.abc import Mapping

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from domain.ports.clock import Clock
from domain.ports.registry import Registry
from huanwei.influx_sources import influx_sources
from huanwei.process import Closable
from huanwei.run_files import INFLUX
from huanwei.settings import InfluxSection, Settings
from huanwei.shard_files import file_of_shards
from ingest.fresh_records import FreshRecords
from ingest.influx.buckets import BucketNames
from ingest.influx.change_lines import ChangeLines
from ingest.influx.coverage_lines import CoverageLines
from ingest.influx.health_lines import HealthLines
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.place_lines import PlaceLines
from ingest.influx.record_lines import RecordLines
from ingest.influx.rollup_lines import daily_lines, hourly_lines
from ingest.influx.server import InfluxAddress, InfluxServer
from ingest.influx.service import InfluxFeed, InfluxService
from wire.shards import parse_shards

RECORDS = "records"


def bucket_names(section: InfluxSection) -> BucketNames:
    """Return what the buckets are called."""
    return BucketNames(
        raw=section.raw_bucket, hourly=section.hourly_bucket, daily=section.daily_bucket
    )


def address(section: InfluxSection, token: SecretStr) -> InfluxAddress:
    """Return how to reach the server with one of the tokens."""
    return InfluxAddress(
        url=section.url, org=section.org, token=token.get_secret_value(), gzip=section.gzip
    )


class InfluxRun:
    """The writers of a run with everything they read from. A part of the ingest process.

    ``fresh`` is for ingest to fill with what it commits.
    """

    def __init__(  # noqa: PLR0913  each argument is another adapter for the composition root
        self,
        settings: Settings,
        section: InfluxSection,
        *,
        file_name: str,
        registry: Registry,
        clock: Clock,
        metrics: CollectorRegistry,
        backfill: bool = False,
        failed: threading.Event | None = None,
    ) -> None:
        names = bucket_names(section)
        server = InfluxServer(address(section, section.token))
        sources = influx_sources(settings, server, names.raw)
        # Others write a database's journal too; only of a file ingest knows what comes next.
        self.fresh = () if backfill or settings.postgres is not None else (FreshRecords(),)
        (fresh,) = self.fresh or (None,)
        records = RecordLines(feed=sources.records, registry=registry, fresh=fresh)
        hourly, daily = (lines(sources.rollups, registry) for lines in (hourly_lines, daily_lines))
        feeds = [
            InfluxFeed(name=RECORDS, bucket=names.raw, source=records, fresh=fresh),
            InfluxFeed(name="hourly", bucket=names.hourly, source=hourly),
            InfluxFeed(name="daily", bucket=names.daily, source=daily),
        ]
        whole = sources.whole
        if whole is not None:
            changes = ChangeLines(feed=whole.changes, registry=registry)
            feeds.insert(1, InfluxFeed(name="changes", bucket=names.raw, source=changes))
        if whole is not None and not backfill:
            health = HealthLines(history=whole.history, registry=registry, clock=clock)
            feeds.append(InfluxFeed(name="health", bucket=names.raw, source=health))
            places = PlaceLines(
                history=whole.history, work=whole.work, registry=registry, clock=clock
            )
            feeds.append(InfluxFeed(name="places", bucket=names.raw, source=places))
        shards = parse_shards(settings.ingest.shards)
        if not backfill:
            coverage = CoverageLines(
                rollups=sources.rollups,
                measures=sources.measures,
                registry=registry,
                clock=clock,
                kept_days=settings.ingest.readings_days,
                shards=shards,
            )
            feeds.append(InfluxFeed(name="coverage", bucket=names.daily, source=coverage))
        path = settings.run.data / file_of_shards(file_name, shards)
        self.service = InfluxService(
            feeds=tuple(feeds),
            sink=server,
            path=path,
            clock=clock,
            rng=random.Random(),  # noqa: S311  spreads retries, no secret
            metrics=InfluxMetrics(metrics),
            ends_when_closed=backfill,
            failed=failed,
        )
        self._closing: tuple[Closable, ...] = (*sources.closing, server)

    def start(self) -> None:
        """Follow every feed."""
        self.service.start()

    def stop(self) -> None:
        """End, and close every file and connection. May be called twice."""
        self.service.stop()
        for thing in self._closing:
            thing.close()

    def trim_cursor(self) -> int:
        """Return up to where the journal may be trimmed, as far as InfluxDB is concerned."""
        return self.service.position(RECORDS)

    def readiness(self) -> Mapping[str, str]:
        """Return what somebody has to mend."""
        return self.service.readiness()


def influx_run(
    settings: Settings,
    *,
    registry: Registry,
    clock: Clock,
    metrics: CollectorRegistry,
    failed: threading.Event,
) -> InfluxRun | None:
    """Return the writers that run beside ingest; None without ``[influx]``."""
    if settings.influx is None:
        return None
    return InfluxRun(
        settings,
        settings.influx,
        file_name=INFLUX,
        registry=registry,
        clock=clock,
        metrics=metrics,
        failed=failed,
    )
