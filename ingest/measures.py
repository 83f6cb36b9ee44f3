"""The embedded time series added up, as other processes read it: read-only, from the rollups."""

import sqlite3
import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from domain.measures import HourlyLevel, LatestLevel, LevelHours, level_step
from domain.records import RecordKind
from ingest.instants import from_us, to_us
from ingest.kept_readings import QUALITIES
from ingest.reading import open_when_written
from ingest.rollups import HOUR_US, LEVEL_COLUMNS, MILLIONTHS, day_number, hour_begins

_LATEST = (
    "SELECT device_id, observed_us, quality, filling_level FROM latest"
    " JOIN devices ON number = device WHERE kind = ?"
)
# Each hour by itself is a step into the key, where a range would be a walk over all devices.
_HOURLY = (
    "WITH RECURSIVE hours (one) AS (SELECT ? UNION ALL SELECT one + 1 FROM hours WHERE one + 1 < ?)"
    " SELECT one, sum(accepted), sum(level_sum), min(level_min), max(level_max)"
    " FROM hours CROSS JOIN hourly ON hour = one AND device IN ({devices})"
    " WHERE accepted > 0 GROUP BY one ORDER BY one"
)
# Asked for together, min and max would be a walk over the whole table.
_BOUNDS = "SELECT (SELECT min(hour) FROM hourly), (SELECT max(hour) FROM hourly)"
_DAYS = "FROM daily WHERE day >= ? AND day < ?"
_LEVEL_HOURS = "SELECT device, total({above}), sum(usable_hours) {days} AND accepted > 0 GROUP BY 1"
_USABLE_HOURS = f"SELECT device, sum(usable_hours) {_DAYS} GROUP BY device"


class SqliteMeasures:
    """Fulfils ``domain.ports.measures.Measures`` over ingest's series file.

    While the file does not exist yet it has nothing to tell. Any thread may call; they take turns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def latest_levels(self) -> Mapping[str, LatestLevel]:
        """Return the newest reading of each fill sensor that has ever spoken."""
        return {
            device_id: LatestLevel(
                observed_at=from_us(observed_us),
                measurement_quality=QUALITIES[quality],
                filling_level=level,
            )
            for device_id, observed_us, quality, level in self._rows(
                _LATEST, (RecordKind.FILL.value,)
            )
        }

    def hourly_levels(
        self, device_ids: Collection[str], *, since: datetime, until: datetime
    ) -> Sequence[HourlyLevel]:
        """Return the hours that begin from ``since`` until before ``until``, by time."""
        first, end = -(-to_us(since) // HOUR_US), -(-to_us(until) // HOUR_US)
        numbers = self._numbers(device_ids)
        for oldest, newest in self._rows(_BOUNDS, ()):
            if oldest is not None:
                first, end = max(first, oldest), min(end, newest + 1)
        if first >= end or not numbers:
            return []
        return [
            HourlyLevel(
                hour=hour_begins(hour),
                accepted=accepted,
                mean=level_sum / accepted / MILLIONTHS,
                lowest=lowest / MILLIONTHS,
                highest=highest / MILLIONTHS,
            )
            for hour, accepted, level_sum, lowest, highest in self._rows(
                _HOURLY.format(devices=", ".join(map(str, numbers))), (first, end)
            )
        ]

    def level_hours(self, percent: int, *, since: date, until: date) -> Mapping[str, LevelHours]:
        """Return the hours at or above a level by sensor, ``until`` exclusive."""
        above = " + ".join(LEVEL_COLUMNS[level_step(percent) :])
        query = _LEVEL_HOURS.format(above=above, days=_DAYS)
        return {
            device_id: LevelHours(above=hours, measured=measured)
            for device_id, hours, measured in self._by_device(query, since, until)
        }

    def usable_hours(self, *, since: date, until: date) -> Mapping[str, int]:
        """Return in how many hours each device said something usable, ``until`` exclusive."""
        return dict(self._by_device(_USABLE_HOURS, since, until))

    def close(self) -> None:
        """Close the file; asking opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _by_device(self, query: str, since: date, until: date) -> list[Any]:
        names = dict(self._rows("SELECT number, device_id FROM devices", ()))
        rows = self._rows(query, (day_number(since), day_number(until)))
        return [(names[number], *values) for number, *values in rows if number in names]

    def _numbers(self, device_ids: Collection[str]) -> list[int]:
        marks = ", ".join("?" * len(device_ids))
        query = f"SELECT number FROM devices WHERE device_id IN ({marks})"  # noqa: S608  marks only
        return [number for (number,) in self._rows(query, tuple(device_ids))]

    def _rows(self, query: str, parameters: tuple[object, ...]) -> list[Any]:
        with self._lock:
            if self._connection is None:
                self._connection = open_when_written(self._path)
            if self._connection is None:
                return []
            return self._connection.execute(query, parameters).fetchall()
