"""The hours of :class:`DistrictLife` in a real InfluxDB and a real PostgreSQL."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from influxdb_client import InfluxDBClient
from sqlalchemy import create_engine, insert, select

from alerts import schema as cases_schema
from domain.registry import RegistrySnapshot
from ingest.influx.buckets import BucketNames
from ingest.influx.change_lines import ChangeLines
from ingest.influx.coverage_lines import CoverageLines
from ingest.influx.deliveries import SqliteDeliveries
from ingest.influx.record_lines import RecordLines
from ingest.influx.rollup_lines import daily_lines, hourly_lines
from ingest.influx.server import InfluxAdministration, InfluxServer
from ingest.measures import SqliteMeasures
from ingest.rollup_feed import SqliteRollupFeed
from storage.postgres import WriteLock, writing_engine
from storage.postgres_registry import PostgresRegistryWriter
from tests.dashboards.district_life import DistrictLife, Scene
from tests.dashboards.figures import figures_of_a_day
from tests.dashboards.frames import Sources
from tests.fakes.influx_rig import new_writer
from tests.fakes.manual_clock import ManualClock
from tests.fakes.memory_registry import MemoryRegistry
from tests.influx_server import ADMIN_TOKEN, RunningInflux
from tests.postgres_server import RunningPostgres
from wire.shards import ALL_SHARDS

ORG = "huanwei-dashboards"
"""An organisation of its own: the buckets in it have the names that dashboards know."""

_CASE_TABLES = (
    cases_schema.alerts,
    cases_schema.alert_causes,
    cases_schema.cases,
    cases_schema.case_log,
    cases_schema.outbox,
    cases_schema.changes,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledDistrict:
    """Where the day ended, and how to ask for it."""

    until: datetime
    registry: RegistrySnapshot
    sources: Sources
    busy_place: str
    """A place with a camera, where cases were."""
    scenes: Mapping[str, Scene] = field(default_factory=dict)
    """What each picture shows, by its address."""


@contextmanager
def filled_district(
    folder: Path, influx: RunningInflux, postgres: RunningPostgres
) -> Iterator[FilledDistrict]:
    """Let the district live a day that ends now, and put it into both servers."""
    until = datetime.now(UTC).replace(second=0, microsecond=0)  # the views ask for the time, too
    url = postgres.fresh_database()
    names = BucketNames()
    _make_organisation(influx, names)
    address = replace(influx.address(), org=ORG)
    with DistrictLife(folder, until) as life:
        life.live()
        _write_points(life, folder, InfluxServer(address), names)
        _copy_cases(folder / "cases.db", url)
        registry = life.registry
        busy_place = _busiest(life)
        scenes = life.scenes
    lay_out_registry(registry, url, until)
    client = InfluxDBClient(url=influx.url, token=ADMIN_TOKEN, org=ORG)
    yield FilledDistrict(
        until=until,
        registry=registry,
        busy_place=busy_place,
        scenes=scenes,
        sources=Sources(influx=client, org=ORG, raw_bucket=names.raw, postgres_url=url),
    )
    client.close()
    postgres.drop(url)


def _busiest(life: DistrictLife) -> str:
    watched = {camera.place_id for camera in life.registry.cameras.values()}
    cases = [*life.book.ended_cases(500), *life.book.open_cases()]
    return max(sorted(watched), key=lambda at: sum(case.place_id == at for case in cases))


def _make_organisation(influx: RunningInflux, names: BucketNames) -> None:
    with InfluxDBClient(url=influx.url, token=ADMIN_TOKEN) as client:
        client.organizations_api().create_organization(name=ORG)
    administration = InfluxAdministration(replace(influx.address(), org=ORG))
    for name in names.kept_s():
        administration.make_bucket(name, kept_s=0)
    administration.close()


def _write_points(
    life: DistrictLife, folder: Path, server: InfluxServer, names: BucketNames
) -> None:
    known = MemoryRegistry(life.registry)
    rollups = SqliteRollupFeed(folder / "series.db")
    measures = SqliteMeasures(folder / "series.db")
    coverage = CoverageLines(
        rollups=rollups,
        measures=measures,
        registry=known,
        clock=ManualClock(life.until),
        kept_days=10,
        shards=ALL_SHARDS,
    )
    deliveries = SqliteDeliveries(folder / "influx.db")
    for feed, bucket, source in (
        ("records", names.raw, RecordLines(feed=life.feed, registry=known)),
        ("changes", names.raw, ChangeLines(feed=life.changes, registry=known)),
        ("hourly", names.hourly, hourly_lines(rollups, known)),
        ("daily", names.daily, daily_lines(rollups, known)),
        ("coverage", names.daily, coverage),
    ):
        writer = new_writer(source, server, deliveries, feed=feed, bucket=bucket)
        while writer.step():
            pass
    server.write(names.raw, b"\n".join(life.lines))
    server.write(names.raw, b"\n".join(figures_of_a_day(life.until)))
    deliveries.close()
    measures.close()
    rollups.close()
    server.close()


def _copy_cases(path: Path, url: str) -> None:
    source = create_engine(f"sqlite:///{path}")
    target = writing_engine(url, lock=WriteLock.CASES, schema="cases")
    with source.connect() as reading, target.begin() as writing:
        for table in _CASE_TABLES:
            rows = [dict(row._mapping) for row in reading.execute(select(table))]
            writing.execute(insert(table), rows)
    source.dispose()
    target.dispose()


def lay_out_registry(registry: RegistrySnapshot, url: str, at: datetime) -> None:
    """Import a registry."""
    writer = PostgresRegistryWriter(url, by="tests", now=lambda: at)
    writer.put(registry)
    writer.close()
