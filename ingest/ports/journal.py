"""The journal as ingest writes it: whole rounds, all or nothing."""

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

from domain.records import Record, RecordKind
from domain.registry import RegistrySnapshot
from ingest.dead_letters import DeadLetter
from ingest.device_watch import DEFAULT_RATE_LIMITS, DeviceWatch, HourNote, RateLimits
from ingest.instants import to_us
from ingest.judge import NewestTimes
from ingest.quality_counts import QualityKey
from ingest.uplink_progress import UplinkProgress
from wire.checked_records import CheckedRecord


class JournalUnavailableError(Exception):
    """The journal cannot be written now. Nothing was stored; try again later."""


@dataclass(slots=True, kw_only=True)
class Uplink:
    """One spool of one gateway, and how far it is committed; ``number`` is the journal's name."""

    number: int
    gateway_id: str
    boot_id: str
    progress: UplinkProgress = field(default_factory=UplinkProgress)


class Known:
    """What is committed, as far as judging needs it; grows in memory with the round at work.

    When a round fails it is wrong: load it again. ``new_number`` gives the numbers of new uplinks
    where others write the journal too.
    """

    def __init__(
        self,
        uplinks: Iterable[Uplink] = (),
        newest: NewestTimes | None = None,
        *,
        new_number: Callable[[], int] | None = None,
    ) -> None:
        self._uplinks = {(uplink.gateway_id, uplink.boot_id): uplink for uplink in uplinks}
        highest = max((u.number for u in self._uplinks.values()), default=0)
        self._new_number = new_number or partial(next, itertools.count(highest + 1))
        self.newest = NewestTimes() if newest is None else newest
        self._watches: dict[str, DeviceWatch] = {}
        self._registry: RegistrySnapshot | None = None
        self._sensors: dict[str, dict[str, DeviceWatch]] = {}

    def sensors(self, registry: RegistrySnapshot, gateway_id: str) -> dict[str, DeviceWatch]:
        """Return what is remembered of the gateway's sensors met so far, to be added to.

        Only of those that are the gateway's in that snapshot; each has heeded what that says.
        """
        if self._registry is not registry:
            self._registry, self._sensors = registry, {}
        return self._sensors.setdefault(gateway_id, {})

    def watch(self, device_id: str, limits: RateLimits = DEFAULT_RATE_LIMITS) -> DeviceWatch:
        """Return the memory of that device, a new one when it was not heard since the start."""
        watch = self._watches.get(device_id)
        if watch is None:
            watch = DeviceWatch(limits, self.newest.times(device_id))
            self._watches[device_id] = watch
        return watch

    def uplink(self, gateway_id: str, boot_id: str) -> Uplink:
        """Return that spool's uplink, a new one when it was never heard of."""
        uplink = self._uplinks.get((gateway_id, boot_id))
        if uplink is None:
            uplink = Uplink(number=self._new_number(), gateway_id=gateway_id, boot_id=boot_id)
            self._uplinks[gateway_id, boot_id] = uplink
        return uplink


class JournalRow(NamedTuple):
    """An accepted record on its way into the journal; times in microseconds since 1970 UTC."""

    uplink: int
    sequence: int
    device_id: str
    observed_us: int
    kind: str
    received_us: int
    late: bool
    sets_state: bool
    record: bytes


class PictureRow(NamedTuple):
    """A picture that is stored; times in microseconds since 1970 UTC."""

    sha256: str
    device_id: str
    observed_us: int
    received_us: int


LATE, SETS_STATE, USED_ID = 1, 2, 4
"""Marks of an accepted record. ``USED_ID``: its uplink id was known before.

A record that sets the state of its device is newer than all of its kind that were ever accepted,
so no other has its identity; if its uplink id is not used either, it cannot have a twin.
"""

IS_LATE = bytes(marks & LATE for marks in range(256))
"""Translates marks into ones, where a record is late, and zeros."""


@dataclass(slots=True)
class Run:
    """Accepted records of one uplink, by number, whose sequences follow one another."""

    uplink: int
    first: int
    count: int = 0


