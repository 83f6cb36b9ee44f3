"""What was measured, asked by place and time; for people to look at, never to decide by."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.records import FillReading, Record, RecordKind


class TimeSeriesAwayError(Exception):
    """The time series cannot be asked now; the text says which and why. Try again later."""


class History(Protocol):
    """Reads the time series. Every method may raise :class:`TimeSeriesAwayError`."""

    def latest(self, kind: RecordKind) -> Mapping[str, Record]:
        """Return the newest record of that kind by device id."""
        ...

    def fill(
        self, device_id: str, *, since: datetime, until: datetime
    ) -> Sequence[tuple[datetime, FillReading]]:
        """Return the readings of a fill sensor from ``since`` (inclusive) to ``until``, by time."""
        ...

    def emptyings(self, device_id: str, *, since: datetime, until: datetime) -> Sequence[Record]:
        """Return the emptyings seen by a fill sensor, by time."""
        ...

    def verdicts(self, device_id: str, *, since: datetime, until: datetime) -> Sequence[Record]:
        """Return the verdict records of a camera, by time."""
        ...
