"""Ingest without a broker: a real journal on disk, rounds, and what they counted."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from prometheus_client import CollectorRegistry

from domain.records import JournalEntry, Record
from domain.registry import RegistrySnapshot
from ingest.dead_letters import DeadLetter, read_dead_letters
from ingest.inbox import Arrival
from ingest.journal import SqliteJournal
from ingest.journal_rows import MOST_DEAD_LETTERS
from ingest.metrics import IngestMetrics
from ingest.picture_intake import PictureIntake
from ingest.postgres import dead_letters as postgres_dead_letters
from ingest.postgres.journal import PostgresJournal
from ingest.postgres.record_feed import PostgresRecordFeed
from ingest.postgres.session import JournalSession
from ingest.record_feed import SqliteRecordFeed
from ingest.rounds import Rounds
from tests.fakes.ingest_samples import GATEWAY, sample_registry
from tests.fakes.manual_clock import ManualClock
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from wire.acks import Ack
from wire.shards import ALL_SHARDS


class IngestRig:
    """What a test needs around one journal; ``reopen`` is a restart of the process.

    The journal is a file in ``folder``, or in the PostgreSQL at ``database``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        registry: RegistrySnapshot | None = None,
        most_dead_letters: int = MOST_DEAD_LETTERS,
        database: str | None = None,
    ) -> None:
        self._most_dead_letters = most_dead_letters
        self._database = database
        self.path = folder / "journal.db"
        self.clock = ManualClock()
        self.registry = MemoryRegistry(registry or sample_registry())
        self.pictures = MemoryPictures()
        self._counters = CollectorRegistry()
        self.metrics = IngestMetrics(self._counters)
        self.feed: SqliteRecordFeed | PostgresRecordFeed = (
            SqliteRecordFeed(self.path) if database is None else PostgresRecordFeed(database)
        )
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.feed.close()
        self.journal.close()

    def _open(self) -> None:
        most = self._most_dead_letters
        self.journal: SqliteJournal | PostgresJournal = (
            SqliteJournal(self.path, most_dead_letters=most)
            if self._database is None
            else PostgresJournal(JournalSession(self._database, ALL_SHARDS), most_dead_letters=most)
        )
        self.rounds = Rounds(
            journal=self.journal,
            pictures=PictureIntake(self.pictures),
            registry=self.registry,
            clock=self.clock,
            metrics=self.metrics,
        )

    def reopen(self) -> None:
        """Forget all that is only in memory, as a restart does."""
        self.journal.close()
        self._open()

    def receive(self, *payloads: bytes, gateway_id: str = GATEWAY) -> list[tuple[str, Ack]]:
        """Run one round over batches that came on the gateway's topic."""
        return self.rounds.run([Arrival(gateway_id, payload) for payload in payloads])

    def entries(self) -> Sequence[JournalEntry]:
        """Return the whole journal."""
        return self.feed.read(after=0, limit=1_000_000)

    def records(self) -> list[Record]:
        """Return the journal's records."""
        return [entry.record for entry in self.entries()]

    def letters(self) -> list[DeadLetter]:
        """Return the dead letters, oldest first."""
        if self._database is None:
            return read_dead_letters(self.path, limit=1_000)[::-1]
        return postgres_dead_letters.read_dead_letters(self._database, limit=1_000)[::-1]

    @property
    def sqlite(self) -> sqlite3.Connection:
        """The connection that writes ``journal.db``, to break it."""
        assert isinstance(self.journal, SqliteJournal)
        return self.journal._file.connection

    def counted(self, name: str, **labels: str) -> float:
        """Return the value of ``huanwei_ingest_{name}``, 0 where it never counted."""
        return self._counters.get_sample_value(f"huanwei_ingest_{name}", labels) or 0.0