@dataclass(slots=True, kw_only=True)
class Round:
    """Everything that one transaction commits. ``uplinks`` are those heard of, by number.

    The accepted records are columns, in their order: ``encoded``, ``records`` (readings as they
    were decoded), ``observed_us``, ``marks``; ``runs`` say whose they are, one after the other.
    ``counts`` and ``hours`` are the bookkeeping of quality; the journal adds what only it can
    know: conflicts, and which of the late records were new.
    """

    received_at: datetime
    runs: list[Run] = field(default_factory=list)
    encoded: list[bytes] = field(default_factory=list)
    records: list[Record | CheckedRecord] = field(default_factory=list)
    observed_us: list[int] = field(default_factory=list)
    marks: bytearray = field(default_factory=bytearray)
    letters: list[DeadLetter] = field(default_factory=list)
    pictures: list[PictureRow] = field(default_factory=list)
    uplinks: dict[int, Uplink] = field(default_factory=dict)
    counts: Counter[QualityKey] = field(default_factory=Counter)
    hours: list[HourNote] = field(default_factory=list)

    def admit(
        self,
        uplink: int,
        sequence: int,
        encoded: bytes,
        record: Record | CheckedRecord,
        observed_us: int,
        marks: int,
    ) -> None:
        """Add an accepted record."""
        self.admit_run(uplink, sequence, [encoded], [record], [observed_us], bytes([marks]))

    def admit_run(
        self,
        uplink: int,
        first: int,
        encoded: Sequence[bytes],
        records: Sequence[Record | CheckedRecord],
        observed_us: Sequence[int],
        marks: bytes | bytearray,
    ) -> None:
        """Add accepted records whose sequences follow one another, from ``first`` on."""
        run = self.runs[-1] if self.runs else None
        if run is None or run.uplink != uplink or run.first + run.count != first:
            run = Run(uplink, first)
            self.runs.append(run)
        run.count += len(records)
        self.encoded += encoded
        self.records += records
        self.observed_us += observed_us
        self.marks += marks

    @property
    def late(self) -> int:
        """How many of the records are late."""
        return self.marks.translate(IS_LATE).count(1)

    def ids(self) -> Iterator[tuple[int, int]]:
        """Return uplink and sequence of each record."""
        return ((run.uplink, run.first + place) for run in self.runs for place in range(run.count))

    def without(self, places: Collection[int]) -> "Round":
        """Return the round without the records at these places, or itself where there are none."""
        if not places:
            return self
        left_out = frozenset(places)
        kept = replace(self, runs=[], encoded=[], records=[], observed_us=[], marks=bytearray())
        for place, (uplink, sequence) in enumerate(self.ids()):
            if place not in left_out:
                kept.admit(
                    uplink,
                    sequence,
                    self.encoded[place],
                    self.records[place],
                    self.observed_us[place],
                    self.marks[place],
                )
        return kept

    def rows(self) -> list[JournalRow]:
        """Return the accepted records one by one."""
        received_us = to_us(self.received_at)
        return [
            JournalRow(
                uplink,
                sequence,
                record.device_id,
                observed_us,
                str(kind_of(record)),
                received_us,
                bool(marks & LATE),
                bool(marks & SETS_STATE),
                encoded,
            )
            for (uplink, sequence), encoded, record, observed_us, marks in zip(
                self.ids(), self.encoded, self.records, self.observed_us, self.marks, strict=True
            )
        ]


def kind_of(record: Record | CheckedRecord) -> RecordKind:
    """Return the kind of a record; what is not made a domain record yet is a reading."""
    return record.kind if isinstance(record, Record) else RecordKind.FILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What became of a round's records. ``accepted`` includes the ``late`` ones.

    ``left_out`` are the places of those that were not stored: duplicates and conflicts. ``span``:
    the others, and nothing else, lie behind the first of these positions and up to the second.
    None where the journal cannot tell that.
    """

    accepted: int
    late: int
    duplicates: int
    conflicts: int
    letters_trimmed: int
    left_out: Collection[int] = ()
    span: tuple[int, int] | None = None


class Journal(Protocol):
    """Keeps accepted records in order of commit, each identity once."""

    def load(self) -> Known:
        """Return what is committed; also ends what a failed round has left open."""
        ...

    def find(self, uplink: int, sequence: int) -> bytes | None:
        """Return the encoded record committed under that uplink id, or None."""
        ...

    def commit(self, round_: Round) -> Committed:
        """Commit the round durably, or raise and leave everything as it was."""
        ...

    def trim(self, *, before: datetime, through: int, most: int) -> int:
        """Remove entries received before that time, none behind ``through``; say how many.

        About ``most``: a journal that keeps records together removes them together.
        """
        ...

    def newest_position(self) -> int:
        """Return the position of the newest entry ever committed, 0 when there is none."""
        ...
