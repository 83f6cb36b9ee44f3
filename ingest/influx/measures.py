"""The rollups in InfluxDB added up: the same answers as the embedded store's."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.checks import ID_PATTERN
from domain.measures import (
    LEVEL_STEPS,
    NO_HOURS,
    HourlyLevel,
    LatestLevel,
    LevelHours,
    level_step,
)
from ingest.influx.buckets import BucketNames
from ingest.influx.flux import points_of_devices, sum_by_device, sums_by_device
from ingest.influx.history import InfluxHistory, whole
from ingest.influx.rollup_lines import DAILY, HOURLY, LEVEL_FIELDS, day_begins
from ingest.influx.server import FluxServer

_ACCEPTED, _USABLE, _USABLE_HOURS = "accepted", "usable", "usable_hours"
_OF_AN_HOUR = (_ACCEPTED, "level_sum", "level_min", "level_max")
_MILLIONTHS = 1_000_000

_MOST_IDS = 100
"""Flux refuses a filter that names a thousand."""

_DECIMALS = 9
"""What floating sums of thousands of hours leave behind is no hour."""

_MOST_AT_ONCE = timedelta(days=92)
"""Of 2,000 devices a quarter is added up in a second or two (docs/influxdb.md)."""


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
        flux = points_of_devices(
            self._buckets.hourly, HOURLY, known, since=since, until=until, fields=_OF_AN_HOUR
        )
        for row in whole(self._server.rows(flux), _OF_AN_HOUR):
            if row[_ACCEPTED] > 0:
                by_hour[row["_time"]].append(row)
        return [_hour(hour, by_hour[hour]) for hour in sorted(by_hour)]

    def level_hours(self, percent: int, *, since: date, until: date) -> Mapping[str, LevelHours]:
        """Return the hours at or above a level by sensor, ``until`` exclusive."""
        step = level_step(percent)
        found: dict[str, LevelHours] = {}
        for begins, ends in _parts(since, until):
            for device_id, hours in self._level_hours(step, begins, ends).items():
                found[device_id] = found.get(device_id, NO_HOURS) + hours
        return found

    def usable_hours(self, *, since: date, until: date) -> Mapping[str, int]:
        """Return in how many hours each device said something usable, ``until`` exclusive."""
        found: dict[str, int] = {}
        for begins, ends in _parts(since, until):
            for device_id, hours in self._sum([_USABLE_HOURS], begins, ends).items():
                found[device_id] = found.get(device_id, 0) + int(hours)
        return found

    def _level_hours(self, step: int, since: datetime, until: datetime) -> dict[str, LevelHours]:
        """Return the hours from a step on. Days without an accepted reading must not count.

        A sensor has no usable hours on such days, and a camera has no accepted readings at all, so
        sums tell it. Whoever was both, under one id, has its days looked at one by one.
        """
        measured: dict[str, int] = {}
        both: list[str] = []
        for device_id, sums in self._counts(since, until).items():
            if not sums[_ACCEPTED] or not sums[_USABLE_HOURS]:
                continue
            if sums[_ACCEPTED] == sums[_USABLE]:
                measured[device_id] = int(sums[_USABLE_HOURS])
            else:
                both.append(device_id)
        found = self._by_day(both, step, since, until) if both else {}
        if measured:
            above = self._above(step, measured, since, until)
            found |= {
                device_id: LevelHours(above=above[device_id], measured=hours)
                for device_id, hours in measured.items()
            }
        return found

    def _counts(self, since: datetime, until: datetime) -> Mapping[str, Mapping[str, float]]:
        counts: dict[str, dict[str, float]] = {}
        fields = (_ACCEPTED, _USABLE, _USABLE_HOURS)
        flux = sums_by_device(self._buckets.daily, DAILY, fields, since=since, until=until)
        for row in self._server.rows(flux):
            counts.setdefault(row["device_id"], dict.fromkeys(fields, 0.0))
            counts[row["device_id"]][row["_field"]] = row["_value"]
        return counts

    def _above(
        self, step: int, measured: Mapping[str, int], since: datetime, until: datetime
    ) -> Mapping[str, float]:
        """Return the hours from a step on of sensors alone, asked for by the fewer fields.

        A field of a year takes the server about half a second, and the steps of an hour add up to
        one: what is not below is above.
        """
        if step > LEVEL_STEPS // 2:
            hours = self._sum(LEVEL_FIELDS[step:], since, until)
            return {device_id: hours.get(device_id, 0.0) for device_id in measured}
        below = self._sum(LEVEL_FIELDS[:step], since, until) if step else {}
        return {
            device_id: max(0.0, round(hours - below.get(device_id, 0.0), _DECIMALS))
            for device_id, hours in measured.items()
        }

    def _sum(self, fields: Sequence[str], since: datetime, until: datetime) -> Mapping[str, float]:
        flux = sum_by_device(self._buckets.daily, DAILY, fields, since=since, until=until)
        return {row["device_id"]: row["_value"] for row in self._server.rows(flux)}

    def _by_day(
        self, device_ids: Sequence[str], step: int, since: datetime, until: datetime
    ) -> dict[str, LevelHours]:
        found: dict[str, LevelHours] = {}
        steps = LEVEL_FIELDS[step:]
        fields = (_ACCEPTED, _USABLE_HOURS, *steps)
        for first in range(0, len(device_ids), _MOST_IDS):
            some = device_ids[first : first + _MOST_IDS]
            flux = points_of_devices(
                self._buckets.daily, DAILY, some, since=since, until=until, fields=fields
            )
            for row in whole(self._server.rows(flux), fields):
                if row[_ACCEPTED] > 0:
                    above, measured = sum(row[name] for name in steps), int(row[_USABLE_HOURS])
                    day = LevelHours(above=above, measured=measured)
                    found[row["device_id"]] = found.get(row["device_id"], NO_HOURS) + day
        return found


def _parts(since: date, until: date) -> Iterator[tuple[datetime, datetime]]:
    """Yield the time in parts that a server can add up within a request's time."""
    while since < until:
        ends = min(until, since + _MOST_AT_ONCE)
        yield day_begins(since), day_begins(ends)
        since = ends


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
