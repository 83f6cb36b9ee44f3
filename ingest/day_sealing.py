"""Closed days of the series: sealed as one blob per sensor, opened again for what comes late.

A reading is either in ``fill`` or in ``sealed``, never in both: each function is to be called
within one transaction.
"""

import sqlite3
from collections.abc import Container, Iterable
from operator import itemgetter

import numpy as np

from ingest.day_columns import runs_of, seal_sensors
from ingest.kept_readings import PACKED, KeptReading, pack_kept, unpack_kept
from ingest.rollups import HOUR_US, DeviceDay, day_of_us, first_hour_of
from ingest.sealed_days import unseal_day

CLOSED_AFTER_US = 3 * HOUR_US
"""A day is closed when readings from this long after its end have been seen."""

_BETWEEN = "observed_us >= ? AND observed_us < ?"
_OF_SENSORS = f"SELECT * FROM fill WHERE {_BETWEEN} AND device >= ? AND device < ?"  # noqa: S608  constants only
_ROWS_AT_ONCE = 100_000
"""So many rows of a day are sealed together: about 20 MB of memory. Few cost more a row."""


def bounds_us(day: int) -> tuple[int, int]:
    """Return the first microsecond of a district's day, and that of the next day."""
    return first_hour_of(day) * HOUR_US, first_hour_of(day + 1) * HOUR_US


def place_of(day: int, device: int) -> int:
    """Return where the blob of a day and a sensor lies in ``sealed``."""
    return (day << 32) + device


def closed_day(connection: sqlite3.Connection, *, restless: Container[int]) -> int | None:
    """Return the oldest closed day that still has rows, leaving out restless ones."""
    newest = connection.execute("SELECT max(observed_us) FROM fill").fetchone()[0]
    start_us = 0
    while newest is not None:
        (oldest,) = connection.execute(
            "SELECT min(observed_us) FROM fill WHERE observed_us >= ?", (start_us,)
        ).fetchone()
        if oldest is None:
            return None
        day = day_of_us(oldest)
        _, start_us = bounds_us(day)
        if newest < start_us + CLOSED_AFTER_US:
            return None
        if day not in restless:
            return day
    return None


def seal(connection: sqlite3.Connection, day: int) -> int:
    """Move all rows of a day into blobs, one per sensor; return how many rows they were.

    No sensor may have a blob of that day already: :func:`reopen` comes before new rows.
    """
    between = bounds_us(day)
    (rows, devices) = connection.execute(
        f"SELECT count(*), coalesce(max(device), 0) + 1 FROM fill WHERE {_BETWEEN}",  # noqa: S608  constants only
        between,
    ).fetchone()
    at_once = max(1, devices * _ROWS_AT_ONCE // max(1, rows))
    for first in range(0, devices, at_once):
        found = connection.execute(_OF_SENSORS, (*between, first, first + at_once)).fetchall()
        if found:
            connection.executemany("INSERT INTO sealed VALUES (?, ?, ?)", _blobs(day, found))
    return connection.execute(f"DELETE FROM fill WHERE {_BETWEEN}", between).rowcount  # noqa: S608  constants only


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

    Both tables must be read in one transaction, or a day being sealed could be seen in neither.
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
    return sorted(readings, key=itemgetter(0))


def _blobs(day: int, rows: list[tuple[int, int, bytes]]) -> list[tuple[int, int, bytes]]:
    """Return the rows of ``sealed`` for rows in order of time."""
    devices = np.array([row[1] for row in rows])
    order = np.argsort(devices, kind="stable")
    packed = np.frombuffer(b"".join([row[2] for row in rows]), PACKED)[order]
    times = np.array([row[0] for row in rows])[order]
    sensors, counts = np.unique(devices, return_counts=True)
    chunks = seal_sensors(times, packed["codes"], packed["numbers"], runs_of(counts))
    return [
        (place_of(day, device), count, chunk)
        for device, count, chunk in zip(sensors.tolist(), counts.tolist(), chunks, strict=True)
    ]
