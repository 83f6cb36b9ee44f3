"""Which records of a round ``journal.db`` has already, or the round itself has twice.

Only records that may have a twin are looked for (see the marks in ``ingest.ports.journal``): in the
runs that hold their uplink ids, and in those that hold the very times at which they were observed.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ingest.instants import to_us
from ingest.journal_rows import says_other
from ingest.journal_runs import RunReader, records_of, unpacked
from ingest.ports.journal import SETS_STATE, USED_ID, Round, kind_of
from wire.checked_records import decode_told

_Identity = tuple[int, str, str]
"""When a record was observed, its device, its kind."""

_SURELY_NEW = bytes(marks for marks in range(256) if marks & (SETS_STATE | USED_ID) == SETS_STATE)
_RUNS_A_TIME = 4
"""Where a stretch of time has more runs for each time that is looked for, it is halved."""

_REACHES = (
    "WITH RECURSIVE classes (reach) AS (SELECT min(reach) FROM runs UNION ALL"
    " SELECT (SELECT min(reach) FROM runs WHERE runs.reach > classes.reach) FROM classes"
    " WHERE classes.reach IS NOT NULL) SELECT reach FROM classes WHERE reach IS NOT NULL"
)
_BETWEEN = (
    "SELECT position FROM runs WHERE reach = ? AND first_us BETWEEN ? AND ? AND last_us >= ?"
    " LIMIT ?"
)
_TIMES = "SELECT times FROM runs WHERE position = ?"
_RECORDS = "SELECT count, records FROM runs WHERE position = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Places of a round's records that are not to be stored; ``conflicting``: say something else
    than what is stored under their id or identity.
    """

    left_out: Sequence[int] = ()
    conflicting: Sequence[int] = ()


@dataclass(slots=True)
class _Kept:
    """What there is under the ids and identities that are looked for."""

    by_id: dict[tuple[int, int], bytes] = field(default_factory=dict)
    by_identity: dict[_Identity, bytes] = field(default_factory=dict)

    def under(self, id_: tuple[int, int], identity: _Identity) -> list[bytes]:
        found = self.by_id.get(id_), self.by_identity.get(identity)
        return [record for record in found if record is not None]


def find_twins(connection: sqlite3.Connection, round_: Round) -> Twins:
    """Find the round's records that have a twin before them, in the journal or in the round."""
    marks, observed_us = round_.marks, round_.observed_us
    if not marks.translate(None, _SURELY_NEW):
        return Twins()
    suspects = {place for place, mark in enumerate(marks) if mark not in _SURELY_NEW}
    ids = list(round_.ids())
    kept, reader = _Kept(), RunReader(connection)
    for place in suspects:
        if marks[place] & USED_ID:
            stored = reader.find(*ids[place])
            if stored is not None:
                kept.by_id[ids[place]] = stored
    own = {round_.encoded[place]: _identity(round_, place) for place in suspects}
    times = {observed_us[place] for place in suspects if not marks[place] & SETS_STATE}
    kept.by_identity.update(_stored_at(connection, sorted(times), own))
    left_out, conflicting = [], []
    wanted_ids = {ids[place] for place in suspects}
    for place, (id_, time_us, encoded) in enumerate(
        zip(ids, observed_us, round_.encoded, strict=True)
    ):
        if time_us not in times and id_ not in wanted_ids:
            continue
        identity = own.get(encoded) or _identity(round_, place)
        if place in suspects and (twins := kept.under(id_, identity)):
            left_out.append(place)
            if says_other(encoded, twins):
                conflicting.append(place)
        else:
            kept.by_id[id_] = kept.by_identity[identity] = encoded
    return Twins(left_out=left_out, conflicting=conflicting)


def _identity(round_: Round, place: int) -> _Identity:
    record = round_.records[place]
    return round_.observed_us[place], record.device_id, str(kind_of(record))


def _stored_at(
    connection: sqlite3.Connection, times: Sequence[int], known: Mapping[bytes, _Identity]
) -> Iterator[tuple[_Identity, bytes]]:
    """Return what is stored of these times; what ``known`` names need not be decoded."""
    if not times:
        return
    wanted, reaches = set(times), [reach for (reach,) in connection.execute(_REACHES)]
    others: list[bytes] = []
    for position in _runs_around(connection, times, reaches):
        ((packed,),) = connection.execute(_TIMES, (position,))
        run_times = unpacked(packed)
        if wanted.isdisjoint(run_times):
            continue
        ((count, records),) = connection.execute(_RECORDS, (position,))
        for time_us, encoded in zip(run_times, records_of(count, records), strict=True):
            if time_us in wanted:
                identity = known.get(encoded)
                if identity is None:
                    others.append(encoded)
                else:
                    yield identity, encoded
    for encoded, record in zip(others, decode_told(others), strict=True):
        yield (to_us(record.observed_at), record.device_id, str(kind_of(record))), encoded


def _runs_around(
    connection: sqlite3.Connection, times: Sequence[int], reaches: Sequence[int]
) -> set[int]:
    """Return the positions of all runs that may hold one of the times, which are in order."""
    first_us, last_us = times[0], times[-1]
    most = -1 if len(times) == 1 else _RUNS_A_TIME * len(times)
    found: set[int] = set()
    for reach in reaches:
        bounds = (reach, first_us - 16**reach + 1, last_us, first_us, most)
        found.update(position for (position,) in connection.execute(_BETWEEN, bounds))
        if most >= 0 and len(found) >= most:
            middle = len(times) // 2
            return _runs_around(connection, times[:middle], reaches) | _runs_around(
                connection, times[middle:], reaches
            )
    return found
