"""The bookkeeping of quality in the journal's file: counts by hour of arrival, hours by device.

It is written in the journal's own transaction, so a kill can neither lose a count nor give one
twice; only what changes is written, which for most records is nothing.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import chain, compress, repeat
from operator import attrgetter

from ingest.device_watch import HOUR_US, HourNote
from ingest.ports.journal import IS_LATE, Round
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

_DEVICE_ID = attrgetter("device_id")


def counts_of(round_: Round, kept: Round, *, conflicting: Collection[int]) -> Counter[QualityKey]:
    """Return the round's counts with those that only the journal could decide.

    ``kept`` is the round as it was stored; the records of the round at ``conflicting`` were not.
    """
    counts = round_.counts.copy()
    if kept.late:
        uplinks = chain.from_iterable(repeat(run.uplink, run.count) for run in kept.runs)
        senders = zip(uplinks, map(_DEVICE_ID, kept.records), strict=True)
        late = Counter(compress(senders, kept.marks.translate(IS_LATE)))
        for (uplink, device_id), times in late.items():
            gateway_id = round_.uplinks[uplink].gateway_id
            counts[QualityKey(gateway_id, device_id, CountKind.LATE, "")] += times
    if conflicting:
        ids = list(round_.ids())
        for place in conflicting:
            gateway_id = round_.uplinks[ids[place][0]].gateway_id
            device_id, refused = round_.records[place].device_id, CountKind.REFUSED
            counts[QualityKey(gateway_id, device_id, refused, RefusalReason.CONFLICT)] += 1
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
