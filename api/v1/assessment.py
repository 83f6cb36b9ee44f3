"""The sums of a week, a month, a year by area: for bulletins, as JSON and as a table file."""

import csv
from datetime import date
from io import StringIO
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from api.assessment import Assessment, AssessmentQuestion, area_name, assessment
from api.errors import ApiError, ErrorCode
from api.parts import CentreParts
from api.request_facts import Parts, Reader
from api.v1.answers import Answer
from api.v1.measures import Level, LevelHoursAnswer, ObservedHoursAnswer
from domain.assessment import AreaBy, AssessedArea, Period, PeriodName, period_of
from texts.catalogue import Catalogue, Locale
from texts.formatting import DISTRICT_ZONE
from texts.preference import locale_named

router = APIRouter(tags=["measures"])

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    *("since", "last_day", "rank", "area", "places", "level", "above_h", "measured_h", "share"),
    *("due_h", "observed_h", "coverage", "assessable"),
    *("reported", "filed", "due", "closed", "on_time", "late", "reworked"),
)


class AssessmentQuery(BaseModel):
    """Which days: a named period, or own ones from ``since`` until before ``until``."""

    model_config = ConfigDict(extra="forbid")

    period: PeriodName | None = None
    since: date | None = None
    until: date | None = None
    by: AreaBy = AreaBy.SUBDISTRICT
    level: Level = 80
    lang: Annotated[str | None, Query(max_length=16, description="of the table: zh or en")] = None

    def question(self, today: date) -> AssessmentQuestion:
        """Return the question; this week where no days are told, a refusal of half of them."""
        if self.since is not None and self.until is not None and self.period is None:
            period = Period(since=self.since, until=self.until)
        elif self.since is None and self.until is None:
            period = period_of(self.period or PeriodName.THIS_WEEK, today)
        else:
            raise ApiError(ErrorCode.INVALID_REQUEST)
        return AssessmentQuestion(period=period, by=self.by, level_percent=self.level)


class CaseCountsAnswer(Answer):
    """Cases that came in the period, and those whose time limit has ended in it (``due``); of
    these: closed by now, closed in time, not closed in time, and sent back once or more.
    """

    reported: int
    filed: int
    due: int
    closed: int
    closed_on_time: int
    late: int
    reworked: int
    on_time_closure_rate: float | None


class AssessedAreaAnswer(Answer):
    """An area. `rank` 1 was full for the smallest share of the measured hours; null where coverage
    is below 0.8 or nothing was measured: such an area is not assessable, and never clean.
    """

    area: str
    rank: int | None
    assessable: bool
    places: int
    hours: LevelHoursAnswer
    coverage: ObservedHoursAnswer
    cases: CaseCountsAnswer

    @classmethod
    def of(cls, area: AssessedArea) -> "AssessedAreaAnswer":
        """Tell an area."""
        return cls(
            area=area.area,
            rank=area.rank,
            assessable=area.assessable,
            places=area.places,
            hours=LevelHoursAnswer.of(area.hours),
            coverage=ObservedHoursAnswer.of(area.coverage),
            cases=CaseCountsAnswer(
                reported=area.cases.reported,
                filed=area.cases.filed,
                due=area.cases.due,
                closed=area.cases.closed,
                closed_on_time=area.cases.closed_on_time,
                late=area.cases.late,
                reworked=area.cases.reworked,
                on_time_closure_rate=area.cases.on_time_closure_rate,
            ),
        )


class AssessmentAnswer(Answer):
    """All areas by rank, those without one at the end; `district` is all of them together."""

    since: date
    until: date
    level_percent: int
    by: AreaBy
    areas: list[AssessedAreaAnswer]
    district: AssessedAreaAnswer


Asked = Annotated[AssessmentQuery, Query()]


@router.get("/measures/assessment", summary="A week, a month or a year by area")
def assessed_areas(query: Asked, parts: Parts) -> AssessmentAnswer:
    """Tell of every area how long containers were full, how much was observed, and its cases."""
    found = assessment(parts, query.question(_today(parts)))
    return AssessmentAnswer(
        since=found.question.period.since,
        until=found.question.period.until,
        level_percent=found.question.level_percent,
        by=found.question.by,
        areas=[AssessedAreaAnswer.of(area) for area in found.areas],
        district=AssessedAreaAnswer.of(found.total),
    )


@router.get(
    "/measures/assessment.csv",
    summary="The same as a table for spreadsheet programs",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def assessed_areas_as_table(query: Asked, parts: Parts, locale: Reader) -> Response:
    """Tell the same, with headings in the reader's language; shares are in percent."""
    found = assessment(parts, query.question(_today(parts)))
    text = table_of(found, parts, locale_named(query.lang) or locale)
    period = found.question.period
    name = f"huanwei-{found.question.by}-{period.since}-{period.last_day}.csv"
    return Response(
        # Spreadsheet programs take a file for UTF-8 by this mark alone.
        content=text.encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def table_of(found: Assessment, parts: CentreParts, locale: Locale) -> str:
    """Return the table as comma-separated values, the district as its last line."""
    catalogue, question = parts.catalogue, found.question
    registry = parts.registry.current()
    written = StringIO()
    lines = csv.writer(written)
    lines.writerow(
        catalogue.word(question.by, locale)
        if column == "area"
        else catalogue.text(f"assessment.table.{column}", locale)
        for column in _COLUMNS
    )
    for area in found.areas:
        name = area_name(area.area, question.by, registry, catalogue, locale)
        lines.writerow(_line(area, _harmless(name), found, catalogue, locale))
    total = catalogue.text("assessment.total", locale)
    lines.writerow(_line(found.total, total, found, catalogue, locale))
    return written.getvalue()


def _line(
    area: AssessedArea, name: str, found: Assessment, catalogue: Catalogue, locale: Locale
) -> list[object]:
    """Return a line; what is not known or says too little is empty, never a nought."""
    period, cases, hours = found.question.period, area.cases, area.hours
    answer = "yes" if area.assessable else "no"
    return [
        *(period.since, period.last_day, area.rank, name, area.places),
        *(found.question.level_percent, round(hours.above, 1) if hours.measured else None),
        *(hours.measured, _percent(hours.share) if area.assessable else None),
        *(area.coverage.due, area.coverage.observed),
        *(_percent(area.coverage.ratio), catalogue.text(f"assessment.{answer}", locale)),
        *(cases.reported, cases.filed, cases.due, cases.closed, cases.closed_on_time),
        *(cases.late, cases.reworked),
    ]


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else round(100 * ratio, 2)


def _harmless(name: str) -> str:
    """Return a name that no spreadsheet program takes for a formula."""
    return f"'{name}" if name.startswith(_FORMULA_SIGNS) else name


def _today(parts: CentreParts) -> date:
    return parts.clock.now().astimezone(DISTRICT_ZONE).date()
