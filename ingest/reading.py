"""How other processes, and other threads, open the files that ingest writes."""

import sqlite3
from pathlib import Path

from storage.sqlite import open_reader


def open_when_written(path: Path, *, since: int = 1) -> sqlite3.Connection | None:
    """Return a reading connection; None while the file or its tables are not there yet.

    Nor is there one while the file's schema is older than ``since``: its writer has not brought it
    up to date yet.
    """
    if not path.exists():
        return None
    connection = open_reader(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < since:
        connection.close()
        return None
    return connection
