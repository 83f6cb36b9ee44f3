"""Where the journal is kept, as the service opens it: a file of ours, or a district's database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ingest.journal import SqliteJournal
from ingest.ports.encoded_feed import EncodedRecordFeed
from ingest.ports.journal import Journal
from ingest.record_feed import SqliteRecordFeed

Cursors = Mapping[str, Callable[[], int]]
"""The positions of the journal's readers, by name."""


class ClosableFeed(EncodedRecordFeed, Protocol):
    """A feed that holds files or connections."""

    def close(self) -> None:
        """Let go of them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJournal:
    """A journal to write, with the feed of what it holds.

    ``readers`` adds the readers that only the journal knows of to those in this process.
    """

    journal: Journal
    feed: ClosableFeed
    close_journal: Callable[[], None]
    readers: Callable[[Cursors], Cursors] = dict

    def close(self) -> None:
        """Close both."""
        self.feed.close()
        self.close_journal()


class JournalStore(Protocol):
    """Opens the journal for the one who writes it."""

    def open(self) -> OpenJournal:
        """Return the journal; raises ``JournalUnavailableError`` where trying again may help."""
        ...


class SqliteJournalStore:
    """The journal of one machine: a file that one process writes.

    Raises ``FileInUseError``, ``DamagedFileError`` or ``OtherSchemaError`` when it cannot be
    written: trying again would not help.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> OpenJournal:
        """Return the journal; its file is made where there is none."""
        journal = SqliteJournal(self._path)
        return OpenJournal(
            journal=journal, feed=SqliteRecordFeed(self._path), close_journal=journal.close
        )
