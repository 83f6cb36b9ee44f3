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
class Latch:
    """One limit with its deadband. ``above`` and ``below`` count readings in a row at or above the
    limit and under the clearing level.
    """

    on: bool = False
    above: int = 0
    below: int = 0

    def step(self, level: float, *, limit: float, clears_below: float, in_a_row: int) -> "Latch":
        """Take one reading: ``in_a_row`` above switch on, as many below switch off."""
        above = min(self.above + 1, in_a_row) if level >= limit else 0
        below = min(self.below + 1, in_a_row) if level < clears_below else 0
        on = above >= in_a_row or (self.on and below < in_a_row)
        return Latch(on=on, above=above, below=below)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillWatch:
    """What is known of one sensor's level; ``level`` and ``observed_at`` are those of the newest
    accepted reading.
    """

    warning: Latch = Latch()
    critical: Latch = Latch()
    level: float | None = None
    observed_at: datetime | None = None

    @property
    def band(self) -> FillBand:
        """How full the container counts as."""
        if self.critical.on:
            return FillBand.CRITICAL
        return FillBand.WARNING if self.warning.on else FillBand.NORMAL


def watch_level(
    watch: FillWatch, level: float, observed_at: datetime, rules: AlertRules
) -> FillWatch:
    """Take one accepted reading; one that is not newer than the newest changes nothing."""
    if watch.observed_at is not None and observed_at <= watch.observed_at:
        return watch
    return FillWatch(
        warning=watch.warning.step(
            level,
            limit=rules.warning_level,
            clears_below=rules.warning_clears_below,
            in_a_row=rules.readings_in_a_row,
        ),
        critical=watch.critical.step(
            level,
            limit=rules.critical_level,
            clears_below=rules.critical_clears_below,
            in_a_row=rules.readings_in_a_row,
        ),
        level=level,
        observed_at=observed_at,
    )


def note_level(watch: FillWatch, level: float, observed_at: datetime) -> FillWatch:
    """Take the newest reading of a backlog: the present level, but nothing to alert by."""
    if watch.observed_at is not None and observed_at <= watch.observed_at:
        return watch
    return FillWatch(
        warning=Latch(on=watch.warning.on),
        critical=Latch(on=watch.critical.on),
        level=level,
        observed_at=observed_at,
    )


def rearmed(watch: FillWatch) -> FillWatch:
    """Forget that the limits were reached; the level itself stays known."""
    return replace(watch, warning=Latch(), critical=Latch())
