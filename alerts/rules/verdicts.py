"""Repeated verdicts: one picture is no alert, and an unknown one is never clean."""

from dataclasses import dataclass
from datetime import datetime

from alerts.limits import AlertRules
from domain.records import VerdictState

_MOST_SIGHTINGS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One verdict that was not unknown."""

    observed_at: datetime
    present: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictWatch:
    """What one camera has seen of one problem class in one zone.

    ``recent`` holds the known verdicts of the window, by time; ``clear_in_a_row`` counts the
    newest clear ones; ``picture_sha256`` is the newest picture that showed the problem.
    """

    present: bool = False
    recent: tuple[Sighting, ...] = ()
    clear_in_a_row: int = 0
    picture_sha256: str | None = None

    @property
    def last_known_at(self) -> datetime | None:
        """When the newest verdict that was not unknown was observed."""
        return self.recent[-1].observed_at if self.recent else None


def watch_verdict(
    watch: VerdictWatch,
    state: VerdictState,
    observed_at: datetime,
    rules: AlertRules,
    *,
    picture_sha256: str | None = None,
) -> VerdictWatch:
    """Take one verdict. Unknown changes nothing; nor does one that is not newer than the newest.

    The problem is there after ``verdicts_needed`` positive verdicts within the window, and gone
    after as many clear ones in a row.
    """
    newest = watch.last_known_at
    if state is VerdictState.UNKNOWN or (newest is not None and observed_at <= newest):
        return watch
    since = observed_at - rules.verdict_window
    recent = (
        *(sighting for sighting in watch.recent if sighting.observed_at >= since),
        Sighting(observed_at=observed_at, present=state is VerdictState.PRESENT),
    )[-_MOST_SIGHTINGS:]
    clear_in_a_row = 0
    for sighting in reversed(recent):
        if sighting.present:
            break
        clear_in_a_row += 1
    present = watch.present
    if present and clear_in_a_row >= rules.verdicts_needed:
        present = False
    elif not present:
        present = sum(sighting.present for sighting in recent) >= rules.verdicts_needed
        # Old positives must not raise again what clear verdicts have just ended.
        present = present and recent[-1].present
    if present is not watch.present:
        recent = recent[-1:]
    return VerdictWatch(
        present=present,
        recent=recent,
        clear_in_a_row=clear_in_a_row,
        picture_sha256=(picture_sha256 if state is VerdictState.PRESENT else watch.picture_sha256),
    )


def clearly_gone(watch: VerdictWatch, now: datetime, rules: AlertRules) -> bool:
    """Whether the camera has lately seen, in a row and often enough, that nothing is there."""
    newest = watch.last_known_at
    return (
        not watch.present
        and newest is not None
        and watch.clear_in_a_row >= rules.verdicts_needed
        and now - newest <= rules.verdict_window
    )
