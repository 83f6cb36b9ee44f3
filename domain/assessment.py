"""Weekly inspection, monthly bulletin, year-end assessment: what an area shows for a period.

An area is a subdistrict, a kind of surroundings or a responsible unit. Offline is not clean: an
area that was not observed enough has no rank, however little was seen to be full there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from domain.checks import InvalidValueError
from domain.measures import NO_HOURS, Coverage, LevelHours, coverage_by_area, rank_areas
from domain.places import Place
from domain.registry import RegistrySnapshot

ASSESSABLE_FROM = 0.8
"""Below this coverage an area is not assessable."""

LONGEST_DAYS = 366
_FIRST_YEAR, _LAST_YEAR = 2000, 2999
"""Far enough for any district, near enough for any clock and store."""


class PeriodName(StrEnum):
    """The periods that people ask for; a week begins on Monday."""

    THIS_WEEK = "this_week"
    LAST_WEEK = "last_week"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    THIS_YEAR = "this_year"
    LAST_YEAR = "last_year"


class AreaBy(StrEnum):
    """What an area is."""

    SUBDISTRICT = "subdistrict"
    SURROUNDINGS = "surroundings"
    UNIT = "unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days of the district from ``since`` until before ``until``: at least one, at most a year.

    Raises ``InvalidValueError`` for others, and for days long before or after anybody's.
    """

    since: date
    until: date

    def __post_init__(self) -> None:
        if not _FIRST_YEAR <= self.since.year <= self.until.year <= _LAST_YEAR:
            msg = f"period: {self.since} until {self.until} lies too far away"
            raise InvalidValueError(msg)
        if not 1 <= (self.until - self.since).days <= LONGEST_DAYS:
            msg = f"period: {self.since} until {self.until} is not 1 to {LONGEST_DAYS} days"
            raise InvalidValueError(msg)

    @property
    def last_day(self) -> date:
        """The last day that belongs to it."""
        return self.until - timedelta(days=1)


