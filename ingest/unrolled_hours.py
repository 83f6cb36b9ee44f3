"""Hours whose rollups lack records that are there already: named in the file while it is so.

In a backlog what records add is held in memory for a while. After a crash only the names are left,
and these hours are counted again from their rows and blocks. That is exact: while an hour is named
here, what new records belong to lies open (:func:`ingest.day_sealing.reopen`) and nothing is sealed
or forgotten.
"""

import sqlite3
from collections.abc import Iterable

from ingest.reading_blocks import blocks_between
from ingest.reading_columns import columns_of_rows
from ingest.rollups import HOUR_US, Tallies, put_hours

_BETWEEN = "WHERE observed_us >= ? AND observed_us < ?"
_IN_ORDER = "json_extract(CAST(record AS TEXT), '$.values.camera_health') = 'ok'"


def name_unrolled(connection: sqlite3.Connection, hours: Iterable[int]) -> None:
    """Name hours that have records which are not in their rollups."""
    connection.executemany(
        "INSERT INTO unrolled VALUES (?) ON CONFLICT DO NOTHING", [(hour,) for hour in hours]
    )


def forget_unrolled(connection: sqlite3.Connection) -> None:
    """Forget all names: the rollups have everything."""
    connection.execute("DELETE FROM unrolled")


def roll_up_again(connection: sqlite3.Connection) -> None:
    """Count the named hours again, for every device that has records in them."""
    for (hour,) in connection.execute("SELECT hour FROM unrolled").fetchall():
        tallies = tallies_between(connection, hour * HOUR_US, (hour + 1) * HOUR_US)
        for rows in tallies.rows():
            known = [tuple(row[:2]) for row in rows]
            connection.executemany("DELETE FROM hourly WHERE hour = ? AND device = ?", known)
        put_hours(connection, tallies)
    forget_unrolled(connection)


def tallies_between(connection: sqlite3.Connection, since_us: int, until_us: int) -> Tallies:
    """Count all records between two times but sealed readings."""
    tallies, between = Tallies(), (since_us, until_us)
    rows = connection.execute(f"SELECT * FROM fill {_BETWEEN}", between)  # noqa: S608  constants only
    while page := rows.fetchmany(20_000):
        columns_of_rows(page).count_in(tallies)
    for readings in blocks_between(connection, since_us, until_us):
        readings.count_in(tallies)
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
