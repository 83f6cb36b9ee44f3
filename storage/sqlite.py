"""SQLite files: one writing process and one writing connection each, readers that never write.

SQLite 3.7.0 to 3.51.2 can lose committed rows when a checkpoint races a writer on a second
connection (the WAL-reset defect; Debian 12 carries 3.40.1). So a file has a lock that one process
holds, that process writes by one connection, and readers are opened so that they cannot checkpoint.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.lock_file import LockFile

_PRIMARY_CODE = 0xFF
"""The part of an extended result code that names its kind."""


class DamagedFileError(Exception):
    """SQLite's own check found the file damaged. Move it aside; nothing was deleted."""

    def __init__(self, path: Path, finding: str) -> None:
        super().__init__(f"{path} is damaged: {finding}")
        self.path = path


def is_disk_failure(error: BaseException) -> bool:
    """Whether SQLite could not read or write its file (``SQLITE_IOERR``), a failed sync above all.

    What is in the file is then uncertain until it is opened anew: the process must end.
    """
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY_CODE == sqlite3.SQLITE_IOERR


class SqliteFile:
    """The one writer of a SQLite file (WAL, ``synchronous=FULL``), guarded by ``{path}.lock``.

    Raises ``FileInUseError`` when another process holds the lock, :class:`DamagedFileError`
    when ``PRAGMA quick_check`` finds anything. The lock goes with the process, however it ends.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = LockFile(path.with_name(path.name + ".lock"))
        try:
            self.connection = _open_writer(path)
        except BaseException:
            self._lock.release()
            raise
        self._mutex = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, taken at once (``BEGIN IMMEDIATE``); an error rolls it back."""
        with self._mutex:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                # A failed COMMIT leaves it open; on a full disk SQLite may have ended it itself.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file and give up the lock."""
        with self._mutex:
            self.connection.close()
            self._lock.release()


def open_reader(path: Path) -> sqlite3.Connection:
    """Return a connection that can only read (``mode=ro``, ``query_only``, no checkpoints).

    Raises ``sqlite3.OperationalError`` while the file does not exist yet.
    """
    connection = sqlite3.connect(
        f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA query_only = 1")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA busy_timeout = 2000")
    return connection


def _open_writer(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA busy_timeout = 5000")
        (level,) = connection.execute("PRAGMA synchronous").fetchone()
        (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise DamagedFileError(path, str(error)) from error
    if finding != "ok":
        connection.close()
        raise DamagedFileError(path, finding)
    if (mode, level) != ("wal", 2):
        connection.close()
        msg = f"{path}: journal mode {mode}, synchronous {level}: not durable here"
        raise OSError(msg)
    return connection
