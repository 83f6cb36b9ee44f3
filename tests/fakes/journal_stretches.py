"""Journal entries as the stretch of the journal that a follower would take."""

from collections.abc import Sequence

from domain.records import JournalEntry
from ingest.instants import to_us
from ingest.stretch import NOTHING, Stretch


def stretch_of(entries: Sequence[JournalEntry]) -> Stretch:
    """Return the stretch that these entries make."""
    if not entries:
        return NOTHING
    return Stretch(
        through=entries[-1].position,
        records=[entry.record for entry in entries],
        observed_us=[to_us(entry.record.observed_at) for entry in entries],
    )
