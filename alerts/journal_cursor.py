"""How far alerts has read the journal, for whoever trims it: without SQLAlchemy and its memory."""

from pathlib import Path

from storage.sqlite import open_reader

CURSOR = "journal"


def journal_position(cases_path: Path) -> int:
    """Return the position of the last journal entry that alerts has evaluated for good.

    0 while alerts has not begun: then it has everything before it. Raises ``sqlite3.Error`` when
    the file cannot be read.
    """
    if not cases_path.exists():
        return 0
    connection = open_reader(cases_path)
    try:
        known = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cursors'"
        ).fetchone()
        if known is None:
            return 0
        row = connection.execute(
            "SELECT position FROM cursors WHERE name = ?", (CURSOR,)
        ).fetchone()
    finally:
        connection.close()
    return 0 if row is None else int(row[0])
