"""What was measured, added up; for people to look at, never to decide by.

Days are those of the district: midnight to midnight in Asia/Shanghai.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from domain.measures import HourlyLevel, LatestLevel, LevelHours


class Measures(Protocol):
    """Reads the rollups of the time series, by device; ``domain.measures`` groups them.

    Every method may raise ``domain.ports.history.TimeSeriesAwayError``.
    """

    def latest_levels(self) -> Mapping[str, LatestLevel]:
        """Return the newest reading of each fill sensor that has ever spoken."""
        ...

    def hourly_levels(
        self, device_ids: Collection[str], *, since: datetime, until: datetime
    ) -> Sequence[HourlyLevel]:
        """Return the hours that begin from ``since`` until before ``until``, by time.

        The devices are taken together; hours without an accepted level are left out.
        """
        ...

    def level_hours(self, percent: int, *, since: date, until: date) -> Mapping[str, LevelHours]:
        """Return the hours at or above a level by sensor, ``until`` exclusive.

        Sensors that measured nothing are left out. Raises ``InvalidValueError`` for a level that
        is not one of 0, 5, 10 ... 100 percent.
        """
        ...

    def usable_hours(self, *, since: date, until: date) -> Mapping[str, int]:
        """Return in how many hours each device said something usable, ``until`` exclusive.

        Usable: an accepted reading with a level, a snapshot of a camera in order. Devices that
        were never heard of are left out.
        """
        ...
