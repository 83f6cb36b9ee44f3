"""The gateway's one SQLite file: its tables, and what its errors mean."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import SpoolFailedError, SpoolFullError
from storage.sqlite import SqliteFile

_SCHEMA_VERSION = 1

_TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE record (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE note (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE picture (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    message BLOB NOT NULL
);
CREATE TABLE refused (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    refused_at TEXT NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    topic TEXT NOT NULL,
    payload_bytes INTEGER NOT NULL,
    payload_head BLOB NOT NULL
);
"""


class SpoolFile:
    """Opens the file, or creates it with a ``boot_id`` of its own.

    Raises ``storage.lock_file.FileInUseError`` when another process has it and
    ``storage.sqlite.DamagedFileError`` when it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)
        try:
            self.boot_id = self._prepare()
        except BaseException:
            self._file.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One durable transaction.

        Raises :class:`SpoolFullError` on a full disk (nothing has changed) and
        :class:`SpoolFailedError` for any other failure of the file: what is in it is uncertain.
        """
        try:
            with self._file.transaction() as connection:
                yield connection
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                msg = f"the disk is full: {error}"
                raise SpoolFullError(msg) from error
            msg = f"{self._file.path}: {error}"
            raise SpoolFailedError(msg) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _prepare(self) -> str:
        with self.transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in filter(str.strip, _TABLES.split(";")):
                    connection.execute(statement)
                connection.execute("INSERT INTO about VALUES ('boot_id', ?)", (_new_boot_id(),))
                connection.execute("INSERT INTO counter VALUES ('sequence', 1)")
                connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            elif version != _SCHEMA_VERSION:
                msg = f"{self._file.path}: made by another version (schema {version})"
                raise SpoolFailedError(msg)
            (boot_id,) = connection.execute(
                "SELECT value FROM about WHERE key = 'boot_id'"
            ).fetchone()
            return str(boot_id)


def _new_boot_id() -> str:
    return secrets.token_hex(8)
