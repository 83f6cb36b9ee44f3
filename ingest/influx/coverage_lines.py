"""Coverage by day, unit and subdistrict as points, told once an hour of business time.

A worker of ingest tells that of the devices in its own shards, each shard in points of its own: so
several workers' points are added up, and a shard's points stay its own whoever holds it.

A day is told while it lasts and once more after it; an older one again when something of it has
come late. After a start the days whose readings are kept are all told: nothing was watched between.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import dropwhile

from domain.devices import Device
from domain.measures import Coverage, hours_observed
from domain.ports.clock import Clock
from domain.ports.measures import Measures
from domain.ports.registry import Registry
from domain.registry import RegistrySnapshot
from ingest.influx.lines import line
from ingest.influx.rollup_lines import DISTRICT, day_begins
from ingest.influx.source import Lines, Page
from ingest.instants import to_us
from ingest.ports.rollup_feed import RollupFeed
from wire.topics import shard_of

COVERAGE = "coverage"

_AN_HOUR = timedelta(hours=1)
_HOURS_A_DAY = 24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROLLUPS_AT_ONCE = 5_000

Tags = tuple[tuple[str, str], ...]


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
        shards: Collection[int],
    ) -> None:
        self._rollups = rollups
        self._measures = measures
        self._registry = registry
        self._clock = clock
        self._kept_days = kept_days
        self._shards = frozenset(shards)
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
            told
            for day, hours in usable.items()
            for told in self._lines(day, hours, until, registry)
        ]
        if usable:
            self._revision = revision
        return Page(entries=1, through=newest, told=Lines.of(lines))

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
        self,
        day: date,
        usable_hours: Mapping[str, int],
        until: datetime,
        registry: RegistrySnapshot,
    ) -> list[bytes]:
        begins = day_begins(day)
        hours_due = min(_HOURS_A_DAY, (until - begins) // _AN_HOUR)
        if not hours_due:
            return []
        return [
            line(COVERAGE, dict(tags), _fields(coverage), to_us(begins) * 1000)
            for tags, coverage in self._added_up(usable_hours, registry, hours_due).items()
        ]

    def _added_up(
        self, usable_hours: Mapping[str, int], registry: RegistrySnapshot, hours_due: int
    ) -> dict[Tags, Coverage]:
        due: defaultdict[Tags, int] = defaultdict(int)
        observed: defaultdict[Tags, int] = defaultdict(int)
        devices: list[Device] = [*registry.sensors.values(), *registry.cameras.values()]
        for device in devices:
            shard = shard_of(device.gateway_id)
            if shard not in self._shards:
                continue
            place = registry.places[device.place_id]
            tags = (
                ("shard", f"shard-{shard:02d}"),
                ("subdistrict_id", place.subdistrict_id),
                ("unit_id", place.unit_id),
            )
            usable = usable_hours.get(device.device_id, 0)
            due[tags] += hours_due
            observed[tags] += hours_observed(device, usable, hours_due=hours_due)
        return {tags: Coverage(due=due[tags], observed=observed[tags]) for tags in due}


def _fields(coverage: Coverage) -> dict[str, float | str | None]:
    return {"due": coverage.due, "observed": coverage.observed}
