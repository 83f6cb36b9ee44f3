"""A stretch of the journal, as those who follow it take it: columns instead of entries.

What the judge has found out of each record is handed on beside the records, so that no follower
needs to work it out again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.records import Record
from ingest.instants import to_us
from wire.checked_records import CheckedRecord, decode_told


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Records in the order of the journal, up to the one at position ``through``.

    Readings may be as they were decoded. ``observed_us`` has the time of each, in microseconds
    since 1970 UTC.
    """

    through: int
    records: Sequence[Record | CheckedRecord]
    observed_us: Sequence[int]

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self.records)


NOTHING = Stretch(through=0, records=(), observed_us=())


def stretch_of_rows(rows: Sequence[tuple[int, bytes]]) -> Stretch:
    """Return encoded records of the journal, each behind its position, as a stretch.

    Raises :class:`wire.errors.UnreadablePayloadError` for what was not written by this program.
    """
    if not rows:
        return NOTHING
    records = decode_told([encoded for _, encoded in rows])
    return Stretch(
        through=rows[-1][0],
        records=records,
        observed_us=[to_us(record.observed_at) for record in records],
    )
