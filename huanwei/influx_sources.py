"""What the InfluxDB writers of a run read: files of one machine, or a district's database.

Of several ingest workers each writes the records, rollups and coverage of its own shards. What is
told of the whole (changes, states of devices and places) is told by one: the worker with shard 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from alerts.case_book import BookChangeFeed, CaseBook
from alerts.case_database import SqliteCases
from domain.alerts import Alert
from domain.cases import Case
from domain.changes import Change
from domain.ports.change_feed import ChangeFeed
from domain.ports.history import History
from domain.ports.measures import Measures
from huanwei.process import Closable
from huanwei.run_files import CASES, JOURNAL, SERIES
from huanwei.run_stores import postgres_url
from huanwei.settings import Settings
from huanwei.shard_files import file_of_shards
from ingest.history import SqliteHistory
from ingest.influx.history import InfluxHistory
from ingest.influx.place_lines import OpenWork
from ingest.influx.server import InfluxServer
from ingest.journal_stores import ClosableFeed
from ingest.measures import SqliteMeasures
from ingest.record_feed import SqliteRecordFeed
from ingest.rollup_feed import SqliteRollupFeed
from wire.shards import ALL_SHARDS, parse_shards


class ClosableChanges(ChangeFeed, Closable, Protocol):
    """Changes that hold a file or connections."""


class ClosableWork(OpenWork, Closable, Protocol):
    """Open work that holds a file or connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeDistrict:
    """What is told of the whole."""

    changes: ClosableChanges
    work: ClosableWork
    history: History


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxSources:
    """What one worker's writers read; ``whole`` where it tells that too."""

    records: ClosableFeed
    rollups: SqliteRollupFeed
    measures: Measures
    whole: WholeDistrict | None
    closing: tuple[Closable, ...]


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


def influx_sources(settings: Settings, server: InfluxServer, raw_bucket: str) -> InfluxSources:
    """Return what this run's writers read, by its settings."""
    data, shards = settings.run.data, parse_shards(settings.ingest.shards)
    series = data / file_of_shards(SERIES, shards)
    rollups, embedded, added_up = (
        SqliteRollupFeed(series),
        SqliteHistory(series),
        SqliteMeasures(series),
    )
    # A worker with some of the shards knows of the others only what InfluxDB knows.
    alone = shards == ALL_SHARDS
    history: History = embedded if alone else InfluxHistory(server, bucket=raw_bucket)
    records, changes, work = _database_sources(settings, shards)
    whole = None
    if 0 in shards:
        whole = WholeDistrict(changes=changes, work=work, history=history)
    return InfluxSources(
        records=records,
        rollups=rollups,
        measures=added_up,
        whole=whole,
        closing=(records, changes, rollups, embedded, added_up, work),
    )


def _database_sources(
    settings: Settings, shards: tuple[int, ...]
) -> tuple[ClosableFeed, ClosableChanges, ClosableWork]:
    url, data = postgres_url(settings), settings.run.data
    if url is None:
        cases = data / CASES
        return SqliteRecordFeed(data / JOURNAL), ChangesWhenWritten(cases), WorkWhenWritten(cases)
    from alerts.postgres_store import PostgresCases  # noqa: PLC0415  its library's memory
    from ingest.postgres.record_feed import PostgresRecordFeed  # noqa: PLC0415  as above

    cases_there = PostgresCases(url)
    changes = BookChangeFeed(cases_there.open_book())
    return PostgresRecordFeed(url, shards=shards), changes, cases_there.open_book()
