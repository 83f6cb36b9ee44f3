"""SQLAlchemy engines over our SQLite files: one that writes, one that can only read."""

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from storage.sqlite import SqliteFile, open_reader


def writing_engine(file: SqliteFile) -> Engine:
    """Return an engine over the file's one writing connection; ``begin()`` is ``BEGIN IMMEDIATE``.

    The connection is shared: callers of different threads take turns by a lock of their own.
    """
    engine = create_engine("sqlite://", creator=lambda: file.connection, poolclass=StaticPool)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def reading_engine(path: Path) -> Engine:
    """Return an engine whose connections can only read."""
    engine = create_engine(
        "sqlite://", creator=lambda: open_reader(path), poolclass=QueuePool, pool_size=4
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
