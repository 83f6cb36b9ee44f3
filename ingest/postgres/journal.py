"""The journal on PostgreSQL: one transaction a round, uniqueness by its indexes.

Rows go in by COPY, which costs least; a round with a row that is known already is put in again by
an INSERT that leaves those out. Times are microseconds since 1970 UTC.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import psycopg

from domain.records import RecordKind
from ingest.instants import from_us, to_us
from ingest.journal_rows import (
    MOST_DEAD_LETTERS,
    conflict_letters,
    newest_states,
    says_other,
)
from ingest.judge import NewestTimes, StoredTime
from ingest.ports.journal import Committed, JournalRow, Known, PictureRow, Round, Uplink
from ingest.postgres.bookkeeping import columns_of, put_letters, put_quality, trim_quality
from ingest.postgres.session import Cursor, JournalSession
from ingest.quality_tables import counts_of
from ingest.uplink_progress import UplinkProgress
from wire.shards import ALL_SHARDS
from wire.topics import shard_of

_COLUMNS = (
    "position, sequence, observed_us, received_us, uplink, late, sets_state, device_id, kind,"
    " record"
)
_TYPES = ("int8", "int8", "int8", "int8", "int4", "bool", "bool", "text", "text", "bytea")
_COPY = f"COPY entries ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_INSERT = (
    f"INSERT INTO entries ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608  our own text
    " ON CONFLICT DO NOTHING"
)
_DRAW = "UPDATE tail SET position = position + %s RETURNING position"
_STORED = "SELECT position FROM entries WHERE position > %s"
_TWINS = (
    "SELECT record FROM entries WHERE uplink = %(uplink)s AND sequence = %(sequence)s"
    " AND position < %(at)s UNION ALL"
    " SELECT record FROM entries WHERE observed_us = %(observed_us)s AND device_id = %(device_id)s"
    " AND kind = %(kind)s AND position < %(at)s"
)
_PUT_UPLINKS = (
    "INSERT INTO uplinks (number, gateway_id, boot_id, shard, through, missing, heard_us)"
    " SELECT * FROM unnest(%s::int[], %s::text[], %s::text[], %s::smallint[], %s::bigint[],"
    " %s::text[], %s::bigint[]) ON CONFLICT (number) DO UPDATE SET"
    " through = excluded.through, missing = excluded.missing, heard_us = excluded.heard_us"
)
_PUT_NEWEST = (
    "INSERT INTO newest (device_id, kind, observed_us)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[])"
    " ON CONFLICT (device_id, kind) DO UPDATE SET observed_us = excluded.observed_us"
    " WHERE newest.observed_us < excluded.observed_us"
)
_PUT_PICTURES = (
    "INSERT INTO pictures (sha256, device_id, observed_us, received_us)"
    " SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[])"
    " ON CONFLICT DO NOTHING"
)
_READ_AHEAD = 512
"""A gateway that sends again sends runs: one question for a run, not one for each record."""


class PostgresJournal:
    """Fulfils ``ingest.ports.journal.Journal`` for the gateways of the session's shards.

    Other workers may write other shards at the same time; commits take turns, so positions become
    visible in their order. Raises :class:`JournalUnavailableError` during an outage, and while
    another worker has one of the shards. Used by one thread at a time.
    """

    def __init__(
        self, session: JournalSession, *, most_dead_letters: int = MOST_DEAD_LETTERS
    ) -> None:
        self._session = session
        self._shards = list(session.shards)
        self._alone = len(self._shards) == len(ALL_SHARDS)
        self._most_letters = most_dead_letters
        self._ahead = _ReadAhead()

    def close(self) -> None:
        """Close the connection and give up the shards. May be called twice."""
        self._session.close()

    def load(self) -> Known:
        """Return what is committed of the shards' gateways; takes the shards where that is due."""
        self._ahead.forget()
        with self._session.cursor() as cursor:
            cursor.execute(
                "SELECT number, gateway_id, boot_id, through, missing FROM uplinks"
                " WHERE shard = ANY (%s)",
                (self._shards,),
            )
            uplinks = [
                Uplink(
                    number=number,
                    gateway_id=gateway_id,
                    boot_id=boot_id,
                    progress=UplinkProgress(through, [(a, b) for a, b in json.loads(missing)]),
                )
                for number, gateway_id, boot_id, through, missing in cursor
            ]
        return Known(uplinks, NewestTimes(self._newest_times), new_number=self._new_number)

    def _newest_times(self, device_ids: Collection[str]) -> list[StoredTime]:
        with self._session.cursor() as cursor:
            cursor.execute(
                "SELECT device_id, kind, observed_us FROM newest WHERE device_id = ANY (%s)",
                (list(device_ids),),
            )
            return [(device, RecordKind(kind), from_us(us)) for device, kind, us in cursor]

    def find(self, uplink: int, sequence: int) -> bytes | None:
        """Return the encoded record committed under that uplink id, or None."""
        if not self._ahead.covers(uplink, sequence):
            with self._session.cursor() as cursor:
                cursor.execute(
                    "SELECT sequence, record FROM entries"
                    " WHERE uplink = %s AND sequence >= %s AND sequence < %s",
                    (uplink, sequence, sequence + _READ_AHEAD),
                )
                self._ahead.keep(uplink, sequence, dict(cursor.fetchall()))
        return self._ahead.records.get(sequence)

    def newest_position(self) -> int:
        """Return the position of the newest entry ever committed, 0 when there is none."""
        with self._session.cursor() as cursor:
            return _one_int(cursor.execute("SELECT position FROM tail"))

    def commit(self, round_: Round) -> Committed:
        """Commit the round durably, or raise and leave everything as it was."""
        self._ahead.forget()
        received_us = to_us(round_.received_at)
        with self._session.transaction(in_turn=True) as cursor:
            _put_uplinks(cursor, round_.uplinks.values(), received_us)
            rows = round_.rows()
            before, left_out = _put_rows(cursor, rows)
            conflicting = [
                place
                for place in left_out
                if says_other(rows[place].record, _twins(cursor, rows[place], before + place + 1))
            ]
            conflicts = conflict_letters(round_, conflicting)
            kept = round_.without(left_out)
            states = newest_states(round_)
            if states:
                devices, kinds = zip(*states, strict=True)
                words = [str(kind) for kind in kinds]
                cursor.execute(_PUT_NEWEST, (list(devices), words, list(states.values())))
            _put_pictures(cursor, round_.pictures)
            trimmed = put_letters(cursor, [*round_.letters, *conflicts], most=self._most_letters)
            put_quality(
                cursor,
                counts=counts_of(round_, kept, conflicting=conflicting),
                hours=round_.hours,
                received_us=received_us,
            )
        # Where rows were left out the positions drawn for them are holes.
        knows_span = self._alone and not left_out
        return Committed(
            accepted=len(rows) - len(left_out),
            late=kept.late,
            duplicates=len(left_out) - len(conflicts),
            conflicts=len(conflicts),
            letters_trimmed=trimmed,
            left_out=left_out,
            span=(before, before + len(rows)) if knows_span else None,
        )

    def trim(self, *, before: datetime, through: int, most: int) -> int:
        """Remove up to ``most`` entries received before that time, none behind ``through``.

        Uplinks, picture rows and bookkeeping as old go with them. Whichever worker does it does it
        for all.
        """
        before_us = to_us(before)
        with self._session.cursor() as cursor:
            cursor.execute("SELECT received_us FROM entries ORDER BY position LIMIT 1")
            oldest = cursor.fetchone()
        if oldest is None or oldest[0] >= before_us:
            return 0
        self._ahead.forget()
        with self._session.transaction(in_turn=False) as cursor:
            cursor.execute(
                "DELETE FROM entries WHERE received_us < %s AND position IN"
                " (SELECT position FROM entries WHERE position <= %s ORDER BY position LIMIT %s)",
                (before_us, through, most),
            )
            removed = cursor.rowcount
            cursor.execute(
                "DELETE FROM uplinks WHERE heard_us < %s AND NOT EXISTS"
                " (SELECT 1 FROM entries WHERE entries.uplink = uplinks.number)",
                (before_us,),
            )
            cursor.execute("DELETE FROM pictures WHERE observed_us < %s", (before_us,))
            trim_quality(cursor, before_us=before_us)
        return removed

    def _new_number(self) -> int:
        with self._session.cursor() as cursor:
            drawn = "SELECT nextval(pg_get_serial_sequence('uplinks', 'number'))"
            return _one_int(cursor.execute(drawn))


