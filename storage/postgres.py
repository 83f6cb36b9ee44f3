"""SQLAlchemy engines over PostgreSQL: one that writes by turns, one that can only read.

Each part owns a schema of the database as it owns a file on one machine, and writes it under an
advisory lock of its own: one writer at a time, so that positions drawn in a transaction become
visible in their order, exactly as with SQLite.
"""

from enum import IntEnum

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import ArgumentError

from storage.unavailable import (
    DatabaseUnavailableError as DatabaseUnavailableError,  # noqa: PLC0414  ours to hand on
)

_OUR_LOCKS = 0x4875_616E_0000_0000
"""Advisory locks are numbers that a whole database shares; ours begin with the letters "Huan"."""

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 30
LOCK_TIMEOUT_S = 15
_FORGOTTEN_TRANSACTION_S = 60


class WriteLock(IntEnum):
    """Whose turn it is to write. Take it before drawing a position; it ends with the transaction.

    The last two are held as long as a process works (:mod:`storage.postgres_lock`).
    """

    MIGRATIONS = _OUR_LOCKS + 1
    REGISTRY = _OUR_LOCKS + 2
    JOURNAL = _OUR_LOCKS + 3
    CASES = _OUR_LOCKS + 4
    EVALUATION = _OUR_LOCKS + 5


class BadDatabaseUrlError(Exception):
    """What is set as the database's address is none. The text does not repeat it."""


def database_url(text: str) -> URL:
    """Return the address ``postgresql://USER:PASSWORD@HOST:PORT/DATABASE`` as SQLAlchemy wants it.

    Raises :class:`BadDatabaseUrlError`, which never shows the password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    known = {"postgres", "postgresql", "postgresql+psycopg"}
    if url is None or url.drivername not in known or not url.database:
        msg = "not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        raise BadDatabaseUrlError(msg)
    return url.set(drivername="postgresql+psycopg")


def writing_engine(
    url: URL | str, *, lock: WriteLock, schema: str, application: str = "huanwei"
) -> Engine:
    """Return an engine whose every transaction first takes ``lock``: writers take turns.

    ``schema`` is where names without a schema are looked up. Waiting longer than
    ``LOCK_TIMEOUT_S`` for the lock is a :class:`DatabaseUnavailableError`, as is every outage.
    """
    engine = _engine(url, application, {"search_path": schema})

    def take_turn(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (int(lock),))

    event.listen(engine, "begin", take_turn)
    return engine


def reading_engine(url: URL | str, *, schema: str, application: str = "huanwei") -> Engine:
    """Return an engine whose connections can only read."""
    return _engine(url, application, {"search_path": schema, "default_transaction_read_only": "on"})


def administration_engine(url: URL | str, *, application: str = "huanwei-database") -> Engine:
    """Return an engine for changes of the schema, which may take as long as they take."""
    return _engine(url, application, {"statement_timeout": "0"})


def _engine(url: URL | str, application: str, session: dict[str, str]) -> Engine:
    parameters = {
        "timezone": "UTC",
        "synchronous_commit": "on",
        "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
        "lock_timeout": f"{LOCK_TIMEOUT_S}s",
        "idle_in_transaction_session_timeout": f"{_FORGOTTEN_TRANSACTION_S}s",
        **session,
    }
    engine = create_engine(
        database_url(url) if isinstance(url, str) else url,
        pool_pre_ping=True,
        pool_size=4,
        # Parameters of a statement may name people; error texts go to logs.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": application,
            # A server that vanished without a word is noticed after this many milliseconds.
            "tcp_user_timeout": 20_000,
            "keepalives_idle": 10,
            "options": " ".join(f"-c {name}={value}" for name, value in parameters.items()),
        },
    )
    event.listen(engine, "handle_error", _name_outages)
    return engine


_TRY_LATER = (
    "08",  # connection exception
    "40",  # serialization failure, deadlock: the transaction was undone
    "53",  # disk full, out of memory, too many connections
    "57",  # shutting down, starting up, statement took too long
    "58",  # the server's disk or files
    "55P03",  # a lock was not given in time
    "25006",  # a standby that has not taken over yet
    "25P03",  # the transaction had been idle too long
)


def is_outage(error: BaseException) -> bool:
    """Whether an error of psycopg means that waiting is all that helps."""
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:  # not from the server: the connection failed
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return error.sqlstate.startswith(_TRY_LATER)


def _name_outages(context: ExceptionContext) -> None:
    if context.is_pre_ping:
        return  # the pool then connects anew; only when that fails it is an outage
    original = context.original_exception
    # SQLAlchemy calls it a disconnect, too, when a signal ends the process in mid-statement.
    ended = isinstance(original, psycopg.Error) and context.is_disconnect
    if ended or is_outage(original):
        first_line = (str(original).strip().splitlines() or [type(original).__name__])[0]
        raise DatabaseUnavailableError(first_line) from original
