"""A journal in memory: the plainest thing that keeps the journal's promises, and so its model."""

from collections.abc import Collection, Sequence
from datetime import datetime

from domain.records import JournalEntry, RecordKind, UplinkId
from ingest.dead_letters import DeadLetter, dead_letter
from ingest.instants import from_us
from ingest.judge import NewestTimes, StoredTime, same_content
from ingest.ports.journal import (
    Committed,
    JournalRow,
    Known,
    PictureRow,
    Round,
    Uplink,
)
from ingest.reasons import RefusalReason
from ingest.uplink_progress import UplinkProgress
from wire.records import decode_record


class MemoryJournal:
    """Fulfils ``ingest.ports.journal.Journal`` and ``RecordFeed``; ``fail_with`` is raised once.

    ``times_asked`` are the devices whose newest times were asked for, by question.
    """

    def __init__(self) -> None:
        self.rows: dict[int, JournalRow] = {}
        self.letters: list[DeadLetter] = []
        self.pictures: list[PictureRow] = []
        self.fail_with: Exception | None = None
        self.times_asked: list[set[str]] = []
        self._uplinks: dict[int, tuple[str, str, int, tuple[tuple[int, int], ...]]] = {}
        self._heard: dict[int, datetime] = {}
        self._newest: list[tuple[str, str, int]] = []
        self._position = 0

    def load(self) -> Known:
        uplinks = [
            Uplink(
                number=number,
                gateway_id=gateway_id,
                boot_id=boot_id,
                progress=UplinkProgress(through, missing),
            )
            for number, (gateway_id, boot_id, through, missing) in self._uplinks.items()
        ]
        return Known(uplinks, NewestTimes(self._newest_times))

    def _newest_times(self, device_ids: Collection[str]) -> list[StoredTime]:
        self.times_asked.append(set(device_ids))
        return [
            (device_id, RecordKind(kind), from_us(observed_us))
            for device_id, kind, observed_us in self._newest
            if device_id in device_ids
        ]

    def find(self, uplink: int, sequence: int) -> bytes | None:
        return next(
            (row.record for row in self.rows.values() if row[:2] == (uplink, sequence)), None
        )

    def newest_position(self) -> int:
        return self._position

    def commit(self, round_: Round) -> Committed:
        if self.fail_with is not None:
            error, self.fail_with = self.fail_with, None
            raise error
        accepted, conflicts, late = 0, 0, 0
        for uplink in round_.uplinks.values():
            self._uplinks[uplink.number] = (
                uplink.gateway_id,
                uplink.boot_id,
                uplink.progress.through,
                uplink.progress.missing,
            )
            self._heard[uplink.number] = round_.received_at
        rows = round_.rows()
        for row in rows:
            if row.sets_state:
                self._newest.append((row.device_id, row.kind, row.observed_us))
            twins = [
                kept for kept in self.rows.values() if kept[:2] == row[:2] or kept[2:5] == row[2:5]
            ]
            if not twins:
                self._position += 1
                self.rows[self._position] = row
                accepted += 1
                late += row.late
                self._newest.append((row.device_id, row.kind, row.observed_us))
            elif not all(
                same_content(decode_record(twin.record), decode_record(row.record))
                for twin in twins
            ):
                conflicts += 1
                uplink = round_.uplinks[row.uplink]
                self.letters.append(
                    dead_letter(
                        RefusalReason.CONFLICT,
                        row.record,
                        detail="conflict",
                        at=round_.received_at,
                        gateway_id=uplink.gateway_id,
                        uplink_id=(uplink.boot_id, row.sequence),
                    )
                )
        self.letters += round_.letters
        self.pictures += round_.pictures
        return Committed(
            accepted=accepted,
            late=late,
            duplicates=len(rows) - accepted - conflicts,
            conflicts=conflicts,
            letters_trimmed=0,
        )

    def trim(self, *, before: datetime, through: int, most: int) -> int:
        oldest = sorted(position for position in self.rows if position <= through)[:most]
        old = [p for p in oldest if from_us(self.rows[p].received_us) < before]
        for position in old:
            del self.rows[position]
        used = {row.uplink for row in self.rows.values()}
        for number in [n for n, heard in self._heard.items() if heard < before and n not in used]:
            del self._heard[number], self._uplinks[number]
        return len(old)

    def read(self, *, after: int, limit: int) -> Sequence[JournalEntry]:
        return [
            self._entry(position, row) for position, row in self.rows.items() if position > after
        ][:limit]

    def _entry(self, position: int, row: JournalRow) -> JournalEntry:
        gateway_id, boot_id, *_ = self._uplinks[row.uplink]
        return JournalEntry(
            position=position,
            uplink_id=UplinkId(gateway_id=gateway_id, boot_id=boot_id, sequence=row.sequence),
            received_at=from_us(row.received_us),
            late=bool(row.late),
            sets_state=bool(row.sets_state),
            record=decode_record(row.record),
        )
