"""The bookkeeping of quality in the journal's file: counts by hour of arrival, hours by device.

It is written in the journal's own transaction, so a kill can neither lose a count nor give one
twice; only what changes is written, which for most records is nothing.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping

from ingest.device_watch import HOUR_US, HourNote
from ingest.ports.journal import JournalRow, Round
from ingest.quality_counts import CountKind, QualityKey
from ingest.reasons import RefusalReason

# How often something was counted against a gateway or device, by hour of arrival; and what each
# device told by hour of observation. Hours are counted from 1970 UTC.
QUALITY_SCHEMA = """
CREATE TABLE quality_counts (
  hour INTEGER NOT NULL,
  gateway_id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (hour, gateway_id, device_id, kind, reason)
) WITHOUT ROWID;
CREATE TABLE device_hours (
  hour INTEGER NOT NULL,
  device_id TEXT NOT NULL,
  usable INTEGER NOT NULL,
  least_offset_us INTEGER NOT NULL,
  PRIMARY KEY (hour, device_id)
) WITHOUT ROWID;
"""

_COUNT = (
    "INSERT INTO quality_counts VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET times = times + excluded.times"
)
_PUT_HOUR = (
    "INSERT INTO device_hours VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " usable = max(usable, excluded.usable),"
    " least_offset_us = min(least_offset_us, excluded.least_offset_us)"
)


def counts_of(
    round_: Round,
    rows: Iterable[JournalRow],
    *,
    collided: Iterable[JournalRow],
    conflicting: Iterable[JournalRow],
) -> Counter[QualityKey]:
    """Return the round's counts with those that only the journal's indexes could decide."""
    counts = round_.counts.copy()
    late = Counter([(row.uplink, row.device_id) for row in rows if row.late])
    late.subtract([(row.uplink, row.device_id) for row in collided if row.late])
    for (uplink, device_id), times in late.items():
        gateway_id = round_.uplinks[uplink].gateway_id
        counts[QualityKey(gateway_id, device_id, CountKind.LATE, "")] += times
    for row in conflicting:
        gateway_id = round_.uplinks[row.uplink].gateway_id
        refused, conflict = CountKind.REFUSED, RefusalReason.CONFLICT
        counts[QualityKey(gateway_id, row.device_id, refused, conflict)] += 1
    return counts


def put_quality(
    connection: sqlite3.Connection,
    *,
    counts: Mapping[QualityKey, int],
    hours: Iterable[HourNote],
    received_us: int,
) -> None:
    """Add the counts to the hour of arrival, and merge the hours of observation."""
    hour = received_us // HOUR_US
    connection.executemany(_COUNT, [(hour, *key, times) for key, times in counts.items() if times])
    connection.executemany(_PUT_HOUR, hours)


def trim_quality(connection: sqlite3.Connection, *, before_us: int) -> None:
    """Remove what lies in hours before that one."""
    hour = (before_us // HOUR_US,)
    connection.execute("DELETE FROM quality_counts WHERE hour < ?", hour)
    connection.execute("DELETE FROM device_hours WHERE hour < ?", hour)
