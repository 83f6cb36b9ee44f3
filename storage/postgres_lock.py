"""A lock in PostgreSQL that one process holds while it works, and that goes with it."""

import threading
from contextlib import suppress

from sqlalchemy import Connection, Engine

from storage.postgres import DatabaseUnavailableError, WriteLock


class DatabaseInUseError(DatabaseUnavailableError):
    """Another process does this work on this database. End that process, or wait for its end."""


class HeldLock:
    """An advisory lock that belongs to a connection of its own; safe from any thread.

    Raises :class:`DatabaseInUseError` at once when another process has it. The server gives it up
    when the connection ends, however that happens: call :meth:`confirm` inside each transaction
    that rests on it.
    """

    def __init__(self, engine: Engine, lock: WriteLock) -> None:
        self._engine = engine
        self._lock = lock
        self._mutex = threading.Lock()
        self._connection: Connection | None = self._acquire()

    def confirm(self) -> None:
        """Return only if the lock has been held all along.

        After an outage it is taken again, and ``DatabaseUnavailableError`` is raised all the same:
        somebody else may have had it in between, so what was remembered must be read anew. Raises
        :class:`DatabaseInUseError` while somebody else has it.
        """
        with self._mutex:
            if self._connection is not None:
                try:
                    self._connection.exec_driver_sql("SELECT 1")
                except DatabaseUnavailableError:
                    self._give_up()
                else:
                    return
            self._connection = self._acquire()
        msg = f"the lock {self._lock.name.lower()} had been lost and was taken again"
        raise DatabaseUnavailableError(msg)

    def release(self) -> None:
        """Give the lock up; once this returns another process can have it. May be called twice."""
        with self._mutex:
            if self._connection is not None:
                # The server would notice the connection's end, but a moment later.
                with suppress(DatabaseUnavailableError):
                    self._connection.exec_driver_sql(
                        "SELECT pg_advisory_unlock(%s)", (int(self._lock),)
                    )
            self._give_up()

    def _acquire(self) -> Connection:
        # In autocommit: a transaction left open would be ended by the server after a minute.
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            taken = connection.exec_driver_sql(
                "SELECT pg_try_advisory_lock(%s)", (int(self._lock),)
            ).scalar()
        except BaseException:
            _end(connection)
            raise
        if not taken:
            _end(connection)
            msg = f"another process holds the lock {self._lock.name.lower()} of this database"
            raise DatabaseInUseError(msg)
        return connection

    def _give_up(self) -> None:
        if self._connection is not None:
            _end(self._connection)
            self._connection = None


def _end(connection: Connection) -> None:
    # Not back into the pool: the lock would live on there.
    connection.invalidate()
    connection.close()
