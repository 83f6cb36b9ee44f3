"""The journal in SQLite: one transaction a round, its records in runs."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from domain.records import RecordKind
from ingest.dead_letters import DeadLetter, letter_values
from ingest.instants import from_us, to_us
from ingest.journal_rows import MOST_DEAD_LETTERS, conflict_letters, newest_states
from ingest.journal_runs import Columns, RunReader, insert_runs
from ingest.journal_schema import newest_position, open_journal_schema
from ingest.journal_twins import find_twins
from ingest.judge import NewestTimes, StoredTime
from ingest.many_rows import ManyRows
from ingest.ports.journal import Committed, Known, Round, Uplink
from ingest.quality_tables import counts_of, put_quality, trim_quality
from ingest.uplink_progress import UplinkProgress
from storage.sqlite import SqliteFile

_PUT_UPLINK = (
    "INSERT INTO uplinks VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET"
    " through = excluded.through, missing = excluded.missing, heard_us = excluded.heard_us"
)
_NEWEST = ManyRows(
    "newest",
    columns=3,
    then="ON CONFLICT DO UPDATE SET observed_us = max(observed_us, excluded.observed_us)",
)
_PUT_LETTER = (
    "INSERT INTO dead_letters (first_at_us, last_at_us, times, reason, detail, gateway_id,"
    " boot_id, sequence, size, digest, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (gateway_id, reason, digest) DO UPDATE SET"
    " times = times + 1, last_at_us = excluded.last_at_us"
)
_TRIM = "DELETE FROM runs WHERE position <= ? AND received_us < ? RETURNING count"


class SqliteJournal:
    """Fulfils ``ingest.ports.journal.Journal``; the one writer of ``path``.

    Raises what :class:`storage.sqlite.SqliteFile` raises, and ``OtherSchemaError``. Used by one
    thread at a time.
    """

    def __init__(self, path: Path, *, most_dead_letters: int = MOST_DEAD_LETTERS) -> None:
        self._most_letters = most_dead_letters
        self._file = SqliteFile(path)
        try:
            open_journal_schema(self._file)
        except BaseException:
            self._file.close()
            raise
        self._runs = RunReader(self._file.connection)

    def close(self) -> None:
        """Close the file and give up its lock."""
        self._file.close()

    def load(self) -> Known:
        """Return what is committed; also ends what a failed round has left open."""
        self._runs.forget()
        connection = self._file.connection
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        uplinks = [
            Uplink(
                number=number,
                gateway_id=gateway_id,
                boot_id=boot_id,
                progress=UplinkProgress(through, [(a, b) for a, b in json.loads(missing)]),
            )
            for number, gateway_id, boot_id, through, missing in connection.execute(
                "SELECT number, gateway_id, boot_id, through, missing FROM uplinks"
            )
        ]
        return Known(uplinks, NewestTimes(self._newest_times))

    def _newest_times(self, device_ids: Collection[str]) -> list[StoredTime]:
        rows = self._file.connection.execute(
            "SELECT device_id, kind, observed_us FROM newest"
            " WHERE device_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(device_ids)),),
        )
        return [(device_id, RecordKind(kind), from_us(us)) for device_id, kind, us in rows]

    def find(self, uplink: int, sequence: int) -> bytes | None:
        """Return the encoded record committed under that uplink id, or None."""
        return self._runs.find(uplink, sequence)

    def newest_position(self) -> int:
        """Return the position of the newest entry ever committed, 0 when there is none."""
        return newest_position(self._file.connection)

    def commit(self, round_: Round) -> Committed:
        """Commit the round durably, or raise ``sqlite3.Error`` and leave everything as it was."""
        received_us = to_us(round_.received_at)
        with self._file.transaction() as connection:
            _put_uplinks(connection, round_.uplinks.values(), received_us)
            twins = find_twins(connection, round_)
            kept, behind = round_.without(twins.left_out), newest_position(connection)
            columns = Columns(kept.encoded, kept.observed_us, kept.marks)
            insert_runs(connection, kept.runs, columns, received_us=received_us, behind=behind)
            conflicts = conflict_letters(round_, twins.conflicting)
            states = newest_states(round_)
            _NEWEST.insert(connection, [(*key, us) for key, us in states.items()])
            connection.executemany(
                "INSERT INTO pictures VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(p.sha256, p.device_id, p.observed_us, p.received_us) for p in round_.pictures],
            )
            trimmed = _put_letters(connection, [*round_.letters, *conflicts], self._most_letters)
            put_quality(
                connection,
                counts=counts_of(round_, kept, conflicting=twins.conflicting),
                hours=round_.hours,
                received_us=received_us,
            )
        accepted = len(kept.encoded)
        return Committed(
            accepted=accepted,
            late=kept.late,
            duplicates=len(twins.left_out) - len(conflicts),
            conflicts=len(conflicts),
            letters_trimmed=trimmed,
            left_out=twins.left_out,
            span=(behind, behind + accepted),
        )

    def trim(self, *, before: datetime, through: int, most: int) -> int:
        """Remove runs received before that time, none that ends behind ``through``.

        Of the oldest runs, as many as hold ``most`` entries, or a few more; returns how many
        entries went. Uplinks, picture rows and bookkeeping as old go with them.
        """
        before_us = to_us(before)
        oldest = self._file.connection.execute(
            "SELECT received_us FROM runs ORDER BY position LIMIT 1"
        ).fetchone()
        if oldest is None or oldest[0] >= before_us:
            return 0
        self._runs.forget()
        with self._file.transaction() as connection:
            end = _end_of_oldest(connection, through=through, most=most)
            removed = connection.execute(_TRIM, (end, before_us)).fetchall()
            connection.execute(
                "DELETE FROM uplinks WHERE heard_us < ? AND NOT EXISTS"
                " (SELECT 1 FROM runs WHERE runs.uplink = uplinks.number)",
                (before_us,),
            )
            connection.execute("DELETE FROM pictures WHERE observed_us < ?", (before_us,))
            trim_quality(connection, before_us=before_us)
        return sum(count for (count,) in removed)


def _end_of_oldest(connection: sqlite3.Connection, *, through: int, most: int) -> int:
    """Return the position up to which lie the oldest runs, ``most`` entries or a few more."""
    end = entries = 0
    for position, count in connection.execute(
        "SELECT position, count FROM runs WHERE position <= ? ORDER BY position", (through,)
    ):
        if entries >= most:
            break
        end, entries = position, entries + count
    return end


def _put_uplinks(connection: sqlite3.Connection, uplinks: Iterable[Uplink], heard_us: int) -> None:
    connection.executemany(
        _PUT_UPLINK,
        [
            (
                uplink.number,
                uplink.gateway_id,
                uplink.boot_id,
                uplink.progress.through,
                json.dumps(uplink.progress.missing),
                heard_us,
            )
            for uplink in uplinks
        ],
    )


def _put_letters(
    connection: sqlite3.Connection, letters: Sequence[DeadLetter], most_letters: int
) -> int:
    """Add the letters; return how many old ones had to go."""
    if not letters:
        return 0
    connection.executemany(_PUT_LETTER, [letter_values(letter) for letter in letters])
    return connection.execute(
        # By their count: every repeat uses a number up too, and must push no other letter out.
        "DELETE FROM dead_letters WHERE number <="
        " (SELECT number FROM dead_letters ORDER BY number DESC LIMIT 1 OFFSET ?)",
        (most_letters,),
    ).rowcount
