"""How other processes, and other threads, open the files that ingest writes."""

import sqlite3
from pathlib import Path

from storage.sqlite import open_reader


def open_when_written(path: Path) -> sqlite3.Connection | None:
    """Return a reading connection; None while the file or its tables are not there yet."""
    if not path.exists():
        return None
    connection = open_reader(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.close()
        return None
    return connection
