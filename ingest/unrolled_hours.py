"""Hours whose rollups lack rows that are there already: named in the file while it is so.

In a backlog what rows add is held in memory for a while. After a crash only the names are left, and
these hours are counted again from their rows. That is exact: while an hour is named here, what new
rows belong to lies open (:func:`ingest.day_sealing.reopen`) and nothing is sealed or forgotten.
"""

import sqlite3
from collections.abc import Iterable

from ingest.rollups import HOUR_US, Tallies, put_hours
from ingest.series_rows import count_readings

_BETWEEN = "WHERE observed_us >= ? AND observed_us < ?"
_IN_ORDER = "json_extract(CAST(record AS TEXT), '$.values.camera_health') = 'ok'"


def name_unrolled(connection: sqlite3.Connection, hours: Iterable[int]) -> None:
    """Name hours that have rows which are not in their rollups."""
    connection.executemany(
        "INSERT INTO unrolled VALUES (?) ON CONFLICT DO NOTHING", [(hour,) for hour in hours]
    )


def forget_unrolled(connection: sqlite3.Connection) -> None:
    """Forget all names: the rollups have everything."""
    connection.execute("DELETE FROM unrolled")


def roll_up_again(connection: sqlite3.Connection) -> None:
    """Count the named hours again, for every device that has rows in them."""
    for (hour,) in connection.execute("SELECT hour FROM unrolled").fetchall():
        tallies = tallies_of_rows(connection, hour * HOUR_US, (hour + 1) * HOUR_US)
        for rows in tallies.rows():
            known = [tuple(row[:2]) for row in rows]
            connection.executemany("DELETE FROM hourly WHERE hour = ? AND device = ?", known)
        put_hours(connection, tallies)
    forget_unrolled(connection)


def tallies_of_rows(connection: sqlite3.Connection, since_us: int, until_us: int) -> Tallies:
    """Count all rows between two times; sealed readings are no rows."""
    tallies, between = Tallies(), (since_us, until_us)
    rows = connection.execute(f"SELECT * FROM fill {_BETWEEN}", between)  # noqa: S608  constants only
    while page := rows.fetchmany(20_000):
        count_readings(tallies, page)
    for observed_us, device in connection.execute(
        f"SELECT observed_us, device FROM emptied {_BETWEEN}",  # noqa: S608  constants only
        between,
    ):
        tallies.emptying(observed_us, device)
    for observed_us, device, in_order in connection.execute(
        f"SELECT observed_us, device, {_IN_ORDER} FROM verdicts {_BETWEEN}",  # noqa: S608  constants only
        between,
    ):
        tallies.snapshot(observed_us, device, usable=bool(in_order))
    return tallies
