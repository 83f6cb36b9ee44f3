"""Runs: records of one uplink that came together, by number, which ``journal.db`` keeps in one row.

A row for each record, with its entries in two indexes, is most of what a journal costs. What a run
holds can be told without its records: ``times`` has when each was observed. Pure but for the SQL.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from struct import pack, unpack
from typing import NamedTuple

from ingest.ports.journal import Run

MOST_RECORDS = 256
MOST_BYTES = 64 * 1024
"""Of a run's records; a single one may be larger."""

MOST_SPAN_US = 2**32
"""72 minutes: what was observed at some time is looked for among runs that begin no earlier."""

# ``position`` is that of the last record; AUTOINCREMENT, so that positions never start again when
# all has been trimmed. ``reach`` sorts the runs by how long they last: a look for those that may
# hold some time goes back no further than the runs of each class reach.
RUNS_SCHEMA = """
CREATE TABLE runs (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  uplink INTEGER NOT NULL REFERENCES uplinks (number),
  first INTEGER NOT NULL,
  count INTEGER NOT NULL,
  received_us INTEGER NOT NULL,
  reach INTEGER NOT NULL,
  first_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  marks BLOB NOT NULL,
  times BLOB NOT NULL,
  records BLOB NOT NULL
);
CREATE UNIQUE INDEX runs_uplink ON runs (uplink, first);
CREATE INDEX runs_time ON runs (reach, first_us, last_us);
"""

_INSERT = "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_AT_OR_BELOW = (
    "SELECT first, count, records FROM runs WHERE uplink = ? AND first <= ?"
    " ORDER BY first DESC LIMIT 1"
)


class Columns(NamedTuple):
    """Records in their order: encoded, when they were observed, and their marks."""

    encoded: Sequence[bytes]
    observed_us: Sequence[int]
    marks: bytes | bytearray


def insert_runs(
    connection: sqlite3.Connection,
    runs: Iterable[Run],
    columns: Columns,
    *,
    received_us: int,
    behind: int,
) -> None:
    """Insert the records that ``runs`` name, one after the other, behind that position."""
    connection.executemany(_INSERT, _rows(runs, columns, received_us, behind))


def _rows(
    runs: Iterable[Run], columns: Columns, received_us: int, behind: int
) -> Iterator[tuple[object, ...]]:
    start = 0
    for run in runs:
        end = start + run.count
        for first, last, first_us, last_us, records in _cut(columns, start, end):
            yield (
                behind + last,
                run.uplink,
                run.first + first - start,
                last - first,
                received_us,
                reach_of(last_us - first_us),
                first_us,
                last_us,
                columns.marks[first:last],
                packed(columns.observed_us[first:last]),
                records,
            )
        start = end


def _cut(columns: Columns, start: int, end: int) -> Iterator[tuple[int, int, int, int, bytes]]:
    """Halve what lies between two places until each part is fit for a row.

    Return where the parts begin and end, their earliest and latest times, and their records.
    """
    count = end - start
    if count == 1:  # as live work has it: a message a record
        yield (
            start,
            end,
            columns.observed_us[start],
            columns.observed_us[start],
            columns.encoded[start],
        )
        return
    if count <= MOST_RECORDS:
        observed_us = columns.observed_us[start:end]
        first_us, last_us = min(observed_us), max(observed_us)
        records = b"\n".join(columns.encoded[start:end])
        if (
            last_us - first_us < MOST_SPAN_US
            and len(records) <= MOST_BYTES
            and records.count(b"\n") == count - 1
        ):
            yield start, end, first_us, last_us, records
            return
    middle = (start + end) // 2
    yield from _cut(columns, start, middle)
    yield from _cut(columns, middle, end)


def records_of(count: int, records: bytes) -> list[bytes]:
    """Return the records of a run one by one."""
    return [records] if count == 1 else records.split(b"\n")


def reach_of(span_us: int) -> int:
    """Return the class of a run that lasts so long: less than ``16 ** reach`` microseconds."""
    return (span_us.bit_length() + 3) // 4


def packed(times: Sequence[int]) -> bytes:
    """Return times as the rows keep them."""
    return pack(f"<{len(times)}q", *times)


def unpacked(times: bytes) -> tuple[int, ...]:
    """Return the times that :func:`packed` was given."""
    return unpack(f"<{len(times) // 8}q", times)


class RunReader:
    """Finds records by their uplink ids; who asks for one after the other reads each run once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.forget()

    def forget(self) -> None:
        """Read anew: the journal may have been trimmed, or a round rolled back."""
        self._uplink, self._first = 0, 0
        self._records: list[bytes] = []

    def find(self, uplink: int, sequence: int) -> bytes | None:
        """Return the encoded record under that uplink id, or None."""
        place = sequence - self._first
        if uplink != self._uplink or not 0 <= place < len(self._records):
            found = self._connection.execute(_AT_OR_BELOW, (uplink, sequence)).fetchone()
            if found is None or sequence >= found[0] + found[1]:
                return None
            self._uplink = uplink
            self._first, count, records = found
            self._records = records_of(count, records)
            place = sequence - self._first
        return self._records[place]
