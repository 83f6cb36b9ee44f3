"""The page of weeks, months and years: what was asked, in which order, and nothing made cleaner."""

from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.assessment import Assessment
from api.console.markup import render
from api.console.palette import Mark
from api.console.view_models.assessment import AssessmentView, assessment_view
from api.console.view_models.assessment_asked import PATH, TABLE_PATH, Asked, asked_by
from domain.assessment import (
    NOTHING_MEASURED,
    AreaBy,
    AssessedArea,
    CaseCounts,
    Measured,
    PeriodName,
    assess,
    district_total,
    period_of,
)
from domain.measures import Coverage, LevelHours
from tests.fakes.console_samples import CATALOGUE, NOW, REGISTRY, words
from texts.catalogue import Locale

TODAY = date(2026, 3, 3)
LEVELS = (80, 90, 100)
COUNTS = CaseCounts(reported=9, filed=9, due=8, closed=7, closed_on_time=6)


def ask(**query: str) -> Asked:
    return asked_by(query, today=TODAY, levels=LEVELS)


def area(name: str, *, share: float, observed: int = 100, places: int = 1) -> AssessedArea:
    return AssessedArea(
        area=name,
        places=places,
        hours=LevelHours(above=share * 100, measured=100),
        coverage=Coverage(due=100 * bool(places), observed=observed),
        cases=COUNTS,
        rank=None if observed < 80 else round(100 * share),
    )


def view_of(
    *areas: AssessedArea, asked: Asked | None = None, locale: Locale = Locale.EN, away: bool = False
) -> AssessmentView:
    asked = asked or ask(by="unit")
    found = Assessment(
        question=asked.question,
        at=NOW,
        areas=areas,
        total=district_total(areas),
        readings_away=away,
    )
    return assessment_view(asked, found, registry=REGISTRY, levels=LEVELS, words=words(locale))


def test_without_a_wish_it_is_this_week_by_subdistrict() -> None:
    asked = ask()
    assert asked == Asked(
        name=PeriodName.THIS_WEEK,
        period=period_of(PeriodName.THIS_WEEK, TODAY),
        by=AreaBy.SUBDISTRICT,
        level_percent=80,
        sort="rank",
    )


@pytest.mark.parametrize("name", PeriodName)
@pytest.mark.parametrize("by", AreaBy)
def test_an_address_asks_for_what_it_was_made_of(name: PeriodName, by: AreaBy) -> None:
    asked = ask(period=name, by=by, level="90", sort="-late")
    again = asked_by(dict(parse_qsl(urlsplit(asked.href).query)), today=TODAY, levels=LEVELS)
    assert again == asked
    assert (again.name, again.by, again.level_percent, again.sort) == (name, by, 90, "-late")


def test_own_dates_are_both_shown_and_kept_in_the_address() -> None:
    asked = ask(first="2026-02-01", last="2026-02-28")
    assert (asked.period.since, asked.period.last_day) == (date(2026, 2, 1), date(2026, 2, 28))
    assert asked.name is None
    again = asked_by(dict(parse_qsl(urlsplit(asked.href).query)), today=TODAY, levels=LEVELS)
    assert again == asked
    view = view_of(area("unit-1", share=0.1), asked=asked)
    assert (view.first, view.last, view.own_dates) == ("2026-02-01", "2026-02-28", True)
    assert not any(choice.chosen for choice in view.periods)
    assert (view.running, view.span) == ("", "1 Feb 2026 to 28 Feb 2026")


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-03-02", "2026-03-01"),
        ("2026-03-02", ""),
        ("", "2026-03-02"),
        ("2020-01-01", "2026-01-01"),
        ("yesterday", "today"),
        ("9999-12-31", "9999-12-31"),
    ],
)
def test_dates_that_cannot_be_used_are_said_so(first: str, last: str) -> None:
    asked = ask(first=first, last=last)
    assert asked.fault
    assert asked.name is PeriodName.THIS_WEEK
    assert "cannot be used" in view_of(asked=asked).fault


def test_nonsense_in_an_address_is_as_if_it_were_not_there() -> None:
    assert ask(period="century", by="colour", level="81", sort="-<script>") == ask()


