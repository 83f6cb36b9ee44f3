"""Cases in PostgreSQL: the process that evaluates and the one that takes orders write in turn."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import URL, Connection, insert, select

from alerts.case_book import CaseBook
from alerts.schema import facts
from alerts.store import CaseStore, CommitBell, new_store_id
from storage.postgres import WriteLock, reading_engine, writing_engine
from storage.postgres_lock import HeldLock

SCHEMA = "cases"


class PostgresCaseStore:
    """Fulfils ``alerts.store.CaseStore``. The schema's revision is the caller's to have checked.

    ``evaluates``: this process follows the journal and sends the messages. Only one may, as it
    remembers what it has read: a second is refused by ``storage.postgres_lock.DatabaseInUseError``,
    and a transaction is refused where the lock has been lost. Others only take people's orders.
    Raises ``DatabaseUnavailableError`` while the server is away.
    """

    def __init__(self, url: URL | str, *, evaluates: bool) -> None:
        self._mutex = threading.Lock()
        self._engine = writing_engine(url, lock=WriteLock.CASES, schema=SCHEMA)
        self._lock_engine = reading_engine(url, schema=SCHEMA, application="huanwei-evaluation")
        self._held: HeldLock | None = None
        self._messages_waiting = CommitBell()
        try:
            if evaluates:
                self._held = HeldLock(self._lock_engine, WriteLock.EVALUATION)
            with self._engine.begin() as connection:
                self._store_id = _store_id(connection)
        except BaseException:
            self.close()
            raise

    @property
    def store_id(self) -> str:
        """The id that this store was given when it was made."""
        return self._store_id

    @property
    def messages_waiting(self) -> CommitBell:
        """Rings for messages of this process; those of others are found within half a second."""
        return self._messages_waiting

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One write transaction, after those of other processes."""
        with self._mutex, self._engine.begin() as connection:
            # Confirmed while it is our turn: whoever had the lock in between has committed.
            if self._held is not None:
                self._held.confirm()
            yield connection

    def close(self) -> None:
        """Close the connections and give up the lock."""
        with self._mutex:
            if self._held is not None:
                self._held.release()
            self._engine.dispose()
            self._lock_engine.dispose()


def _store_id(connection: Connection) -> str:
    name = facts.c.name
    known = connection.execute(select(facts.c.value).where(name == "store_id")).scalar()
    if known is None:
        known = new_store_id()
        connection.execute(insert(facts).values(name="store_id", value=known))
    return str(known)


@dataclass(frozen=True, slots=True)
class PostgresCases:
    """Fulfils ``alerts.case_database.CaseDatabase``."""

    url: URL | str

    def open_store(self, *, evaluates: bool) -> CaseStore:
        """Return the store; raise what :class:`PostgresCaseStore` raises."""
        return PostgresCaseStore(self.url, evaluates=evaluates)

    def open_book(self) -> CaseBook:
        """Return a reader."""
        return CaseBook(reading_engine(self.url, schema=SCHEMA))
