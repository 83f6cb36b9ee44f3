"""Which stores a run has: files of one machine, or a district's PostgreSQL and InfluxDB.

What a district needs is imported only there: a run on files does without its memory.
"""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from domain.ports.clock import Clock
from domain.ports.device_quality import DeviceQualities
from domain.ports.history import History
from domain.ports.measures import Measures
from domain.ports.record_feed import RecordFeed
from domain.ports.registry import Registry
from huanwei.errors import StandsInTheWayError
from huanwei.process import Closable
from huanwei.run_files import CASES, JOURNAL, SERIES
from huanwei.settings import Settings
from ingest.device_quality import SqliteDeviceQualities
from ingest.history import SqliteHistory
from ingest.measures import SqliteMeasures
from ingest.record_feed import SqliteRecordFeed
from storage.registry_file import RegistryFile

if TYPE_CHECKING:
    from alerts.case_database import CaseDatabase


class ClosableFeed(RecordFeed, Closable, Protocol):
    """A feed that holds connections."""


class ClosableQualities(DeviceQualities, Closable, Protocol):
    """Qualities that hold connections."""


def postgres_url(settings: Settings) -> str | None:
    """Return the address of the run's PostgreSQL, None for a run on files."""
    return None if settings.postgres is None else settings.postgres.url.get_secret_value()


def registry_of(settings: Settings, clock: Clock) -> Registry:
    """Return the registry; of PostgreSQL once its tables are known to be of this release.

    Raises ``StandsInTheWayError`` in plain words, ``BadRegistryFileError`` or ``OSError``.
    """
    url = postgres_url(settings)
    if url is None:
        return RegistryFile(settings.run.registry)
    from huanwei.database import require_this_release  # noqa: PLC0415  see above
    from storage.postgres_registry import NoRegistryError, PostgresRegistry  # noqa: PLC0415

    with database_in_plain_words():
        require_this_release(url)
        try:
            return PostgresRegistry(url, monotonic_s=clock.monotonic_s)
        except NoRegistryError as error:
            raise StandsInTheWayError(str(error)) from None


def cases_of(settings: Settings) -> "CaseDatabase":
    """Return where the cases are."""
    url = postgres_url(settings)
    if url is None:
        from alerts.case_database import SqliteCases  # noqa: PLC0415  20 MB that ingest does without

        return SqliteCases(settings.run.data / CASES)
    from alerts.postgres_store import PostgresCases  # noqa: PLC0415  see above

    return PostgresCases(url)


def record_feed_of(settings: Settings) -> ClosableFeed:
    """Return the journal as a feed."""
    url = postgres_url(settings)
    if url is None:
        return SqliteRecordFeed(settings.run.data / JOURNAL)
    from ingest.postgres.record_feed import PostgresRecordFeed  # noqa: PLC0415  see above

    return PostgresRecordFeed(url)


def qualities_of(settings: Settings) -> ClosableQualities:
    """Return how far each device can be relied on."""
    url = postgres_url(settings)
    if url is None:
        return SqliteDeviceQualities(settings.run.data / JOURNAL)
    from ingest.postgres.device_quality import PostgresDeviceQualities  # noqa: PLC0415  see above

    return PostgresDeviceQualities(url)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSeries:
    """The time series that pages show, one by one and added up, and what is to be closed."""

    history: History
    measures: Measures
    closing: tuple[Closable, ...]
    file: Path | None = None
    """Where ingest keeps it; None for InfluxDB."""

    def readiness(self) -> dict[str, str]:
        """Return what is missing, by name: another machine's file is never found here."""
        if self.file is None or self.file.exists():
            return {}
        finding = f"no {self.file.name} here: where ingest runs elsewhere, pages need [influx]"
        return {"readings": finding}


def time_series_of(settings: Settings) -> TimeSeries:
    """Return the time series that pages show.

    A district's api may run far from ingest and its ``series.db``, so there it is InfluxDB.
    """
    section = settings.influx
    if section is None or not (section.serves_pages or settings.postgres is not None):
        path = settings.run.data / SERIES
        embedded, added_up = SqliteHistory(path), SqliteMeasures(path)
        return TimeSeries(
            history=embedded, measures=added_up, closing=(embedded, added_up), file=path
        )
    from huanwei.influx import address, bucket_names  # noqa: PLC0415  36 MB, seldom wanted
    from ingest.influx.history import InfluxHistory  # noqa: PLC0415  as above
    from ingest.influx.measures import InfluxMeasures  # noqa: PLC0415  as above
    from ingest.influx.server import InfluxServer  # noqa: PLC0415  as above

    token = section.read_token if section.read_token.get_secret_value() else section.token
    server = InfluxServer(address(section, token))
    return TimeSeries(
        history=InfluxHistory(server, bucket=section.raw_bucket),
        measures=InfluxMeasures(server, bucket_names(section)),
        closing=(server,),
    )


@contextmanager
def database_in_plain_words() -> Iterator[None]:
    """Turn a database that is away or in use into what ends a command with one line."""
    from storage.postgres import DatabaseUnavailableError  # noqa: PLC0415  see above

    try:
        yield
    except DatabaseUnavailableError as error:
        raise StandsInTheWayError(str(error)) from None


def who() -> str:
    """Return the account that gives an order on this machine."""
    return getpass.getuser()
