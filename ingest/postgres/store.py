"""The journal of a district as a worker opens it: with its shards, or not yet."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import URL

from ingest.journal_stores import Cursors, OpenJournal
from ingest.postgres.cursors import PostgresCursors
from ingest.postgres.journal import PostgresJournal
from ingest.postgres.record_feed import PostgresRecordFeed
from ingest.postgres.session import JournalSession
from wire.shards import format_shards


class PostgresJournalStore:
    """Opens the journal for the worker of ``shards``.

    ``open`` raises ``JournalUnavailableError`` while the database is away and while another worker
    has one of the shards.
    """

    def __init__(self, url: URL | str, shards: Sequence[int]) -> None:
        self._url = url
        self._shards = tuple(shards)

    def open(self) -> OpenJournal:
        """Take the shards and return the journal."""
        session = JournalSession(self._url, self._shards)
        try:
            session.take_shards()
        except BaseException:
            session.close()
            raise
        journal = PostgresJournal(session)
        cursors = PostgresCursors(session, worker=format_shards(self._shards))
        return OpenJournal(
            journal=journal,
            feed=PostgresRecordFeed(self._url, shards=self._shards),
            close_journal=journal.close,
            readers=partial(_with_others, cursors),
        )


def _with_others(cursors: PostgresCursors, own: Cursors) -> Cursors:
    shared = {name: cursors.shared(name, position) for name, position in own.items()}
    return {**shared, "alerts": cursors.alerts, "other workers": cursors.other_workers}
