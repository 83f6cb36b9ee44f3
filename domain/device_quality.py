"""How far what a device sends can be relied on: coverage, clock, refusals. Unheard is not good."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from math import ceil
from statistics import median

from domain.device_health import interval_s
from domain.devices import Device
from domain.measures import Coverage

QUALITY_WINDOW = timedelta(hours=24)
"""How far back quality looks."""

SKEW_FLAGGED = timedelta(minutes=5)
"""A clock so far off is worth a visit: at twice as much its records begin to be refused."""

_HOURS_FOR_A_CLOCK = 3
_COVERED_ENOUGH = 0.9
_SECONDS_AN_HOUR = 3_600


class DataQuality(StrEnum):
    """What a device sends, in one word. ``unknown``: it has not been observed at all."""

    GOOD = "good"
    FLAWED = "flawed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceQuality:
    """What is known of a device's records of the last day.

    ``refused`` and ``suspicious`` count records by reason; a conflict (another content under a used
    identity) is a refusal too. ``clock_ahead``: by how much the device's clock is ahead of its
    gateway's (negative: behind), None where too little was heard to say.
    """

    coverage: Coverage
    refused: Mapping[str, int] = field(default_factory=dict)
    suspicious: Mapping[str, int] = field(default_factory=dict)
    late: int = 0
    clock_ahead: timedelta | None = None

    @property
    def skewed(self) -> bool:
        """Whether the clock is off so far that somebody should set it."""
        return self.clock_ahead is not None and abs(self.clock_ahead) >= SKEW_FLAGGED

    @property
    def state(self) -> DataQuality:
        """The quality in one word. Late records are no flaw of the device: the way was cut."""
        if self.refused or self.suspicious or self.skewed:
            return DataQuality.FLAWED
        ratio = self.coverage.ratio
        if not ratio:
            return DataQuality.UNKNOWN
        return DataQuality.GOOD if ratio >= _COVERED_ENOUGH else DataQuality.FLAWED


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayQuality:
    """What is known of a gateway's sequences and refusals of the last day.

    ``gaps``: how often a sequence was overtaken; most are filled when the gateway sends again.
    ``missing``: sequences that are not here now; ``lost``: those that no longer can come.
    ``refused`` counts by reason what no registered device is known to have sent.
    """

    gaps: int = 0
    missing: int = 0
    lost: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)


def covered_hours(
    device: Device, usable_hours: Collection[int], *, since: int, until: int
) -> Coverage:
    """Return which of the hours ``since`` until before ``until`` the device has covered.

    Hours are counted from 1970 UTC; ``usable_hours`` are those with something usable. A device that
    speaks every few hours covers as many with one record, and half as long again for its jitter.
    """
    held = max(1, ceil(1.5 * interval_s(device) / _SECONDS_AN_HOUR))
    due = range(since, until)
    observed = {
        hour + later for hour in usable_hours for later in range(held) if hour + later in due
    }
    return Coverage(due=len(due), observed=len(observed))


def clock_ahead(least_offsets: Iterable[timedelta]) -> timedelta | None:
    """Return by how much a device's clock is ahead of its gateway's, or None.

    ``least_offsets`` holds for each hour the smallest difference of the gateway's time and the
    device's. The smallest is what waited least on the way; the median of the hours ignores wild
    ones, as long as most are sound.
    """
    offsets = [offset.total_seconds() for offset in least_offsets]
    if len(offsets) < _HOURS_FOR_A_CLOCK:
        return None
    return timedelta(seconds=-median(offsets))
