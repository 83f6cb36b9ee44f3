"""The rollups in InfluxDB added up: the same answers as the embedded store's."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from domain.checks import ID_PATTERN
from domain.measures import HourlyLevel, LatestLevel, LevelHours, level_step
from ingest.influx.buckets import BucketNames
from ingest.influx.flux import points_of_all, points_of_devices
from ingest.influx.history import InfluxHistory
from ingest.influx.rollup_lines import DAILY, HOURLY, LEVEL_FIELDS, day_begins
from ingest.influx.server import FluxServer

_MILLIONTHS = 1_000_000


class InfluxMeasures:
    """Fulfils ``domain.ports.measures.Measures`` over the three buckets.

    Every method raises :class:`ingest.influx.server.InfluxError` while the server does not answer.
    """

    def __init__(self, server: FluxServer, buckets: BucketNames) -> None:
        self._server = server
        self._buckets = buckets
        self._history = InfluxHistory(server, bucket=buckets.raw)

    def latest_levels(self) -> Mapping[str, LatestLevel]:
        """Return the newest reading of each fill sensor that has ever spoken."""
        return self._history.latest_levels()

    def hourly_levels(
        self, device_ids: Collection[str], *, since: datetime, until: datetime
    ) -> Sequence[HourlyLevel]:
        """Return the hours that begin from ``since`` until before ``until``, by time."""
        known = [device_id for device_id in device_ids if ID_PATTERN.fullmatch(device_id)]
        if not known or since >= until:
            return []
        by_hour: dict[datetime, list[Mapping[str, Any]]] = defaultdict(list)
        flux = points_of_devices(self._buckets.hourly, HOURLY, known, since=since, until=until)
        for row in self._server.rows(flux):
            if row["accepted"] > 0:
                by_hour[row["_time"]].append(row)
        return [_hour(hour, by_hour[hour]) for hour in sorted(by_hour)]

    def level_hours(self, percent: int, *, since: date, until: date) -> Mapping[str, LevelHours]:
        """Return the hours at or above a level by sensor, ``until`` exclusive."""
        fields = LEVEL_FIELDS[level_step(percent) :]
        above: dict[str, float] = defaultdict(float)
        measured: dict[str, int] = defaultdict(int)
        for row in self._days(since, until):
            if row["accepted"] > 0:
                above[row["device_id"]] += sum(row[field] for field in fields)
                measured[row["device_id"]] += int(row["usable_hours"])
        return {
            device_id: LevelHours(above=hours, measured=measured[device_id])
            for device_id, hours in above.items()
        }

    def usable_hours(self, *, since: date, until: date) -> Mapping[str, int]:
        """Return in how many hours each device said something usable, ``until`` exclusive."""
        hours: dict[str, int] = defaultdict(int)
        for row in self._days(since, until):
            hours[row["device_id"]] += int(row["usable_hours"])
        return dict(hours)

    def _days(self, since: date, until: date) -> list[Mapping[str, Any]]:
        if since >= until:
            return []
        begins, ends = day_begins(since), day_begins(until)
        flux = points_of_all(self._buckets.daily, DAILY, since=begins, until=ends)
        return list(self._server.rows(flux))


def _hour(hour: datetime, rows: Sequence[Mapping[str, Any]]) -> HourlyLevel:
    # Sums are whole millionths, so devices can be added in any order.
    accepted = int(sum(row["accepted"] for row in rows))
    level_sum = sum(round(row["level_sum"] * _MILLIONTHS) for row in rows)
    return HourlyLevel(
        hour=hour.astimezone(UTC),
        accepted=accepted,
        mean=level_sum / accepted / _MILLIONTHS,
        lowest=min(row["level_min"] for row in rows),
        highest=max(row["level_max"] for row in rows),
    )
