"""Emptied, then swept? (车走地净) Two looks at the ground after a collection."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from alerts.limits import AlertRules
from alerts.rules.ground_pictures import GroundPicture
from domain.problems import ProblemClass
from domain.records import VerdictState


class GroundCheckResult(StrEnum):
    """How a check ended. Not observed is not clean."""

    SWEPT = "swept"
    NOT_SWEPT = "not_swept"
    NOT_OBSERVED = "not_observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundCheck:
    """A check under way, or ended when ``result`` is set.

    ``emptied_at`` is the last emptying of the round; ``seen_clean_at`` the first look that found
    the ground clean; ``decided_at`` the look that decided. ``before`` has each camera's last kept
    picture before the round's first emptying; ``picture`` is that of the look that counts, the
    first clean one or the one that decided, and ``found`` is what it showed.
    """

    emptied_at: datetime
    device_id: str
    seen_clean_at: datetime | None = None
    result: GroundCheckResult | None = None
    decided_at: datetime | None = None
    before: tuple[GroundPicture, ...] = ()
    picture: GroundPicture | None = None
    found: tuple[ProblemClass, ...] = ()

    @property
    def under_way(self) -> bool:
        """Whether the check still waits for a look."""
        return self.result is None

    @property
    def compared_with(self) -> GroundPicture | None:
        """What the camera of ``picture`` saw before the emptying; without one, what any did."""
        for earlier in self.before:
            if self.picture is None or earlier.device_id == self.picture.device_id:
                return earlier
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the ground: the verdict in all, its picture if one is kept, what it shows."""

    ground: VerdictState
    observed_at: datetime
    picture: GroundPicture | None = None
    found: tuple[ProblemClass, ...] = ()


def begin(
    check: GroundCheck | None,
    emptied_at: datetime,
    device_id: str,
    rules: AlertRules,
    *,
    before: tuple[GroundPicture, ...] = (),
) -> GroundCheck:
    """Start a check. Another container emptied before the first look is the same round."""
    if check is None or not same_round(check, emptied_at, rules):
        return GroundCheck(emptied_at=emptied_at, device_id=device_id, before=before)
    return replace(check, emptied_at=max(emptied_at, check.emptied_at))


def same_round(check: GroundCheck, emptied_at: datetime, rules: AlertRules) -> bool:
    """Whether an emptying belongs to the round that ``check`` is for, or to an earlier one."""
    if emptied_at <= check.emptied_at:
        return True
    return check.under_way and emptied_at - check.emptied_at < rules.ground_check_after


def look(check: GroundCheck, seen: Look, rules: AlertRules) -> GroundCheck:
    """Take one verdict on the ground; what is unknown or too early changes nothing."""
    age = seen.observed_at - check.emptied_at
    known = seen.ground is not VerdictState.UNKNOWN
    in_time = rules.ground_check_after <= age <= rules.ground_check_given_up_after
    if not (check.under_way and known and in_time):
        return check
    counted = replace(check, picture=seen.picture, found=seen.found)
    if seen.ground is VerdictState.PRESENT:
        first_look = check.seen_clean_at is None
        if first_look or age >= rules.ground_check_again_after:
            return _decided(counted, GroundCheckResult.NOT_SWEPT, seen.observed_at)
        return check
    if age >= rules.ground_check_again_after:
        return _decided(counted, GroundCheckResult.SWEPT, seen.observed_at)
    return check if check.seen_clean_at else replace(counted, seen_clean_at=seen.observed_at)


def give_up(check: GroundCheck, now: datetime, rules: AlertRules) -> GroundCheck:
    """End a check that nobody could look at; one clean look alone counts as swept."""
    if not check.under_way or now - check.emptied_at < rules.ground_check_given_up_after:
        return check
    return cut_short(check, now)


def cut_short(check: GroundCheck, now: datetime) -> GroundCheck:
    """End a check whose place is emptied again before its time is up."""
    if check.seen_clean_at is not None:
        return _decided(check, GroundCheckResult.SWEPT, check.seen_clean_at)
    return _decided(check, GroundCheckResult.NOT_OBSERVED, now)


def _decided(check: GroundCheck, result: GroundCheckResult, at: datetime) -> GroundCheck:
    return replace(check, result=result, decided_at=at)
