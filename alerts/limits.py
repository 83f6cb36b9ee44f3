"""Every limit of the alert rules and the case work: configuration, since limits differ by city."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from alerts.working_calendar import WorkingCalendar
from domain.photo_evidence import PhotoLimits
from domain.problems import ProblemClass

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_HIGHEST_LEVEL = 3.0
"""What a reading can hold; a limit beyond it would never be reached."""

_TIME_LIMITS: Mapping[ProblemClass, timedelta] = {
    ProblemClass.BIN_OVERFLOW: 2 * _HOUR,
    ProblemClass.EXPOSED_WASTE: 4 * _HOUR,
    ProblemClass.BAGGED_WASTE_ON_GROUND: 2 * _HOUR,
    ProblemClass.SCATTERED_LITTER: 2 * _HOUR,
    ProblemClass.NOT_SWEPT_AFTER_COLLECTION: 2 * _HOUR,
    ProblemClass.MISSED_COLLECTION: 4 * _HOUR,
    ProblemClass.BURNING_WASTE: 2 * _HOUR,
    ProblemClass.FACILITY_DAMAGE: 70 * _HOUR,
    ProblemClass.OPENING_FACES_ROAD: 70 * _HOUR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules:
    """All limits, with the defaults of the design. Levels are ratios (1 = at the rim).

    Times are business time; ``time_limits`` alone are working time by ``calendar``.
    """

    warning_level: float = 0.80
    warning_clears_below: float = 0.65
    critical_level: float = 0.90
    critical_clears_below: float = 0.75
    readings_in_a_row: int = 2

    battery_low_ratio: float = 0.30
    battery_critical_ratio: float = 0.15
    battery_clears_ratio: float = 0.40

    silent_after_intervals: int = 3
    silent_at_least: timedelta = _HOUR
    camera_unusable_after: timedelta = 30 * _MINUTE

    verdicts_needed: int = 2
    verdict_window: timedelta = 10 * _MINUTE

    ground_check_after: timedelta = 15 * _MINUTE
    ground_check_again_after: timedelta = 30 * _MINUTE
    ground_check_given_up_after: timedelta = 60 * _MINUTE

    suspect_level: float = 1.0
    low_level: float = 0.50

    photo_oldest: timedelta = _HOUR
    photo_farthest_m: float = 200.0

    escalate_after: timedelta = 30 * _MINUTE
    reminder_before: timedelta = 30 * _MINUTE
    time_limits: Mapping[ProblemClass, timedelta] = field(default_factory=lambda: _TIME_LIMITS)
    auto_file: bool = True
    auto_dispatch: bool = True
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)

    def __post_init__(self) -> None:
        # A district that sets one limit keeps the defaults of the others.
        object.__setattr__(self, "time_limits", {**_TIME_LIMITS, **self.time_limits})
        for clears, raises in (
            ("warning_clears_below", "warning_level"),
            ("critical_clears_below", "critical_level"),
            ("battery_critical_ratio", "battery_low_ratio"),
            ("battery_low_ratio", "battery_clears_ratio"),
        ):
            if not 0 <= getattr(self, clears) <= getattr(self, raises) <= _HIGHEST_LEVEL:
                msg = f"{clears} and {raises}: from 0 to {_HIGHEST_LEVEL}, in this order"
                raise ValueError(msg)
        if self.photo_farthest_m <= 0 or self.photo_oldest <= timedelta():
            msg = "photo_farthest_m, photo_oldest: more than nothing"
            raise ValueError(msg)
        for count in ("readings_in_a_row", "verdicts_needed", "silent_after_intervals"):
            if getattr(self, count) < 1:
                msg = f"{count}: at least 1"
                raise ValueError(msg)

    @property
    def photo_limits(self) -> PhotoLimits:
        """What time and place of a proof photo are held against."""
        return PhotoLimits(oldest=self.photo_oldest, farthest_m=self.photo_farthest_m)