class _ReadAhead:
    """The records of one run of sequences of one uplink, as they stood when they were read."""

    def __init__(self) -> None:
        self._uplink, self._first = 0, 0
        self.records: dict[int, bytes] = {}

    def covers(self, uplink: int, sequence: int) -> bool:
        return uplink == self._uplink and 0 <= sequence - self._first < _READ_AHEAD

    def keep(self, uplink: int, first: int, records: dict[int, bytes]) -> None:
        self._uplink, self._first, self.records = uplink, first, records

    def forget(self) -> None:
        self.keep(0, 0, {})


def _put_rows(cursor: Cursor, rows: Sequence[JournalRow]) -> tuple[int, list[int]]:
    """Insert the rows; return the position before them, and the places of those not stored."""
    drawn = _one_int(cursor.execute(_DRAW, (len(rows),)))
    before = drawn - len(rows)
    if not rows:
        return before, []
    bound = [
        (position, sequence, observed_us, at_us, uplink, late, state, device, str(kind), record)
        for position, (uplink, sequence, device, observed_us, kind, at_us, late, state, record) in (
            enumerate(rows, before + 1)
        )
    ]
    try:
        with cursor.connection.transaction(), cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for row in bound:
                copy.write_row(row)
    except psycopg.errors.UniqueViolation:
        cursor.executemany(_INSERT, bound)
        stored = {position for (position,) in cursor.execute(_STORED, (before,))}
        return before, [n - 1 for n in range(1, len(rows) + 1) if before + n not in stored]
    return before, []


def _twins(cursor: Cursor, row: JournalRow, position: int) -> list[bytes]:
    """Return what lies before that position under the row's id or identity."""
    found = cursor.execute(_TWINS, row._asdict() | {"at": position})
    return [record for (record,) in found.fetchall()]


def _put_uplinks(cursor: Cursor, uplinks: Iterable[Uplink], heard_us: int) -> None:
    rows = [
        (
            uplink.number,
            uplink.gateway_id,
            uplink.boot_id,
            shard_of(uplink.gateway_id),
            uplink.progress.through,
            json.dumps(uplink.progress.missing),
            heard_us,
        )
        for uplink in uplinks
    ]
    if rows:
        cursor.execute(_PUT_UPLINKS, columns_of(rows))


def _put_pictures(cursor: Cursor, pictures: Sequence[PictureRow]) -> None:
    if pictures:
        cursor.execute(_PUT_PICTURES, columns_of(pictures))


def _one_int(cursor: Cursor) -> int:
    ((number,),) = cursor.fetchall()
    return int(number)
