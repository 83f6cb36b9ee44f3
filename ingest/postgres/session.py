"""The one connection of an ingest worker that writes, and with it the right to its shards.

The locks on the shards belong to the connection that commits. A worker whose connection is gone
has lost both at once: it cannot write any more, however little it has noticed, and another may
begin. PostgreSQL notices a process that was killed at once, a machine that vanished within 10 s.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

import psycopg
from sqlalchemy import URL, PoolProxiedConnection
from sqlalchemy.exc import SQLAlchemyError

from ingest.ports.journal import JournalUnavailableError
from ingest.postgres.schema import SCHEMA
from storage.postgres import WriteLock, is_outage, writing_engine
from wire.shards import format_shards

_SHARD_LOCKS = 0x4875_5368
"""The first number of a shard's advisory lock: the letters "HuSh". The second is the shard."""

_NOTICE_A_VANISHED_WORKER = (
    "SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 2;"
    " SET tcp_user_timeout = 8000"
)
_TAKE_SHARDS = (
    "SELECT shard FROM unnest(%s::int[]) AS shard WHERE NOT pg_try_advisory_lock(%s, shard)"
)

Cursor = psycopg.Cursor[tuple[Any, ...]]


class ShardsHeldError(JournalUnavailableError):
    """Another worker writes these shards. It may end; try again."""

    def __init__(self, shards: Sequence[int]) -> None:
        super().__init__(f"another ingest worker has the shards {format_shards(shards)}")


class JournalSession:
    """Connects when it is needed, and takes all of ``shards`` or none. Used by one thread.

    An outage is a :class:`JournalUnavailableError`; the next call connects anew.
    """

    def __init__(self, url: URL | str, shards: Sequence[int]) -> None:
        self._engine = writing_engine(
            url, lock=WriteLock.JOURNAL, schema=SCHEMA, application="huanwei-ingest"
        )
        self._shards = list(shards)
        self._pooled: PoolProxiedConnection | None = None

    @property
    def shards(self) -> tuple[int, ...]:
        """The shards whose gateways are this worker's."""
        return tuple(self._shards)

    def take_shards(self) -> None:
        """Connect and take the shards. Raises :class:`ShardsHeldError` while another has one."""
        self._connected()

    @contextmanager
    def cursor(self) -> Iterator[Cursor]:
        """Give a cursor outside of any transaction."""
        try:
            with self._connected().cursor() as cursor:
                yield cursor
        except psycopg.Error as error:
            self._drop_if_away(error)
            raise

    @contextmanager
    def transaction(self, *, in_turn: bool) -> Iterator[Cursor]:
        """Give a cursor in a transaction; with ``in_turn`` no other writes at the same time."""
        try:
            connection = self._connected()
            with connection.transaction(), connection.cursor() as cursor:
                if in_turn:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (int(WriteLock.JOURNAL),))
                yield cursor
        except psycopg.Error as error:
            self._drop_if_away(error)
            raise

    def drop(self) -> None:
        """Close the connection and give up the shards."""
        pooled, self._pooled = self._pooled, None
        if pooled is not None:
            pooled.invalidate()

    def close(self) -> None:
        """Give up the shards and close for good. May be called twice."""
        if self._pooled is not None:
            # Before the connection ends: the server notices that end only a moment later, and
            # whoever waits for the shards would find them taken.
            with suppress(psycopg.Error):
                self._driver(self._pooled).execute("SELECT pg_advisory_unlock_all()")
        self.drop()
        self._engine.dispose()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._pooled is None:
            try:
                self._pooled = self._engine.raw_connection()
            except SQLAlchemyError as error:
                raise JournalUnavailableError(str(error)) from error
            try:
                self._prepare(self._driver(self._pooled))
            except BaseException:
                self.drop()
                raise
        return self._driver(self._pooled)

    def _prepare(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        connection.autocommit = True
        for setting in _NOTICE_A_VANISHED_WORKER.split("; "):
            connection.execute(setting)
        held = connection.execute(_TAKE_SHARDS, (self._shards, _SHARD_LOCKS)).fetchall()
        if held:
            raise ShardsHeldError(sorted(shard for (shard,) in held))

    @staticmethod
    def _driver(pooled: PoolProxiedConnection) -> psycopg.Connection[tuple[Any, ...]]:
        return cast("psycopg.Connection[tuple[Any, ...]]", pooled.driver_connection)

    def _drop_if_away(self, error: psycopg.Error) -> None:
        if is_outage(error):
            self.drop()
            first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            msg = f"PostgreSQL is not available: {first_line}"
            raise JournalUnavailableError(msg) from error
