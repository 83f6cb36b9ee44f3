"""Composition root of the ingest process."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from prometheus_client import CollectorRegistry

from alerts.journal_cursor import journal_position
from huanwei.broker.address import broker_address
from huanwei.business_clock import SystemClock
from huanwei.clock_choice import business_clock
from huanwei.held_secrets import held
from huanwei.process import ProcessParts, all_ready
from huanwei.process_points import points_of
from huanwei.run_files import CASES, JOURNAL, PICTURES, SERIES
from huanwei.run_stores import registry_of
from huanwei.settings import Settings
from huanwei.shard_files import file_of_shards
from ingest.collector import CalmCollector
from ingest.device_watch import RateLimits
from ingest.journal_stores import JournalStore, SqliteJournalStore
from ingest.kept_days import KeptDays
from ingest.metrics import IngestMetrics
from ingest.picture_retention import PictureRetention
from ingest.service import IngestService
from storage.picture_folder import PictureFolder
from wire.shards import parse_shards


def health_port(settings: Settings) -> int:
    """Return the port of this process's probes."""
    return settings.ingest.health_port


def build(settings: Settings) -> ProcessParts:
    """Put judge, journal, time series and picture intake together."""
    metrics = CollectorRegistry()
    data = settings.run.data
    clock = business_clock(settings)
    shards = parse_shards(settings.ingest.shards)
    registry = registry_of(settings, clock)
    failed = threading.Event()
    influx = None
    if settings.influx is not None:
        from huanwei.influx import influx_run  # noqa: PLC0415  36 MB that most runs do without

        influx = influx_run(
            settings, registry=registry, clock=clock, metrics=metrics, failed=failed
        )
    pictures = PictureFolder(data / PICTURES)
    kept = KeptDays(
        journal=settings.ingest.journal_days,
        readings=settings.ingest.readings_days,
        rollups=settings.ingest.rollup_days,
        pictures=settings.ingest.picture_days,
    )
    counters = IngestMetrics(metrics)
    retention = PictureRetention(
        pictures=pictures, days=kept.pictures, wall_now=SystemClock().now, metrics=counters
    )
    cursors: dict[str, Callable[[], int]] = {}
    if settings.postgres is None:
        cursors["alerts"] = partial(journal_position, data / CASES)
    if influx is not None:
        cursors["influxdb"] = influx.trim_cursor
    service = IngestService(
        clock=clock,
        registry=registry,
        journal=_journal_store(settings, shards),
        series_path=data / file_of_shards(SERIES, shards),
        shards=shards,
        pictures=pictures,
        broker=broker_address(
            settings.broker,
            username="ingest",
            password=held(settings.broker.ingest_password, "broker.ingest_password"),
        ),
        metrics=counters,
        cursors=cursors,
        kept=kept,
        limits=RateLimits(
            times_registered_rate=settings.ingest.rate_times_registered,
            burst=settings.ingest.rate_burst,
            longest_backlog=timedelta(days=settings.ingest.longest_backlog_days),
        ),
        failed=failed,
        fresh=() if influx is None else influx.fresh,
    )
    if influx is None:
        return ProcessParts(
            parts=[CalmCollector(), service, retention],
            readiness=service.readiness,
            metrics=metrics,
            failed=failed,
        )
    return ProcessParts(
        parts=[
            CalmCollector(),
            influx,
            service,
            retention,
            # Workers have no shard in common, so the first names each.
            *points_of(settings, process=f"ingest-{shards[0]}", clock=clock, metrics=metrics),
        ],
        readiness=all_ready(service.readiness, influx.readiness),
        metrics=metrics,
        failed=failed,
    )


def _journal_store(settings: Settings, shards: tuple[int, ...]) -> JournalStore:
    if settings.postgres is None:
        return SqliteJournalStore(settings.run.data / JOURNAL)
    from ingest.postgres.store import PostgresJournalStore  # noqa: PLC0415  its library's memory

    return PostgresJournalStore(settings.postgres.url.get_secret_value(), shards)
