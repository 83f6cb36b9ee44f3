"""Emptied, then swept? (车走地净) Two looks at the ground after a collection."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from alerts.limits import AlertRules
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
    the ground clean; ``decided_at`` the look that decided.
    """

    emptied_at: datetime
    device_id: str
    seen_clean_at: datetime | None = None
    result: GroundCheckResult | None = None
    decided_at: datetime | None = None

    @property
    def under_way(self) -> bool:
        """Whether the check still waits for a look."""
        return self.result is None


def begin(
    check: GroundCheck | None, emptied_at: datetime, device_id: str, rules: AlertRules
) -> GroundCheck:
    """Start a check. Another container emptied before the first look is the same round."""
    if check is None or not same_round(check, emptied_at, rules):
        return GroundCheck(emptied_at=emptied_at, device_id=device_id)
    return replace(check, emptied_at=max(emptied_at, check.emptied_at))


def same_round(check: GroundCheck, emptied_at: datetime, rules: AlertRules) -> bool:
    """Whether an emptying belongs to the round that ``check`` is for, or to an earlier one."""
    if emptied_at <= check.emptied_at:
        return True
    return check.under_way and emptied_at - check.emptied_at < rules.ground_check_after


def look(
    check: GroundCheck, ground: VerdictState, observed_at: datetime, rules: AlertRules
) -> GroundCheck:
    """Take one verdict on the ground; what is unknown or too early changes nothing."""
    age = observed_at - check.emptied_at
    known = ground is not VerdictState.UNKNOWN
    in_time = rules.ground_check_after <= age <= rules.ground_check_given_up_after
    if not (check.under_way and known and in_time):
        return check
    if ground is VerdictState.PRESENT:
        first_look = check.seen_clean_at is None
        if first_look or age >= rules.ground_check_again_after:
            return _decided(check, GroundCheckResult.NOT_SWEPT, observed_at)
        return check
    if age >= rules.ground_check_again_after:
        return _decided(check, GroundCheckResult.SWEPT, observed_at)
    return check if check.seen_clean_at else replace(check, seen_clean_at=observed_at)


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
