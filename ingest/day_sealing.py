"""Closed days of the series: sealed as one blob per sensor, opened again for what comes late.

A reading is in ``fill``, in a block (:mod:`ingest.reading_blocks`) or in ``sealed``, in one of them
only: each function is to be called within one transaction.
"""

import sqlite3
from collections.abc import Container, Iterable
from operator import itemgetter

import numpy as np

from ingest.day_columns import runs_of, seal_sensors
from ingest.kept_readings import KeptReading, pack_kept, unpack_kept
from ingest.reading_blocks import (
    day_in_blocks,
    readings_in_blocks,
    sensors_in_blocks,
)
from ingest.reading_columns import ReadingColumns, columns_of_rows, joined
from ingest.rollups import HOUR_US, DeviceDay, bounds_us, day_of_us
from ingest.sealed_days import unseal_day

CLOSED_AFTER_US = 3 * HOUR_US
"""A day is closed when readings from this long after its end have been seen."""

_BETWEEN = "observed_us >= ? AND observed_us < ?"
_OF_SENSORS = f"SELECT * FROM fill WHERE {_BETWEEN} AND device >= ? AND device < ?"  # noqa: S608  constants only
_READINGS_AT_ONCE = 100_000
"""So many of a day are sealed together: about 20 MB of memory. Few cost more a reading."""


def place_of(day: int, device: int) -> int:
    """Return where the blob of a day and a sensor lies in ``sealed``."""
    return (day << 32) + device


def closed_day(connection: sqlite3.Connection, *, restless: Container[int]) -> int | None:
    """Return the oldest closed day that still has rows or blocks, leaving out restless ones."""
    newest = _newest_us(connection)
    day = _oldest_day(connection, since=0)
    while day is not None and newest >= bounds_us(day)[1] + CLOSED_AFTER_US:
        if day not in restless:
            return day
        day = _oldest_day(connection, since=day + 1)
    return None


def seal(connection: sqlite3.Connection, day: int) -> int:
    """Move all rows and blocks of a day into blobs, one per sensor; return how many readings.

    No sensor may have a blob of that day already: :func:`reopen` comes before new readings.
    """
    between = bounds_us(day)
    (rows, above) = connection.execute(
        f"SELECT count(*), coalesce(max(device), 0) + 1 FROM fill WHERE {_BETWEEN}",  # noqa: S608  constants only
        between,
    ).fetchone()
    in_blocks, above_blocks = day_in_blocks(connection, day)
    readings, devices = rows + in_blocks, max(above, above_blocks)
    at_once = max(1, devices * _READINGS_AT_ONCE // max(1, readings))
    for first in range(0, devices, at_once):
        parts = [*sensors_in_blocks(connection, day, first, first + at_once)]
        found = connection.execute(_OF_SENSORS, (*between, first, first + at_once)).fetchall()
        if found:
            parts.append(columns_of_rows(found))
        if parts:
            blobs = _blobs(day, joined(parts))
            connection.executemany("INSERT INTO sealed VALUES (?, ?, ?)", blobs)
    connection.execute(f"DELETE FROM fill WHERE {_BETWEEN}", between)  # noqa: S608  constants only
    connection.execute("DELETE FROM blocks WHERE day = ?", (day,))
    return int(readings)


def reopen(connection: sqlite3.Connection, days: Iterable[DeviceDay]) -> None:
    """Turn the blobs of these days and sensors, where there are any, into rows again."""
    for key in days:
        place = (place_of(*key),)
        found = connection.execute("SELECT chunk FROM sealed WHERE place = ?", place).fetchone()
        if found is not None:
            rows = [(kept.observed_us, key[1], pack_kept(kept)) for kept in unseal_day(found[0])]
            connection.executemany("INSERT INTO fill VALUES (?, ?, ?)", rows)
            connection.execute("DELETE FROM sealed WHERE place = ?", place)


def readings_between(
    connection: sqlite3.Connection, device: int, since_us: int, until_us: int
) -> list[KeptReading]:
    """Return a sensor's readings, sealed or not, from ``since_us`` until before, by time.

    All tables must be read in one transaction, or a day being sealed could be seen in none.
    """
    days = (day_of_us(since_us), day_of_us(until_us - 1) + 1)
    sealed = connection.execute(
        "WITH RECURSIVE days (one) AS"
        " (SELECT ? UNION ALL SELECT one + 1 FROM days WHERE one + 1 < ?)"
        " SELECT chunk FROM days CROSS JOIN sealed ON place = (one << 32) + ?",
        (*days, device),
    )
    readings = [
        reading
        for (chunk,) in sealed
        for reading in unseal_day(chunk)
        if since_us <= reading.observed_us < until_us
    ]
    rows = connection.execute(
        f"SELECT observed_us, reading FROM fill WHERE {_BETWEEN} AND device = ?",  # noqa: S608  constants only
        (since_us, until_us, device),
    )
    readings += [unpack_kept(*row) for row in rows]
    readings += readings_in_blocks(connection, device, since_us, until_us)
    return sorted(readings, key=itemgetter(0))


def _newest_us(connection: sqlite3.Connection) -> int:
    (row,) = connection.execute("SELECT max(observed_us) FROM fill").fetchone()
    (block,) = connection.execute(
        "SELECT max(last_us) FROM blocks WHERE day = (SELECT max(day) FROM blocks)"
    ).fetchone()
    return max(row or 0, block or 0)


def _oldest_day(connection: sqlite3.Connection, *, since: int) -> int | None:
    """Return the first day from ``since`` on that has rows or blocks."""
    (row,) = connection.execute(
        "SELECT min(observed_us) FROM fill WHERE observed_us >= ?", (bounds_us(since)[0],)
    ).fetchone()
    (block,) = connection.execute("SELECT min(day) FROM blocks WHERE day >= ?", (since,)).fetchone()
    days = [day for day in (block, None if row is None else day_of_us(row)) if day is not None]
    return min(days, default=None)


def _blobs(day: int, readings: ReadingColumns) -> list[tuple[int, int, bytes]]:
    """Return the rows of ``sealed`` for these readings, at least one."""
    readings = readings.at(np.lexsort((readings.observed_us, readings.devices)))
    sensors, counts = np.unique(readings.devices, return_counts=True)
    packed = readings.packed
    chunks = seal_sensors(readings.observed_us, packed["codes"], packed["numbers"], runs_of(counts))
    return [
        (place_of(day, device), count, chunk)
        for device, count, chunk in zip(sensors.tolist(), counts.tolist(), chunks, strict=True)
    ]
