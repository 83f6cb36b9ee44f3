"""What areas show for a period, put together from measures and cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.parts import CentreParts
from domain.assessment import (
    NOTHING_MEASURED,
    AreaBy,
    AssessedArea,
    Measured,
    Period,
    assess,
    district_total,
)
from domain.places import AreaKind
from domain.ports.history import TimeSeriesAwayError
from domain.registry import RegistrySnapshot
from texts.catalogue import Catalogue, Locale
from texts.formatting import DISTRICT_ZONE, name_in

_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentQuestion:
    """Which days, which areas, and from which filling level a container counts as full."""

    period: Period
    by: AreaBy
    level_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The answer, as of ``at``: every area by rank, and the whole district."""

    question: AssessmentQuestion
    at: datetime
    areas: Sequence[AssessedArea]
    total: AssessedArea
    readings_away: bool = False


def assessment(parts: CentreParts, question: AssessmentQuestion) -> Assessment:
    """Return what areas show. Raises ``TimeSeriesAwayError`` and what the cases raise."""
    now = parts.clock.now()
    return _assessed(parts, question, _measured(parts, question, now), now)


def assessment_when_there(parts: CentreParts, question: AssessmentQuestion) -> Assessment:
    """Return the same; while the time series is away only the cases, and nobody with a rank."""
    try:
        return assessment(parts, question)
    except TimeSeriesAwayError:
        return _assessed(parts, question, NOTHING_MEASURED, parts.clock.now(), readings_away=True)


def midnight(day: date) -> datetime:
    """Return the moment in which a day of the district begins."""
    return datetime(day.year, day.month, day.day, tzinfo=DISTRICT_ZONE)


def area_name(
    area: str, by: AreaBy, registry: RegistrySnapshot, catalogue: Catalogue, locale: Locale
) -> str:
    """Return what people call an area; its id where the registry no longer has it."""
    if by is AreaBy.SURROUNDINGS:
        return catalogue.word(AreaKind(area), locale)
    known = (
        registry.subdistricts.get(area) if by is AreaBy.SUBDISTRICT else registry.units.get(area)
    )
    return area if known is None else name_in(known.name, locale)


def _measured(parts: CentreParts, question: AssessmentQuestion, now: datetime) -> Measured:
    period = question.period
    ended_at = min(now, midnight(period.until))
    return Measured(
        level_hours=parts.measures.level_hours(
            question.level_percent, since=period.since, until=period.until
        ),
        usable_hours=parts.measures.usable_hours(since=period.since, until=period.until),
        hours_due=max(0, (ended_at - midnight(period.since)) // _AN_HOUR),
    )


def _assessed(
    parts: CentreParts,
    question: AssessmentQuestion,
    measured: Measured,
    now: datetime,
    *,
    readings_away: bool = False,
) -> Assessment:
    period = question.period
    cases = parts.book.count_cases(
        since=midnight(period.since), until=midnight(period.until), now=now
    )
    areas = assess(parts.registry.current(), question.by, measured, cases)
    return Assessment(
        question=question,
        at=now,
        areas=areas,
        total=district_total(areas),
        readings_away=readings_away,
    )
