"""The time series as ingest writes it. The seam for rollups and for InfluxDB."""

from typing import Protocol

from ingest.stretch import Stretch


class TimeSeries(Protocol):
    """Takes the journal's entries in order and remembers how far it has come."""

    def cursor(self) -> int:
        """Return the position of the last entry that is in the series for good."""
        ...

    def append(self, stretch: Stretch) -> None:
        """Add what lies behind the cursor, and move it; repeating it changes nothing.

        An empty stretch says that nothing more waits, and moves nothing.
        """
        ...

    def start_over(self) -> None:
        """Move the cursor before the first entry; what is there stays."""
        ...
