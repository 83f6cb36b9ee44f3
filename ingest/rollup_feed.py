"""The rollups of the embedded time series as others follow them: read-only, by revision."""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domain.measures import LEVEL_STEPS
from ingest.ports.rollup_feed import DailyRollup, HourlyRollup, LevelSummary
from ingest.reading import open_when_written
from ingest.rollups import MILLIONTHS, calendar_day, hour_begins, newest_revision

_SUMMARY = "records, usable, accepted, level_sum, level_min, level_max, emptyings"
_BY_REVISION = "JOIN devices ON number = device WHERE revision > ? ORDER BY revision LIMIT ?"
_HOURLY = f"SELECT revision, device_id, hour, {_SUMMARY} FROM hourly {_BY_REVISION}"  # noqa: S608  constants only
_DAILY = f"SELECT revision, device_id, daily.* FROM daily {_BY_REVISION}"  # noqa: S608  constants only


class SqliteRollupFeed:
    """Fulfils ``ingest.ports.rollup_feed.RollupFeed`` over the series file.

    While the file does not exist yet there is nothing in it. Any thread may call; they take turns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def hourly(self, *, after: int, limit: int) -> Sequence[HourlyRollup]:
        """Return up to ``limit`` hourly rollups behind revision ``after``, by revision."""
        return [
            HourlyRollup(
                revision=revision,
                device_id=device_id,
                hour=hour_begins(hour),
                records=records,
                usable=usable,
                levels=_levels(*levels),
                emptyings=emptyings,
            )
            for revision, device_id, hour, records, usable, *levels, emptyings in self._rows(
                _HOURLY, after, limit
            )
        ]

    def daily(self, *, after: int, limit: int) -> Sequence[DailyRollup]:
        """Return up to ``limit`` daily rollups behind revision ``after``, by revision."""
        return [_daily_of(row) for row in self._rows(_DAILY, after, limit)]

    def newest_revision(self) -> int:
        """Return the newest revision given to any rollup, 0 when there is none."""
        with self._lock:
            connection = self._open()
            return 0 if connection is None else newest_revision(connection)

    def close(self) -> None:
        """Close the file; reading opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _rows(self, query: str, after: int, limit: int) -> list[Any]:
        with self._lock:
            connection = self._open()
            return (
                [] if connection is None else connection.execute(query, (after, limit)).fetchall()
            )

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None:
            self._connection = open_when_written(self._path)
        return self._connection


def _daily_of(row: Sequence[Any]) -> DailyRollup:
    revision, device_id, day, _device, _revision, records, usable, *rest = row
    *levels, emptyings, heard_hours, usable_hours = rest[:-LEVEL_STEPS]
    return DailyRollup(
        revision=revision,
        device_id=device_id,
        day=calendar_day(day),
        records=records,
        usable=usable,
        levels=_levels(*levels),
        emptyings=emptyings,
        heard_hours=heard_hours,
        usable_hours=usable_hours,
        level_hours=tuple(rest[-LEVEL_STEPS:]),
    )


def _levels(
    accepted: int, level_sum: int, level_min: int | None, level_max: int | None
) -> LevelSummary:
    return LevelSummary(
        accepted=accepted,
        level_sum=level_sum / MILLIONTHS,
        lowest=None if level_min is None else level_min / MILLIONTHS,
        highest=None if level_max is None else level_max / MILLIONTHS,
    )
