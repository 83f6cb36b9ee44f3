"""Which records of a round ``journal.db`` has already, or the round itself has twice.

Only records that may have a twin are looked for (see the marks in ``ingest.ports.journal``): in the
runs that hold their uplink ids, and in those that hold the very times at which they were observed.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain

from ingest.instants import to_us
from ingest.journal_rows import says_other
from ingest.journal_runs import RunReader, packed, records_of, unpacked
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
_AROUND = " FROM runs WHERE reach = ? AND first_us BETWEEN ? AND ? AND last_us >= ?"
_BETWEEN = f"SELECT position{_AROUND} LIMIT ?"
# Where many devices tell of one moment, a message each, only those are read that may be the one. In
# JSON any letter may be written with a backslash. SQLite is slow to look through long runs.
_AT = (
    f"SELECT count, times, records{_AROUND} AND instr(times, ?)"
    " AND (count > 8 OR instr(records, ?) OR instr(records, x'5c'))"
)
_NAMED = " FROM json_each(?) JOIN runs ON runs.position = json_each.value"
_TIMES = f"SELECT position, times{_NAMED}"
_RECORDS = f"SELECT count, times, records{_NAMED}"


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
    suspects = [place for place, mark in enumerate(marks) if mark not in _SURELY_NEW]
    ids = list(round_.ids())
    kept, reader = _Kept(), RunReader(connection)
    for place in suspects:
        if marks[place] & USED_ID:
            stored = reader.find(*ids[place])
            if stored is not None:
                kept.by_id[ids[place]] = stored
    own = {round_.encoded[place]: _identity(round_, place) for place in suspects}
    times = {observed_us[place] for place in suspects if not marks[place] & SETS_STATE}
    kept.by_identity.update(_stored_at(connection, times, own))
    left_out, conflicting = [], []
    wanted_ids = {ids[place] for place in suspects}
    columns = zip(ids, observed_us, marks, round_.encoded, strict=True)
    for place, (id_, time_us, mark, encoded) in enumerate(columns):
        if time_us not in times and id_ not in wanted_ids:
            continue
        identity = own.get(encoded) or _identity(round_, place)
        if mark not in _SURELY_NEW and (twins := kept.under(id_, identity)):
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
    connection: sqlite3.Connection, times: AbstractSet[int], known: Mapping[bytes, _Identity]
) -> Iterator[tuple[_Identity, bytes]]:
    """Return what is stored of these times and may be what is ``known``, which tells identities
    without decoding.
    """
    devices_at: dict[int, set[str]] = {time_us: set() for time_us in times}
    for time_us, device_id, _ in known.values():
        if time_us in devices_at:
            devices_at[time_us].add(device_id)
    others: list[bytes] = []
    for count, run_times, records in _Search(connection, devices_at).runs(sorted(times)):
        encoded_at = zip(unpacked(run_times), records_of(count, records), strict=True)
        for encoded in [encoded for time_us, encoded in encoded_at if time_us in times]:
            if encoded in known:
                yield known[encoded], encoded
            else:
                others.append(encoded)
    for encoded, record in zip(others, decode_told(others), strict=True):
        yield (to_us(record.observed_at), record.device_id, str(kind_of(record))), encoded


class _Search:
    """Looks for the runs that hold certain times, of certain devices."""

    def __init__(
        self, connection: sqlite3.Connection, devices_at: Mapping[int, Collection[str]]
    ) -> None:
        self._connection = connection
        self._devices_at = devices_at
        self._reaches = [reach for (reach,) in connection.execute(_REACHES)] if devices_at else []

    def runs(self, times: Sequence[int]) -> Iterator[tuple[int, bytes, bytes]]:
        """Return count, times and records of all runs that hold one of the times, which ascend."""
        if len(times) <= 1:
            yield from chain.from_iterable(map(self._runs_at, times))
            return
        positions = self._positions_between(times[0], times[-1], most=_RUNS_A_TIME * len(times))
        if positions is None:
            middle = len(times) // 2
            yield from self.runs(times[:middle])
            yield from self.runs(times[middle:])
            return
        wanted = frozenset(times)
        holding = [
            position
            for position, packed_times in self._connection.execute(_TIMES, (json.dumps(positions),))
            if not wanted.isdisjoint(unpacked(packed_times))
        ]
        yield from self._connection.execute(_RECORDS, (json.dumps(holding),))

    def _runs_at(self, time_us: int) -> Iterator[tuple[int, bytes, bytes]]:
        devices = self._devices_at[time_us]
        device = next(iter(devices)).encode() if len(devices) == 1 else b""
        for reach in self._reaches:
            bounds = reach, time_us - 16**reach + 1, time_us, time_us
            yield from self._connection.execute(_AT, (*bounds, packed([time_us]), device))

    def _positions_between(self, first_us: int, last_us: int, *, most: int) -> list[int] | None:
        """Return the runs that overlap a stretch of time, None where there are ``most`` or more."""
        positions: list[int] = []
        for reach in self._reaches:
            bounds = reach, first_us - 16**reach + 1, last_us, first_us
            rows = self._connection.execute(_BETWEEN, (*bounds, most - len(positions)))
            positions += [position for (position,) in rows]
            if len(positions) >= most:
                return None
        return positions
