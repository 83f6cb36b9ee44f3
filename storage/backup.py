"""Copies of SQLite files that are in use, exact as of one moment, and putting them back.

A copy is made by SQLite's backup interface over a reading connection, in one step: it holds one
snapshot, whatever the owner commits meanwhile, and the owner does not wait. It needs no write
access and no checkpoint, so the WAL-reset defect (``storage.sqlite``) is out of reach.
"""

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from storage.lock_file import LockFile
from storage.sqlite import DamagedFileError, SqliteFile, open_reader

_BESIDE = ("-wal", "-shm")


def copy_in_use(source: Path, target: Path) -> None:
    """Copy a SQLite file, used or not, into a new file without a write-ahead log, and check it.

    Raises ``FileExistsError`` for a target that is there, ``DamagedFileError`` when the copy does
    not hold, ``sqlite3.Error`` or ``OSError`` when it cannot be made; then no target is left.
    """
    target.touch(mode=0o600, exist_ok=False)
    try:
        with closing(open_reader(source)) as reader, closing(sqlite3.connect(target)) as copy:
            reader.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        check_whole(target)
        sync(target)
    except BaseException:
        target.unlink()
        raise


def check_whole(path: Path) -> None:
    """Raise ``DamagedFileError`` unless SQLite's own check finds nothing."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise DamagedFileError(path, str(error)) from error
    if finding != "ok":
        raise DamagedFileError(path, finding)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def take_over(path: Path) -> LockFile:
    """Lock a SQLite file that nobody writes, and fold its write-ahead log into it.

    Raises ``FileInUseError`` when a process has it. A damaged file is left as it is.
    """
    if path.exists():
        # A damaged one is about to be replaced, and kept aside with its log.
        with suppress(DamagedFileError):
            SqliteFile(path).close()
    return LockFile(path.with_name(path.name + ".lock"))


def put_in_place(staged: Path, path: Path, *, aside: Path) -> None:
    """Replace a file by a staged one beside it in one step; what was there is kept in ``aside``.

    A SQLite file must be locked. A crash leaves the old file or the new one, never none.
    """
    if path.exists():
        copy_or_link(path, aside / path.name)
    _set_logs_aside(path, aside)
    staged.replace(path)
    sync(path.parent)


def set_aside(path: Path, *, aside: Path) -> None:
    """Move a locked SQLite file away, where there is one."""
    if path.exists():
        aside.mkdir(parents=True, exist_ok=True)
        path.replace(aside / path.name)
    _set_logs_aside(path, aside)


def _set_logs_aside(path: Path, aside: Path) -> None:
    for suffix in _BESIDE:
        log = path.with_name(path.name + suffix)
        if log.exists():
            aside.mkdir(parents=True, exist_ok=True)
            log.replace(aside / log.name)


def copy_or_link(source: Path, target: Path) -> None:
    """Copy a file that never changes any more, by a hard link where that is possible."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
