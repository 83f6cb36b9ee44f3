"""Readings of a backlog in blocks: those of a large transaction and one day as one row.

A block never changes until its day is sealed. Within it readings lie by device, and of a device by
time. A reading is in ``fill``, in ``blocks`` or in ``sealed``, in one of them only: into a block
goes what is certainly new (:mod:`ingest.newest_readings`), and what goes into ``fill`` later is
looked for in the blocks first.
"""

import sqlite3
from collections.abc import Iterator

import numpy as np

from ingest.kept_readings import PACKED, KeptReading, unpack_kept
from ingest.reading_columns import ReadingColumns
from ingest.rollups import Column, bounds_us, day_of_us, days_of_us

_PLACE = np.dtype("<i8")
_TIME_BITS = 37
"""A place is the device's number and, in so many bits, the microseconds since the day began."""

_TIME_MASK = (1 << _TIME_BITS) - 1

_FEWEST = 200
"""So few readings of a day are no block: each costs a reader of the day a look."""

_PUT = (
    "INSERT INTO blocks (day, first_us, last_us, readings, places, chunk) VALUES (?, ?, ?, ?, ?, ?)"
)
_OVERLAPPING = "FROM blocks WHERE day >= ? AND day <= ? AND first_us < ? AND last_us >= ?"
_SPANS = f"SELECT number, day, first_us, last_us {_OVERLAPPING}"
_OF_ONE = f"SELECT number, day, places {_OVERLAPPING}"
_ALL = f"SELECT day, places, chunk {_OVERLAPPING}"


def put_blocks(connection: sqlite3.Connection, readings: ReadingColumns) -> Column:
    """Put certainly new readings, by device and time, into a block a day; return which those are.

    The others were too few of their day.
    """
    days = days_of_us(readings.observed_us)
    put = np.zeros(len(readings), dtype=bool)
    for day in np.unique(days).tolist():
        of_day = days == day
        if np.count_nonzero(of_day) >= _FEWEST:
            part = readings.at(of_day)
            times, places = part.observed_us, _places(day, part)
            span = (int(times.min()), int(times.max()))
            row = (day, *span, len(part), places.tobytes(), part.packed.tobytes())
            connection.execute(_PUT, row)
            put |= of_day
    return put


def are_in_blocks(connection: sqlite3.Connection, readings: ReadingColumns) -> Column:
    """Return of which readings the identity lies in a block.

    Looks into the blocks in whose time one of them falls.
    """
    found = np.zeros(len(readings), dtype=bool)
    if not len(readings):
        return found
    times = readings.observed_us
    within = _within(int(times.min()), int(times.max()) + 1)
    for number, day, first_us, last_us in connection.execute(_SPANS, within).fetchall():
        asked = np.flatnonzero((times >= first_us) & (times <= last_us))
        if len(asked):
            query = "SELECT places FROM blocks WHERE number = ?"
            (kept,) = connection.execute(query, (number,)).fetchone()
            found[asked] |= _contains(np.frombuffer(kept, _PLACE), _places(day, readings.at(asked)))
    return found


def readings_in_blocks(
    connection: sqlite3.Connection, device: int, since_us: int, until_us: int
) -> Iterator[KeptReading]:
    """Yield a sensor's readings that lie in blocks, from ``since_us`` until before."""
    for number, day, kept in connection.execute(_OF_ONE, _within(since_us, until_us)):
        places, begun_us = np.frombuffer(kept, _PLACE), bounds_us(day)[0]
        bounds = (
            (device << _TIME_BITS) + min(max(0, time_us - begun_us), _TIME_MASK)
            for time_us in (since_us, until_us)
        )
        begin, end = np.searchsorted(places, [*bounds]).tolist()
        if begin < end:
            part = (begin * PACKED.itemsize + 1, (end - begin) * PACKED.itemsize, number)
            query = "SELECT substr(chunk, ?, ?) FROM blocks WHERE number = ?"
            (chunk,) = connection.execute(query, part).fetchone()
            readings = _columns(day, places[begin:end], chunk)
            yield from (unpack_kept(row[0], row[2]) for row in readings.rows())


def blocks_between(
    connection: sqlite3.Connection, since_us: int, until_us: int
) -> Iterator[ReadingColumns]:
    """Yield the readings of all blocks from ``since_us`` until before, block by block."""
    for day, places, chunk in connection.execute(_ALL, _within(since_us, until_us)):
        readings = _columns(day, np.frombuffer(places, _PLACE), chunk)
        times = readings.observed_us
        yield readings.at((times >= since_us) & (times < until_us))


def day_in_blocks(connection: sqlite3.Connection, day: int) -> tuple[int, int]:
    """Return how many readings of a day lie in blocks, and a number above all their devices."""
    readings = above = 0
    for count, place in connection.execute(
        "SELECT readings, substr(places, -8) FROM blocks WHERE day = ?", (day,)
    ):
        readings += count
        above = max(above, (int(np.frombuffer(place, _PLACE)[0]) >> _TIME_BITS) + 1)
    return readings, above


def sensors_in_blocks(
    connection: sqlite3.Connection, day: int, first: int, end: int
) -> Iterator[ReadingColumns]:
    """Yield a day's readings of the sensors from number ``first`` until before ``end``."""
    size = PACKED.itemsize
    for kept, chunk in connection.execute(
        "SELECT places, chunk FROM blocks WHERE day = ? ORDER BY number", (day,)
    ):
        places = np.frombuffer(kept, _PLACE)
        bounds = (first << _TIME_BITS, end << _TIME_BITS)
        begin, stop = np.searchsorted(places, bounds).tolist()
        if begin < stop:
            # Copied, so that a part of a block does not hold all of it.
            yield _columns(day, places[begin:stop], chunk[begin * size : stop * size])


def _within(since_us: int, until_us: int) -> tuple[int, int, int, int]:
    return (day_of_us(since_us), day_of_us(until_us - 1), until_us, since_us)


def _places(day: int, readings: ReadingColumns) -> Column:
    since_begun: Column = readings.observed_us - bounds_us(day)[0]
    return ((readings.devices << _TIME_BITS) + since_begun).astype(_PLACE)


def _columns(day: int, places: Column, chunk: bytes) -> ReadingColumns:
    return ReadingColumns(
        observed_us=(places & _TIME_MASK) + bounds_us(day)[0],
        devices=places >> _TIME_BITS,
        packed=np.frombuffer(chunk, PACKED),
    )


def _contains(places: Column, asked: Column) -> Column:
    """Return which of the places asked for are there; those that are there are in order."""
    found = np.minimum(np.searchsorted(places, asked), len(places) - 1)
    there: Column = places[found] == asked
    return there
