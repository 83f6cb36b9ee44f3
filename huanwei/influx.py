"""Composition of the InfluxDB writers that run beside the embedded store."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from alerts.case_book import BookChangeFeed, CaseBook
from alerts.case_database import SqliteCases
from domain.alerts import Alert
from domain.cases import Case
from domain.changes import Change
from domain.ports.clock import Clock
from domain.ports.registry import Registry
from huanwei.process import Closable
from huanwei.run_files import CASES, INFLUX, JOURNAL, SERIES
from huanwei.settings import InfluxSection, Settings
from ingest.history import SqliteHistory
from ingest.influx.buckets import BucketNames
from ingest.influx.change_lines import ChangeLines
from ingest.influx.health_lines import HealthLines
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.place_lines import PlaceLines
from ingest.influx.record_lines import RecordLines
from ingest.influx.rollup_lines import daily_lines, hourly_lines
from ingest.influx.server import InfluxAddress, InfluxServer
from ingest.influx.service import InfluxFeed, InfluxService
from ingest.record_feed import SqliteRecordFeed
from ingest.rollup_feed import SqliteRollupFeed

RECORDS = "records"


class ChangesWhenWritten:
    """The changes of ``cases.db``, none while the centre has not made the file yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._feed: BookChangeFeed | None = None

    def read(self, *, after: int, limit: int) -> Sequence[Change]:
        """Return up to ``limit`` changes behind position ``after``, oldest first."""
        feed = self._opened()
        return [] if feed is None else feed.read(after=after, limit=limit)

    def newest_position(self) -> int:
        """Return the position of the newest change, 0 when there is none."""
        feed = self._opened()
        return 0 if feed is None else feed.newest_position()

    def close(self) -> None:
        """Close the reader."""
        if self._feed is not None:
            self._feed.close()
            self._feed = None

    def _opened(self) -> BookChangeFeed | None:
        if self._feed is None and self._path.exists():
            self._feed = BookChangeFeed(SqliteCases(self._path).open_book())
        return self._feed


class WorkWhenWritten:
    """What is open by ``cases.db``, nothing while the centre has not made the file yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._book: CaseBook | None = None

    def open_alerts(self) -> Sequence[Alert]:
        """Return every open alert."""
        book = self._opened()
        return [] if book is None else book.open_alerts()

    def open_cases(self) -> Sequence[Case]:
        """Return every case that still wants something."""
        book = self._opened()
        return [] if book is None else book.open_cases()

    def close(self) -> None:
        """Close the reader."""
        if self._book is not None:
            self._book.close()
            self._book = None

    def _opened(self) -> CaseBook | None:
        if self._book is None and self._path.exists():
            self._book = SqliteCases(self._path).open_book()
        return self._book


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
    """The writers of a run with everything they read from. A part of the ingest process."""

    def __init__(
        self,
        section: InfluxSection,
        *,
        data: Path,
        file_name: str,
        registry: Registry,
        clock: Clock,
        metrics: CollectorRegistry,
        backfill: bool = False,
    ) -> None:
        names = bucket_names(section)
        records = SqliteRecordFeed(data / JOURNAL)
        changes = ChangesWhenWritten(data / CASES)
        rollups = SqliteRollupFeed(data / SERIES)
        history = SqliteHistory(data / SERIES)
        work = WorkWhenWritten(data / CASES)
        server = InfluxServer(address(section, section.token))
        feeds = [
            InfluxFeed(
                name=RECORDS,
                bucket=names.raw,
                source=RecordLines(feed=records, registry=registry),
            ),
            InfluxFeed(
                name="changes",
                bucket=names.raw,
                source=ChangeLines(feed=changes, registry=registry),
            ),
            InfluxFeed(name="hourly", bucket=names.hourly, source=hourly_lines(rollups, registry)),
            InfluxFeed(name="daily", bucket=names.daily, source=daily_lines(rollups, registry)),
        ]
        if not backfill:
            health = HealthLines(history=history, registry=registry, clock=clock)
            feeds.append(InfluxFeed(name="health", bucket=names.raw, source=health))
            places = PlaceLines(history=history, work=work, registry=registry, clock=clock)
            feeds.append(InfluxFeed(name="places", bucket=names.raw, source=places))
        self.service = InfluxService(
            feeds=tuple(feeds),
            sink=server,
            path=data / file_name,
            clock=clock,
            rng=random.Random(),  # noqa: S311  spreads retries, no secret
            metrics=InfluxMetrics(metrics),
            ends_when_closed=backfill,
        )
        self._closing: tuple[Closable, ...] = (records, changes, rollups, history, work, server)

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
    settings: Settings, *, registry: Registry, clock: Clock, metrics: CollectorRegistry
) -> InfluxRun | None:
    """Return the writers that run beside ingest; None without ``[influx]``."""
    if settings.influx is None:
        return None
    return InfluxRun(
        settings.influx,
        data=settings.run.data,
        file_name=INFLUX,
        registry=registry,
        clock=clock,
        metrics=metrics,
    )
