"""Coverage by unit and day as points, told once an hour of business time.

A day is told while it lasts and once more after it; an older one again when something of it has
come late. After a start the days whose readings are kept are all told: nothing was watched between.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import dropwhile

from domain.measures import Coverage, coverage_by_unit
from domain.ports.clock import Clock
from domain.ports.measures import Measures
from domain.ports.registry import Registry
from domain.registry import RegistrySnapshot
from ingest.influx.lines import line
from ingest.influx.rollup_lines import DISTRICT, day_begins
from ingest.influx.source import Lines, Page
from ingest.instants import to_us
from ingest.ports.rollup_feed import RollupFeed

COVERAGE = "coverage"

_AN_HOUR = timedelta(hours=1)
_HOURS_A_DAY = 24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROLLUPS_AT_ONCE = 5_000


class CoverageLines:
    """Fulfils ``ingest.influx.source.LineSource``; a position is a number of hours since 1970."""

    def __init__(
        self,
        *,
        rollups: RollupFeed,
        measures: Measures,
        registry: Registry,
        clock: Clock,
        kept_days: int,
    ) -> None:
        self._rollups = rollups
        self._measures = measures
        self._registry = registry
        self._clock = clock
        self._kept_days = kept_days
        self._revision: int | None = None

    def read(self, *, after: int, limit: int) -> Page | None:  # noqa: ARG002  it is one moment
        """Return the coverage as it is at the newest full hour; None when that was told."""
        newest = self.newest_position()
        if newest <= after:
            return None
        until = _EPOCH + newest * _AN_HOUR
        today = until.astimezone(DISTRICT).date()
        revision = self._rollups.newest_revision()
        days = self._days_touched(today) | {today - timedelta(days=1), today}
        usable = {day: self._usable_hours(day) for day in sorted(days)}
        if self._revision is None:
            # Before the first record there was nothing that could have been observed.
            usable = dict(dropwhile(lambda one: not one[1], usable.items()))
        registry = self._registry.current()
        lines = [
            told for day, hours in usable.items() for told in _lines(day, hours, until, registry)
        ]
        if usable:
            self._revision = revision
        return Page(entries=1, through=newest, told=Lines(lines=lines))

    def newest_position(self) -> int:
        """Return the number of the newest full hour."""
        return to_us(self._clock.now()) // (3_600 * 1_000_000)

    def _days_touched(self, today: date) -> set[date]:
        """Return the days that have changed since the last time, all that are kept the first."""
        oldest = today - timedelta(days=self._kept_days)
        if self._revision is None:
            return {oldest + timedelta(days=n) for n in range(self._kept_days)}
        days: set[date] = set()
        after = self._revision
        while page := self._rollups.daily(after=after, limit=_ROLLUPS_AT_ONCE):
            days |= {rollup.day for rollup in page}
            after = page[-1].revision
        return {day for day in days if oldest <= day <= today}

    def _usable_hours(self, day: date) -> Mapping[str, int]:
        return self._measures.usable_hours(since=day, until=day + timedelta(days=1))


def _lines(
    day: date, usable_hours: Mapping[str, int], until: datetime, registry: RegistrySnapshot
) -> list[bytes]:
    begins = day_begins(day)
    hours_due = min(_HOURS_A_DAY, (until - begins) // _AN_HOUR)
    by_unit = coverage_by_unit(usable_hours, registry, hours_due=hours_due)
    return [
        line(COVERAGE, {"unit_id": unit_id}, _fields(coverage), to_us(begins) * 1000)
        for unit_id, coverage in by_unit.items()
        if coverage.due
    ]


def _fields(coverage: Coverage) -> dict[str, float | str | None]:
    return {"due": coverage.due, "observed": coverage.observed, "ratio": coverage.ratio}
