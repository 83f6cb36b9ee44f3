"""Where cases are kept: a file of one machine here, a district's PostgreSQL in its own module."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from alerts.case_book import CaseBook
from alerts.store import CaseStore, SqliteCaseStore
from storage.sql_engine import reading_engine


class CaseDatabase(Protocol):
    """Opens the cases for those who write and those who read them."""

    def open_store(self, *, evaluates: bool) -> CaseStore:
        """Return the store; ``evaluates``: for the one process that follows the journal."""
        ...

    def open_book(self) -> CaseBook:
        """Return a reader."""
        ...


@dataclass(frozen=True, slots=True)
class SqliteCases:
    """``cases.db``: one process writes it, so whoever evaluates also takes the orders."""

    path: Path

    def open_store(self, *, evaluates: bool) -> CaseStore:
        """Return the store; raise what ``alerts.store.SqliteCaseStore`` raises."""
        del evaluates
        return SqliteCaseStore(self.path)

    def open_book(self) -> CaseBook:
        """Return a reader. The file must exist by the time something is read."""
        return CaseBook(reading_engine(self.path))
