"""What makes the series file smaller: forgetting old days, and giving free pages back."""

import sqlite3

from ingest.day_sealing import place_of
from ingest.rollups import bounds_us, day_of_us, first_hour_of

_BY_TIME = ("fill", "emptied", "verdicts")
_LEAST_FREE_PAGES, _FREE_PAGES_A_STEP = 2_500, 2_000
"""Below 10 MB, or a quarter of the file, free pages wait for the next day's rows."""


def forget_readings(connection: sqlite3.Connection, before: int) -> bool:
    """Remove the oldest day of readings, emptyings and verdicts, if it is before that day."""
    oldest = [
        day_of_us(found)
        for table in _BY_TIME
        for (found,) in connection.execute(f"SELECT min(observed_us) FROM {table}")  # noqa: S608  constants only
        if found is not None
    ]
    oldest += [
        day
        for query in ("SELECT min(place) >> 32 FROM sealed", "SELECT min(day) FROM blocks")
        for (day,) in connection.execute(query)
        if day is not None
    ]
    if min(oldest, default=before) >= before:
        return False
    _, end_us = bounds_us(min(oldest))
    for table in _BY_TIME:
        connection.execute(f"DELETE FROM {table} WHERE observed_us < ?", (end_us,))  # noqa: S608  constants only
    connection.execute("DELETE FROM blocks WHERE day <= ?", (min(oldest),))
    connection.execute("DELETE FROM sealed WHERE place < ?", (place_of(min(oldest) + 1, 0),))
    return True


def forget_rollups(connection: sqlite3.Connection, before: int) -> bool:
    """Remove the oldest day of rollups, if it is before that day."""
    (oldest,) = connection.execute("SELECT min(day) FROM daily").fetchone()
    if oldest is None or oldest >= before:
        return False
    connection.execute("DELETE FROM hourly WHERE hour < ?", (first_hour_of(oldest + 1),))
    connection.execute("DELETE FROM daily WHERE day <= ?", (oldest,))
    return True


def give_room_back(connection: sqlite3.Connection) -> bool:
    """Return some free pages to the file system where there are many; False: too few."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    if free < max(_LEAST_FREE_PAGES, pages // 4):
        return False
    for _ in range(_FREE_PAGES_A_STEP):
        # Python's driver goes one step of this statement, which is one page whatever is asked.
        connection.execute("PRAGMA incremental_vacuum(1)")
    return True
