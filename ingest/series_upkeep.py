"""What the series does for itself beside taking records: sealing, forgetting, giving room back."""

from domain.ports.clock import Clock
from ingest.instants import to_us
from ingest.kept_days import KeptDays
from ingest.rollups import day_of_us
from ingest.series import SqliteSeries

_PAUSE_S = 60.0


class SeriesUpkeep:
    """Called again and again by the thread that writes the series, does one small step at a time.

    While there is more to do each call works; after that it rests for a minute of the technical
    clock. No step takes longer than sealing one day does.
    """

    def __init__(self, *, series: SqliteSeries, clock: Clock, days: KeptDays) -> None:
        self._series = series
        self._clock = clock
        self._days = days
        self._next_at_s = clock.monotonic_s() + _PAUSE_S

    def step(self) -> bool:
        """Do what is due, one step of it; return whether there may be more to do at once."""
        if self._clock.monotonic_s() < self._next_at_s:
            return False
        today = day_of_us(to_us(self._clock.now()))
        if (
            self._series.seal_next() is not None
            or self._series.forget(
                readings_before=today - self._days.readings,
                rollups_before=today - self._days.rollups,
            )
            or self._series.give_room_back()
        ):
            return True
        self._series.settle()
        self._next_at_s = self._clock.monotonic_s() + _PAUSE_S
        return False
