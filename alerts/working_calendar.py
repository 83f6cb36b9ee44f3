"""Working hours: when the clock of a time limit runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LONGEST_REST_DAYS = 370
"""A calendar without a working day in a year is a slip, not a calendar."""


class NoWorkingTimeError(ValueError):
    """The calendar has no working time left within a year of the given instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """Working hours of every day, from ``opens`` to ``closes`` in the district's own time.

    ``free_weekdays`` counts from Monday = 0; ``free_days`` are dates without work.
    """

    opens: time = time(6)
    closes: time = time(20)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    free_weekdays: frozenset[int] = frozenset()
    free_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.opens < self.closes:
            msg = f"working hours end ({self.closes}) before they begin ({self.opens})"
            raise ValueError(msg)

    def after(self, start: datetime, working: timedelta) -> datetime:
        """Return when ``working`` time has passed since ``start``, in UTC.

        Raises :class:`NoWorkingTimeError` when the calendar has too little of it.
        """
        left = working
        for begin, end in self._shifts(start):
            from_here = max(begin, start)
            if end - from_here >= left:
                return from_here + left
            left -= max(end - from_here, timedelta())
        msg = f"no {working} of working time within a year of {start.isoformat()}"
        raise NoWorkingTimeError(msg)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from ``start`` to ``end``; zero when ``end`` is not later."""
        total = timedelta()
        for begin, close in self._shifts(start):
            if begin >= end:
                break
            total += max(min(close, end) - max(begin, start), timedelta())
        return total

    def _shifts(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the shifts that end after ``start``, in UTC, for a year."""
        first = start.astimezone(self.zone).date()
        for days in range(_LONGEST_REST_DAYS):
            day = first + timedelta(days=days)
            if day.weekday() in self.free_weekdays or day in self.free_days:
                continue
            close = datetime.combine(day, self.closes, self.zone).astimezone(UTC)
            if close > start:
                yield datetime.combine(day, self.opens, self.zone).astimezone(UTC), close
