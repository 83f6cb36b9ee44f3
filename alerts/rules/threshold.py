"""Fill level against limits, with a deadband and a count, so that a level at the edge is quiet."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from alerts.limits import AlertRules


class FillBand(IntEnum):
    """How full a container counts as; the order is the order of badness."""

    NORMAL = 0
    WARNING = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FillWatch:
    """What is known of one sensor's level.

    ``pending`` is the mildest band that all of the last ``count`` readings ask for, on the same
    side of ``band``; ``level`` and ``observed_at`` are those of the newest accepted reading.
    """

    band: FillBand = FillBand.NORMAL
    pending: FillBand | None = None
    count: int = 0
    level: float | None = None
    observed_at: datetime | None = None


def watch_level(
    watch: FillWatch, level: float, observed_at: datetime, rules: AlertRules
) -> FillWatch:
    """Take one accepted reading; one that is not newer than the newest changes nothing."""
    if watch.observed_at is not None and observed_at <= watch.observed_at:
        return watch
    seen = replace(watch, level=level, observed_at=observed_at)
    wanted = _wanted(watch.band, level, rules)
    if wanted is watch.band:
        return replace(seen, pending=None, count=0)
    rising = wanted > watch.band
    same_side = watch.pending is not None and (watch.pending > watch.band) is rising
    if same_side and watch.pending is not None:
        mildest = min(wanted, watch.pending) if rising else max(wanted, watch.pending)
        count = watch.count + 1
    else:
        mildest, count = wanted, 1
    if count >= rules.readings_in_a_row:
        return replace(seen, band=mildest, pending=None, count=0)
    return replace(seen, pending=mildest, count=count)


def note_level(watch: FillWatch, level: float, observed_at: datetime) -> FillWatch:
    """Take the newest reading of a backlog: the present level, but nothing to alert by."""
    if watch.observed_at is not None and observed_at <= watch.observed_at:
        return watch
    return replace(watch, level=level, observed_at=observed_at, pending=None, count=0)


def _wanted(band: FillBand, level: float, rules: AlertRules) -> FillBand:
    """Return the band that one reading asks for, seen from ``band``."""
    if level >= rules.critical_level:
        return FillBand.CRITICAL
    if band is FillBand.CRITICAL and level >= rules.critical_clears_below:
        return FillBand.CRITICAL
    if level >= rules.warning_level:
        return FillBand.WARNING
    if band is not FillBand.NORMAL and level >= rules.warning_clears_below:
        return FillBand.WARNING
    return FillBand.NORMAL
