"""The three buckets and how long each keeps its points."""

from dataclasses import dataclass

_DAY_S = 24 * 60 * 60

RAW_KEPT_S = 90 * _DAY_S
ROLLUPS_KEPT_S = 5 * 366 * _DAY_S
"""Inspections look back five years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketNames:
    """What the buckets are called on this server."""

    raw: str = "huanwei-raw"
    hourly: str = "huanwei-hourly"
    daily: str = "huanwei-daily"

    def kept_s(self) -> dict[str, int]:
        """Return the retention of each bucket in seconds, by name."""
        return {self.raw: RAW_KEPT_S, self.hourly: ROLLUPS_KEPT_S, self.daily: ROLLUPS_KEPT_S}
