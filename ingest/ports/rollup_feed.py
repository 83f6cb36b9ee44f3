"""The hourly and daily rollups as their readers see them: by the order in which they changed.

Whoever posts rollups elsewhere keeps two cursors, revisions. A rollup that changes again, because
a reading came late, gets a new revision and comes again; posting it again must be harmless.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSummary:
    """Accepted levels (ratios) added up. ``lowest`` and ``highest`` are None where none was.

    Levels are added as whole millionths, so the sum does not depend on the order of arrival.
    """

    accepted: int
    level_sum: float
    lowest: float | None
    highest: float | None

    @property
    def mean(self) -> float | None:
        """The mean level, None without an accepted reading."""
        return self.level_sum / self.accepted if self.accepted else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyRollup:
    """What one device told in the hour from ``hour`` (UTC).

    ``records`` counts readings or snapshots heard; ``usable`` those that say something: accepted
    readings with a level, snapshots of a camera in order.
    """

    revision: int
    device_id: str
    hour: datetime
    records: int
    usable: int
    levels: LevelSummary
    emptyings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyRollup:
    """What one device told in a day of the district (midnight to midnight in Asia/Shanghai).

    ``heard_hours`` and ``usable_hours`` count the hours with at least one (usable) record;
    ``level_hours`` says for each step of 5 % how many hours the level was in it: the shares of the
    hour's accepted readings, summed over the hours.
    """

    revision: int
    device_id: str
    day: date
    records: int
    usable: int
    levels: LevelSummary
    emptyings: int
    heard_hours: int
    usable_hours: int
    level_hours: tuple[float, ...]


class RollupFeed(Protocol):
    """Reads rollups by revision; each reader keeps its own cursors."""

    def hourly(self, *, after: int, limit: int) -> Sequence[HourlyRollup]:
        """Return up to ``limit`` hourly rollups behind revision ``after``, by revision."""
        ...

    def daily(self, *, after: int, limit: int) -> Sequence[DailyRollup]:
        """Return up to ``limit`` daily rollups behind revision ``after``, by revision."""
        ...

    def newest_revision(self) -> int:
        """Return the newest revision given to any rollup, 0 when there is none.

        A cursor above it belongs to another file: begin again at 0.
        """
        ...
