"""A journal that readers see, kept in a list."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.records import JournalEntry, Record, UplinkId
from wire.records import encode_record


class MemoryRecordFeed:
    """Fulfils ``domain.ports.record_feed.RecordFeed``; a test appends entries or records."""

    def __init__(self, entries: Iterable[JournalEntry] = ()) -> None:
        self._entries = list(entries)

    def append(self, entry: JournalEntry) -> None:
        """Add an entry; its position must be above all others."""
        assert entry.position > self.newest_position()
        self._entries.append(entry)

    def append_record(
        self,
        record: Record,
        *,
        late: bool = False,
        sets_state: bool = True,
        received_at: datetime | None = None,
        gateway_id: str = "gateway-1",
    ) -> JournalEntry:
        """Add a record at the next position, received when the gateway saw it if not told."""
        position = self.newest_position() + 1
        entry = JournalEntry(
            position=position,
            uplink_id=UplinkId(
                gateway_id=gateway_id, boot_id="00000000000000aa", sequence=position
            ),
            received_at=received_at or record.gateway_at,
            late=late,
            sets_state=sets_state,
            record=record,
        )
        self.append(entry)
        return entry

    def read(self, *, after: int, limit: int) -> Sequence[JournalEntry]:
        return [entry for entry in self._entries if entry.position > after][:limit]

    def read_encoded(self, *, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        return [
            (entry.position, encode_record(entry.record))
            for entry in self.read(after=after, limit=limit)
        ]

    def newest_position(self) -> int:
        return self._entries[-1].position if self._entries else 0