def test_columns_sort_and_what_is_unknown_stands_last_either_way() -> None:
    areas = (
        area("unit-a", share=0.3),
        area("unit-b", share=0.0, observed=10),
        area("unit-c", share=0.1),
    )

    def order(sort: str) -> list[str]:
        return [row.area for row in view_of(*areas, asked=ask(by="unit", sort=sort)).rows]

    assert order("share") == ["unit-c", "unit-a", "unit-b"]
    assert order("-share") == ["unit-a", "unit-c", "unit-b"]
    assert order("-coverage") == ["unit-a", "unit-c", "unit-b"]
    headings = {column.key: column for column in view_of(asked=ask(sort="-late")).columns}
    assert headings["late"].sorted == "descending"
    assert "sort=late" in headings["late"].href
    assert "sort=-share" in headings["share"].href
    assert "sort=rank" in headings["rank"].href
    assert {column.sorted for key, column in headings.items() if key != "late"} == {"none"}


@pytest.mark.parametrize("locale", Locale)
def test_who_was_silent_does_not_look_clean(locale: Locale) -> None:
    (row,) = view_of(area("unit-1", share=0.0, observed=79), locale=locale).rows
    assert row.rank == "—"
    assert row.share.mark is Mark.UNKNOWN
    assert "%" not in row.share.text
    assert row.share.text == CATALOGUE.text("assessment.not_assessable", locale)
    assert row.coverage.mark is Mark.UNKNOWN
    assert "80%" in row.coverage.detail
    assert row.needs_look


def test_coverage_is_never_rounded_up_to_enough() -> None:
    nearly = replace(
        area("unit-1", share=0.2), coverage=Coverage(due=100_000, observed=79_990), rank=None
    )
    (row,) = view_of(nearly).rows
    assert row.coverage.text == "79.9%"


def test_figures_are_told_with_what_they_are_made_of() -> None:
    (row,) = view_of(area("unit-1", share=0.25)).rows
    assert (row.area, row.rank) == ("环卫公司", "25")
    assert (row.share.text, row.share.detail) == ("25.0%", "25 of 100 hours")
    assert (row.coverage.text, row.coverage.detail) == ("100.0%", "100 of 100 device-hours")
    assert (row.reported, row.due, row.closed) == ("9", "8", "7")
    assert (row.on_time, row.late) == ("6 (75%)", "2")
    assert not row.needs_look


def test_a_unit_that_only_collects_says_that_it_has_no_places() -> None:
    (row,) = view_of(area("unit-gone", share=0.0, observed=0, places=0)).rows
    assert (row.area, row.note) == ("unit-gone", "No places of its own, only cases")
    assert (row.share.text, row.coverage.text, row.needs_look) == ("—", "—", False)


def test_while_the_readings_are_away_the_page_says_so_and_shows_the_cases() -> None:
    areas = assess(REGISTRY, AreaBy.UNIT, NOTHING_MEASURED, ())
    (told,) = (replace(one, cases=COUNTS) for one in areas)
    view = view_of(told, away=True)
    (row,) = view.rows
    assert view.away.startswith("The readings cannot be reached")
    assert (row.rank, row.share.text, row.coverage.text) == ("—", "—", "—")
    assert (row.reported, row.note, row.needs_look) == ("9", "", False)


def test_a_place_without_any_device_is_told_as_unknown() -> None:
    bare = replace(REGISTRY, sensors={}, cameras={})
    nothing = Measured(level_hours={}, usable_hours={}, hours_due=100)
    (one,) = assess(bare, AreaBy.UNIT, nothing, ())
    (row,) = view_of(one).rows
    assert (row.coverage.detail, row.coverage.mark) == ("No device", Mark.UNKNOWN)


def test_the_table_file_is_of_the_same_days_in_the_readers_language() -> None:
    href = view_of(asked=ask(period="last_month", by="unit", level="90")).table_href
    assert urlsplit(href).path == TABLE_PATH
    assert dict(parse_qsl(urlsplit(href).query)) == {
        "since": "2026-02-01",
        "until": "2026-03-01",
        "by": "unit",
        "level": "90",
        "lang": "en",
    }


@pytest.mark.parametrize("locale", Locale)
def test_the_page_draws_ranks_marks_and_ways_on(locale: Locale) -> None:
    view = view_of(area("unit-1", share=0.2), area("unit-2", share=0.0, observed=3), locale=locale)
    html = render(
        "assessment",
        view=view,
        say=lambda key: CATALOGUE.text(f"assessment.{key}", locale),
        path=PATH,
        by="<unit>",
        today=TODAY.isoformat(),
    )
    assert html.count('<th scope="row">') == 3
    assert "&lt;unit&gt;" in html
    assert 'aria-sort="ascending"' in html
    assert html.count("/devices?only=attention") == 2, "the silent unit, and so the district"
    assert html.count('aria-current="true"') == 3
    assert "data-print" in html
