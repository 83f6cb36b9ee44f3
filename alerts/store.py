"""Where cases are written: ``cases.db``, by one process, or PostgreSQL, by processes in turn."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, insert, inspect, select, update

from alerts.schema import (
    METADATA,
    SCHEMA_VERSION,
    address_posts,
    facts,
    photo_doubts,
    proof_photos,
)
from storage.sql_engine import writing_engine
from storage.sqlite import SqliteFile


class NewerSchemaError(Exception):
    """A newer release wrote this file. Use that release, or another file."""


class CommitBell:
    """Rings when a commit left work for somebody; waiters never miss a ring."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._count = 0

    def ring(self) -> None:
        """Wake every waiter."""
        with self._rung:
            self._count += 1
            self._rung.notify_all()

    def wait(self, seen: int, timeout_s: float) -> int:
        """Return the count of rings, at once when it is not ``seen``, else within ``timeout_s``."""
        with self._rung:
            self._rung.wait_for(lambda: self._count != seen, timeout_s)
            return self._count


class CaseStore(Protocol):
    """Hands out write transactions one at a time, over all processes that write these cases.

    ``messages_waiting`` rings when this process has put a message into the outbox.
    """

    @property
    def store_id(self) -> str:
        """The id that this store was given when it was made."""
        ...

    @property
    def messages_waiting(self) -> CommitBell:
        """The bell."""
        ...

    def transaction(self) -> AbstractContextManager[Connection]:
        """One write transaction; it commits at the end, an error rolls everything back."""
        ...

    def close(self) -> None:
        """Give everything up."""
        ...


class SqliteCaseStore:
    """Opens the file, takes its lock, and hands out transactions one at a time.

    Raises :class:`NewerSchemaError`, ``storage.lock_file.FileInUseError`` or
    ``storage.sqlite.DamagedFileError``.
    """

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)
        self._mutex = threading.Lock()
        self._engine = writing_engine(self._file)
        self.messages_waiting = CommitBell()
        try:
            with self.transaction() as connection:
                self.store_id = _open_schema(connection, path)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One write transaction; it commits at the end, an error rolls everything back."""
        with self._mutex, self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the file and give up its lock."""
        with self._mutex:
            self._engine.dispose()
            self._file.close()


def _open_schema(connection: Connection, path: Path) -> str:
    """Create the tables of a new file, check the version of an old one; return the store's id."""
    if not inspect(connection).has_table(facts.name):
        METADATA.create_all(connection)
        connection.execute(
            insert(facts),
            [
                {"name": "schema_version", "value": str(SCHEMA_VERSION)},
                {"name": "store_id", "value": new_store_id()},
            ],
        )
    known = {row.name: row.value for row in connection.execute(select(facts))}
    version = int(known["schema_version"])
    if version > SCHEMA_VERSION:
        msg = f"{path} has schema version {version}, this release knows {SCHEMA_VERSION}"
        raise NewerSchemaError(msg)
    if version < SCHEMA_VERSION:
        for step in _STEPS[version - 1 :]:
            step(connection)
        connection.execute(
            update(facts).where(facts.c.name == "schema_version").values(value=str(SCHEMA_VERSION))
        )
    return str(known["store_id"])


def _from_version_1(connection: Connection) -> None:
    """Add what proof photos are known again by."""
    connection.exec_driver_sql(
        "ALTER TABLE cases ADD COLUMN photo_doubts INTEGER NOT NULL DEFAULT 0"
    )
    METADATA.create_all(connection, tables=[proof_photos, photo_doubts], checkfirst=False)


def _from_version_2(connection: Connection) -> None:
    """Add the last minute's posts to each address."""
    METADATA.create_all(connection, tables=[address_posts], checkfirst=False)


_STEPS = (_from_version_1, _from_version_2)


def new_store_id() -> str:
    """Return an id that no other store has: it keeps message ids of two stores apart."""
    return secrets.token_hex(8)
