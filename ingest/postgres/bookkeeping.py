"""What a round writes beside its entries: dead letters and the bookkeeping of quality."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ingest.dead_letters import DeadLetter, letter_values
from ingest.device_watch import HOUR_US, HourNote
from ingest.postgres.session import Cursor
from ingest.quality_counts import QualityKey

_LETTERS = (
    "unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],"
    " %s::text[], %s::bigint[], %s::int[], %s::text[], %s::bytea[]) AS came (first_at_us,"
    " last_at_us, times, reason, detail, gateway_id, boot_id, sequence, size, digest, payload)"
)
# Not by ON CONFLICT: that uses a number up for every repeat, and letters are trimmed by number.
_REPEAT_LETTERS = (
    "UPDATE dead_letters AS known SET times = known.times + came.times,"  # noqa: S608  our own text
    f" last_at_us = came.last_at_us FROM {_LETTERS} WHERE known.gateway_id = came.gateway_id"
    " AND known.reason = came.reason AND known.digest = came.digest"
    " RETURNING known.gateway_id, known.reason, known.digest"
)
_ADD_LETTERS = (
    "INSERT INTO dead_letters (first_at_us, last_at_us, times, reason, detail, gateway_id,"  # noqa: S608  our own text
    f" boot_id, sequence, size, digest, payload) SELECT * FROM {_LETTERS}"
)
_TRIM_LETTERS = (
    "DELETE FROM dead_letters WHERE number <= (SELECT max(number) FROM dead_letters) - %s"
)
_COUNT = (
    "INSERT INTO quality_counts AS known (hour, gateway_id, device_id, kind, reason, times)"
    " SELECT * FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[],"
    " %s::bigint[]) ON CONFLICT (hour, gateway_id, device_id, kind, reason)"
    " DO UPDATE SET times = known.times + excluded.times"
)
_PUT_HOURS = (
    "INSERT INTO device_hours AS known (hour, device_id, usable, least_offset_us)"
    " SELECT * FROM unnest(%s::int[], %s::text[], %s::bool[], %s::bigint[])"
    " ON CONFLICT (hour, device_id) DO UPDATE SET usable = known.usable OR excluded.usable,"
    " least_offset_us = least(known.least_offset_us, excluded.least_offset_us)"
)


def columns_of(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Return rows as columns, the way ``unnest`` takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


def put_letters(cursor: Cursor, letters: Sequence[DeadLetter], *, most: int) -> int:
    """Add the letters; return how many old ones had to go."""
    if not letters:
        return 0
    rows = {_key(letter): _storable(letter) for letter in _each_once(letters)}
    cursor.execute(_REPEAT_LETTERS, columns_of(rows.values()))
    for known in cursor.fetchall():
        del rows[known]
    if rows:
        cursor.execute(_ADD_LETTERS, columns_of(rows.values()))
    cursor.execute(_TRIM_LETTERS, (most,))
    return cursor.rowcount


def put_quality(
    cursor: Cursor,
    *,
    counts: Mapping[QualityKey, int],
    hours: Iterable[HourNote],
    received_us: int,
) -> None:
    """Add the counts to the hour of arrival, and merge the hours of observation."""
    hour = received_us // HOUR_US
    counted = [(hour, *map(str, key), times) for key, times in counts.items() if times]
    if counted:
        cursor.execute(_COUNT, columns_of(counted))
    merged: dict[tuple[int, str], tuple[bool, int]] = {}
    for note in hours:
        usable, offset_us = merged.get((note.hour, note.device_id), (False, note.least_offset_us))
        offset_us = min(offset_us, note.least_offset_us)
        merged[note.hour, note.device_id] = (usable or bool(note.usable), offset_us)
    if merged:
        cursor.execute(_PUT_HOURS, columns_of((*key, *told) for key, told in merged.items()))


def trim_quality(cursor: Cursor, *, before_us: int) -> None:
    """Remove what lies in hours before that one."""
    hour = (before_us // HOUR_US,)
    cursor.execute("DELETE FROM quality_counts WHERE hour < %s", hour)
    cursor.execute("DELETE FROM device_hours WHERE hour < %s", hour)


def _key(letter: DeadLetter) -> tuple[str, str, str]:
    return letter.gateway_id, str(letter.reason), letter.digest


def _each_once(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Return each letter once, with how often it came in this round."""
    merged: dict[tuple[str, str, str], DeadLetter] = {}
    for letter in letters:
        known = merged.get(_key(letter))
        merged[_key(letter)] = (
            letter
            if known is None
            else replace(known, times=known.times + letter.times, received_at=letter.received_at)
        )
    return list(merged.values())


def _storable(letter: DeadLetter) -> tuple[Any, ...]:
    values = letter_values(letter)
    return tuple(str(value) if isinstance(value, str) else value for value in values)
