"""Hourly and daily rollups as points: every touched hour is posted again, over its old point.

So what comes late after an outage is counted, which a task on the server that looks at an hour once
would miss. A point's time is the beginning of its hour or of its day in the district.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone

from domain.measures import LEVEL_STEP_PERCENT, LEVEL_STEPS
from domain.ports.registry import Registry
from domain.registry import RegistrySnapshot
from ingest.influx.lines import line
from ingest.influx.refusals import PointRefusal, RefusedPoint
from ingest.influx.source import Lines, LineSource, Page
from ingest.instants import to_us
from ingest.ports.rollup_feed import DailyRollup, HourlyRollup, RollupFeed

HOURLY, DAILY = "hourly", "daily"
LEVEL_FIELDS = tuple(f"hours_from_{step * LEVEL_STEP_PERCENT:03d}" for step in range(LEVEL_STEPS))
"""Hours spent in each step of 5 %; the last holds 100 % and all above."""

DISTRICT = timezone(timedelta(hours=8))
"""Asia/Shanghai is UTC+8 all year."""

Rollup = HourlyRollup | DailyRollup
Fields = dict[str, float | str | None]


def hourly_lines(feed: RollupFeed, registry: Registry) -> LineSource:
    """Return the hourly rollups as lines, by revision."""
    return _RollupLines(feed, registry, feed.hourly)


def daily_lines(feed: RollupFeed, registry: Registry) -> LineSource:
    """Return the daily rollups as lines, by revision."""
    return _RollupLines(feed, registry, feed.daily)


def day_begins(day: date) -> datetime:
    """Return the beginning of a day of the district, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=DISTRICT).astimezone(UTC)


class _RollupLines:
    def __init__(
        self,
        feed: RollupFeed,
        registry: Registry,
        read: Callable[..., Sequence[Rollup]],
    ) -> None:
        self._feed = feed
        self._registry = registry
        self._read = read

    def read(self, *, after: int, limit: int) -> Page | None:
        rollups = self._read(after=after, limit=limit)
        if not rollups:
            return None
        told = lines_of_rollups(rollups, self._registry.current())
        return Page(entries=len(rollups), through=rollups[-1].revision, told=told)

    def newest_position(self) -> int:
        return self._feed.newest_revision()


def lines_of_rollups(rollups: Sequence[Rollup], registry: RegistrySnapshot) -> Lines:
    """Return the points of rollups."""
    lines: list[bytes] = []
    refused: list[RefusedPoint] = []
    for rollup in rollups:
        measurement, begins, fields = _told(rollup)
        device = registry.device(rollup.device_id)
        if device is None:
            # The same words each time it changes, so that it counts in one dead letter.
            content = f"{measurement} {rollup.device_id} {begins.isoformat()}".encode()
            reason, detail = PointRefusal.UNKNOWN_DEVICE, rollup.device_id
            refused.append(RefusedPoint(reason=reason, detail=detail, content=content))
            continue
        tags = {"device_id": device.device_id, "place_id": device.place_id}
        lines.append(line(measurement, tags, fields, to_us(begins) * 1000))
    return Lines.of(lines, refused)


def _told(rollup: Rollup) -> tuple[str, datetime, Fields]:
    levels = rollup.levels
    fields: Fields = {
        "accepted": levels.accepted,
        "emptyings": rollup.emptyings,
        "level_max": levels.highest,
        "level_mean": levels.mean,
        "level_min": levels.lowest,
        "level_sum": levels.level_sum,
        "records": rollup.records,
        "usable": rollup.usable,
    }
    if isinstance(rollup, HourlyRollup):
        return HOURLY, rollup.hour, fields
    fields |= {"heard_hours": rollup.heard_hours, "usable_hours": rollup.usable_hours}
    fields |= dict(zip(LEVEL_FIELDS, rollup.level_hours, strict=True))
    return DAILY, day_begins(rollup.day), fields
