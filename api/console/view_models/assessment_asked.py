"""What the reader of weeks, months and years asks for: which days and areas, in which order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from api.assessment import AssessmentQuestion
from domain.assessment import AreaBy, AssessedArea, Period, PeriodName, period_of
from domain.checks import InvalidValueError
from texts.catalogue import Locale

PATH = "/assessment"
TABLE_PATH = "/api/v1/measures/assessment.csv"
_A_DAY = timedelta(days=1)

SORTS: Mapping[str, Callable[[AssessedArea], float | None]] = {
    "rank": lambda one: one.rank,
    "places": lambda one: one.places,
    "share": lambda one: one.hours.share if one.assessable else None,
    "coverage": lambda one: one.coverage.ratio,
    "reported": lambda one: one.cases.reported,
    "due": lambda one: one.cases.due,
    "closed": lambda one: one.cases.closed,
    "on_time": lambda one: one.cases.on_time_closure_rate,
    "late": lambda one: one.cases.late,
}
"""The columns that can be sorted by, from left to right, and what each goes by."""

DOWN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the reader asks for. ``name`` is None for own dates; ``fault`` tells that those given
    could not be used. ``sort`` is a column, with a minus sign for the largest first.
    """

    name: PeriodName | None
    period: Period
    by: AreaBy
    level_percent: int
    sort: str
    fault: bool = False

    @property
    def question(self) -> AssessmentQuestion:
        """Return what is to be added up."""
        return AssessmentQuestion(period=self.period, by=self.by, level_percent=self.level_percent)

    @property
    def href(self) -> str:
        """Return the address of the page that answers this."""
        days = (
            {"first": self.period.since, "last": self.period.last_day}
            if self.name is None
            else {"period": self.name}
        )
        rest = {"by": self.by, "level": self.level_percent, "sort": self.sort}
        return f"{PATH}?{urlencode({**days, **rest})}"

    def table_href(self, locale: Locale) -> str:
        """Return the address of the same as a table file in a language."""
        asked = {
            "since": self.period.since,
            "until": self.period.until,
            "by": self.by,
            "level": self.level_percent,
            "lang": locale.language_tag,
        }
        return f"{TABLE_PATH}?{urlencode(asked)}"


def asked_by(query: Mapping[str, str], *, today: date, levels: tuple[int, ...]) -> Asked:
    """Return what an address asks for; what cannot be used is taken as if it were not there."""
    name = next((one for one in PeriodName if one == query.get("period")), None)
    period, fault = None, False
    if name is None and (query.get("first") or query.get("last")):
        period = _own_period(query.get("first", ""), query.get("last", ""))
        fault = period is None
    if period is None:
        name = name or PeriodName.THIS_WEEK
        period = period_of(name, today)
    sort = query.get("sort", "")
    return Asked(
        name=name,
        period=period,
        by=next((one for one in AreaBy if one == query.get("by")), AreaBy.SUBDISTRICT),
        level_percent=next((one for one in levels if str(one) == query.get("level")), levels[0]),
        sort=sort if sort.removeprefix(DOWN) in SORTS else "rank",
        fault=fault,
    )


def in_order(areas: Sequence[AssessedArea], sort: str) -> list[AssessedArea]:
    """Return the areas by a column; what is not known stands at the end, whichever way."""
    value_of, down = SORTS[sort.removeprefix(DOWN)], sort.startswith(DOWN)

    def key(one: AssessedArea) -> tuple[bool, float]:
        value = value_of(one)
        return value is None, 0.0 if value is None else -value if down else value

    return sorted(areas, key=key)


def _own_period(first: str, last: str) -> Period | None:
    try:
        return Period(since=date.fromisoformat(first), until=date.fromisoformat(last) + _A_DAY)
    except (ValueError, OverflowError, InvalidValueError):
        return None