def period_of(name: PeriodName, today: date) -> Period:
    """Return the whole period of that name; the days of a running one that are to come too."""
    monday = today - timedelta(days=today.weekday())
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    week = timedelta(days=7)
    match name:
        case PeriodName.THIS_WEEK:
            return Period(since=monday, until=monday + week)
        case PeriodName.LAST_WEEK:
            return Period(since=monday - week, until=monday)
        case PeriodName.THIS_MONTH:
            return Period(since=month, until=(month + 5 * week).replace(day=1))
        case PeriodName.LAST_MONTH:
            return Period(since=(month - week).replace(day=1), until=month)
        case PeriodName.THIS_YEAR:
            return Period(since=year, until=year.replace(year=year.year + 1))
        case PeriodName.LAST_YEAR:
            return Period(since=year.replace(year=year.year - 1), until=year)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCounts:
    """Cases of a period. ``reported`` came in it, ``filed`` of them. ``due``: whose time limit has
    ended in it; of these ``closed`` by now, ``closed_on_time``, and ``reworked`` at least once.
    """

    reported: int = 0
    filed: int = 0
    due: int = 0
    closed: int = 0
    closed_on_time: int = 0
    reworked: int = 0

    @property
    def late(self) -> int:
        """Those due that were not closed in time, closed later or still open."""
        return self.due - self.closed_on_time

    @property
    def on_time_closure_rate(self) -> float | None:
        """The part of those due that was closed in time, None where none was due."""
        return self.closed_on_time / self.due if self.due else None

    def __add__(self, other: "CaseCounts") -> "CaseCounts":
        """Return both together."""
        return CaseCounts(
            reported=self.reported + other.reported,
            filed=self.filed + other.filed,
            due=self.due + other.due,
            closed=self.closed + other.closed,
            closed_on_time=self.closed_on_time + other.closed_on_time,
            reworked=self.reworked + other.reworked,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedCases:
    """The cases of a period at one place that one unit answers for."""

    place_id: str
    unit_id: str
    counts: CaseCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the rollups say of a period, by device: hours above a level, hours with usable data."""

    level_hours: Mapping[str, LevelHours]
    usable_hours: Mapping[str, int]
    hours_due: int


NOTHING_MEASURED = Measured(level_hours={}, usable_hours={}, hours_due=0)
"""While the time series cannot be asked: nothing was due, nothing seen, so nobody has a rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedArea:
    """What an area shows for a period. ``rank`` 1 was full for the smallest share of the measured
    hours; None where it cannot be compared: not assessable, or without a fill sensor.
    """

    area: str
    places: int
    hours: LevelHours
    coverage: Coverage
    cases: CaseCounts
    rank: int | None = None

    @property
    def assessable(self) -> bool:
        """Whether enough was observed to say anything."""
        return self.coverage.ratio is not None and self.coverage.ratio >= ASSESSABLE_FROM


def assess(
    registry: RegistrySnapshot, by: AreaBy, measured: Measured, cases: Iterable[CountedCases]
) -> list[AssessedArea]:
    """Return every area by rank, those without one at the end.

    By unit, a case counts for the unit that answers for it (who collects, for ground not swept);
    what was measured for the unit of the place.
    """
    area_of = area_chooser(by)
    counted = _cases_by_area(registry, by, cases)
    coverage = coverage_by_area(
        measured.usable_hours, registry, area_of, hours_due=measured.hours_due
    )
    found = {
        one.area: AssessedArea(
            area=one.area,
            places=one.places,
            hours=one.hours,
            coverage=coverage[one.area],
            cases=counted.pop(one.area, CaseCounts()),
        )
        for one in rank_areas(measured.level_hours, registry, area_of)
    }
    without_places = [
        AssessedArea(
            area=area,
            places=0,
            hours=NO_HOURS,
            coverage=Coverage(due=0, observed=0),
            cases=counts,
        )
        for area, counts in counted.items()
    ]
    return _ranked([*found.values(), *without_places])


def district_total(areas: Sequence[AssessedArea]) -> AssessedArea:
    """Return all areas together, as the area ``""``."""
    return AssessedArea(
        area="",
        places=sum(one.places for one in areas),
        hours=sum((one.hours for one in areas), NO_HOURS),
        coverage=Coverage(
            due=sum(one.coverage.due for one in areas),
            observed=sum(one.coverage.observed for one in areas),
        ),
        cases=sum((one.cases for one in areas), CaseCounts()),
    )


def area_chooser(by: AreaBy) -> Callable[[Place], str]:
    """Return what says to which area a place belongs."""
    match by:
        case AreaBy.SUBDISTRICT:
            return lambda place: place.subdistrict_id
        case AreaBy.SURROUNDINGS:
            return lambda place: place.area_kind.value
        case AreaBy.UNIT:
            return lambda place: place.unit_id


def _cases_by_area(
    registry: RegistrySnapshot, by: AreaBy, cases: Iterable[CountedCases]
) -> dict[str, CaseCounts]:
    """Add up by area; places that the registry no longer has belong to none but their unit."""
    area_of = area_chooser(by)
    added: dict[str, CaseCounts] = {}
    for one in cases:
        place = registry.places.get(one.place_id)
        if by is AreaBy.UNIT:
            area = one.unit_id
        elif place is not None:
            area = area_of(place)
        else:
            continue
        added[area] = added.get(area, CaseCounts()) + one.counts
    return added


def _ranked(areas: Sequence[AssessedArea]) -> list[AssessedArea]:
    """Give ranks: equal shares have the same one, and the next is as many further on."""
    shares: dict[str, float] = {}
    for one in areas:
        if one.assessable and one.hours.share is not None:
            shares[one.area] = one.hours.share
    lowest_first = sorted(shares.values())
    ranked = [
        replace(one, rank=lowest_first.index(shares[one.area]) + 1) if one.area in shares else one
        for one in areas
    ]
    return sorted(ranked, key=lambda one: (one.rank is None, one.rank or 0, one.area))
