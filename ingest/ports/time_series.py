"""The time series as ingest writes it. The seam for rollups and for InfluxDB."""

from collections.abc import Sequence
from typing import Protocol

from domain.records import Record
from wire.checked_records import CheckedRecord


class SeriesEntry(Protocol):
    """What the series needs of a journal entry."""

    @property
    def position(self) -> int:
        """Where it lies in the journal."""
        ...

    @property
    def record(self) -> Record | CheckedRecord:
        """What was observed; readings may be as they were decoded."""
        ...


class TimeSeries(Protocol):
    """Takes the journal's entries in order and remembers how far it has come."""

    def cursor(self) -> int:
        """Return the position of the last entry that is in the series for good."""
        ...

    def append(self, entries: Sequence[SeriesEntry]) -> None:
        """Add entries behind the cursor, and move it; repeating entries changes nothing."""
        ...

    def start_over(self) -> None:
        """Move the cursor before the first entry; what is there stays."""
        ...
