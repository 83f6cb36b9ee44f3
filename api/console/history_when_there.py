"""The time series as the console reads it: while it is away pages go on without readings.

A district's cases lie in PostgreSQL and its readings in InfluxDB. A dispatcher must not lose the
cases because the readings are away; places then stand as unknown, and pages are marked as stale.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import structlog

from domain.ports.clock import Clock
from domain.ports.history import History, TimeSeriesAwayError
from domain.records import FillReading, Record, RecordKind

_LOG = structlog.get_logger()
_Found = TypeVar("_Found")

NOT_ASKED_AGAIN_FOR_S = 5.0
"""A server that hangs costs its whole time-out each time it is asked."""


class HistoryWhenThere:
    """Fulfils ``domain.ports.history.History`` over another; tells nothing while that is away."""

    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock
        self._asked_again_at_s: float | None = None

    @property
    def away(self) -> bool:
        """Whether the last answer was that it is away."""
        return self._asked_again_at_s is not None

    def latest(self, kind: RecordKind) -> Mapping[str, Record]:
        """Return the newest record of that kind by device id."""
        return self._told(lambda: self._history.latest(kind), {})

    def fill(
        self, device_id: str, *, since: datetime, until: datetime
    ) -> Sequence[tuple[datetime, FillReading]]:
        """Return the readings of a fill sensor, by time."""
        return self._told(lambda: self._history.fill(device_id, since=since, until=until), ())

    def emptyings(self, device_id: str, *, since: datetime, until: datetime) -> Sequence[Record]:
        """Return the emptyings seen by a fill sensor, by time."""
        return self._told(lambda: self._history.emptyings(device_id, since=since, until=until), ())

    def verdicts(self, device_id: str, *, since: datetime, until: datetime) -> Sequence[Record]:
        """Return the verdict records of a camera, by time."""
        return self._told(lambda: self._history.verdicts(device_id, since=since, until=until), ())

    def _told(self, ask: Callable[[], _Found], nothing: _Found) -> _Found:
        again_at_s = self._asked_again_at_s
        if again_at_s is not None and self._clock.monotonic_s() < again_at_s:
            return nothing
        try:
            found = ask()
        except TimeSeriesAwayError as error:
            if again_at_s is None:
                _LOG.error("time_series_away", error=str(error))
            self._asked_again_at_s = self._clock.monotonic_s() + NOT_ASKED_AGAIN_FOR_S
            return nothing
        if again_at_s is not None:
            _LOG.info("time_series_answers_again")
            self._asked_again_at_s = None
        return found
