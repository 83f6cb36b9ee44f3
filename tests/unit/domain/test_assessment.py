"""What areas show for a week, a month, a year: nobody is clean for having looked away."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.assessment import (
    NOTHING_MEASURED,
    AreaBy,
    AssessedArea,
    CaseCounts,
    CountedCases,
    Measured,
    Period,
    PeriodName,
    assess,
    district_total,
    period_of,
)
from domain.checks import InvalidValueError
from domain.measures import Coverage, LevelHours
from domain.places import AreaKind
from domain.registry import RegistrySnapshot
from tests.fakes.console_samples import REGISTRY

TUESDAY = date(2026, 3, 3)
HOURS_DUE = 100
ONE_LATE = CaseCounts(reported=3, filed=3, due=2, closed=2, closed_on_time=1, reworked=1)

_UNIT = REGISTRY.units["unit-1"]
TWO_AREAS = RegistrySnapshot(
    version=1,
    district=REGISTRY.district,
    subdistricts={
        "sub-1": REGISTRY.subdistricts["sub-1"],
        "sub-2": replace(REGISTRY.subdistricts["sub-1"], subdistrict_id="sub-2"),
    },
    units={
        "unit-1": _UNIT,
        "unit-2": replace(_UNIT, unit_id="unit-2"),
        "unit-collecting": replace(_UNIT, unit_id="unit-collecting"),
    },
    crews=REGISTRY.crews,
    places={
        "place-1": REGISTRY.places["place-1"],
        "place-2": replace(
            REGISTRY.places["place-2"],
            subdistrict_id="sub-2",
            unit_id="unit-2",
            area_kind=AreaKind.URBAN_VILLAGE,
        ),
    },
    containers=REGISTRY.containers,
    sensors=REGISTRY.sensors,
    cameras={},
)
"""A place, a sensor, a subdistrict and a unit each; and a unit that only collects."""


def measured(first: tuple[float, int], second: tuple[float, int]) -> Measured:
    """Let each sensor have been full so long of so many hours."""
    told = {"fill-1": first, "fill-2": second}
    return Measured(
        level_hours={
            name: LevelHours(above=above, measured=hours)
            for name, (above, hours) in told.items()
            if hours
        },
        usable_hours={name: hours for name, (_, hours) in told.items()},
        hours_due=HOURS_DUE,
    )


def ranks(areas: list[AssessedArea]) -> dict[str, int | None]:
    return {one.area: one.rank for one in areas}


@pytest.mark.parametrize(
    ("name", "since", "last_day"),
    [
        (PeriodName.THIS_WEEK, date(2026, 3, 2), date(2026, 3, 8)),
        (PeriodName.LAST_WEEK, date(2026, 2, 23), date(2026, 3, 1)),
        (PeriodName.THIS_MONTH, date(2026, 3, 1), date(2026, 3, 31)),
        (PeriodName.LAST_MONTH, date(2026, 2, 1), date(2026, 2, 28)),
        (PeriodName.THIS_YEAR, date(2026, 1, 1), date(2026, 12, 31)),
        (PeriodName.LAST_YEAR, date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_a_named_period_is_whole(name: PeriodName, since: date, last_day: date) -> None:
    period = period_of(name, TUESDAY)
    assert (period.since, period.last_day) == (since, last_day)


@given(st.dates(min_value=date(2001, 1, 1), max_value=date(2099, 12, 31)))
def test_periods_of_a_kind_meet_and_today_is_in_this_one(today: date) -> None:
    for this, last in (
        (PeriodName.THIS_WEEK, PeriodName.LAST_WEEK),
        (PeriodName.THIS_MONTH, PeriodName.LAST_MONTH),
        (PeriodName.THIS_YEAR, PeriodName.LAST_YEAR),
    ):
        running, before = period_of(this, today), period_of(last, today)
        assert running.since <= today < running.until
        assert before.until == running.since
        assert before == period_of(this, running.since - timedelta(days=1))


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_period_has_at_least_a_day_and_at_most_a_year(days: int) -> None:
    longest = Period(since=TUESDAY, until=TUESDAY + timedelta(days=366))
    assert longest.last_day == date(2027, 3, 3)
    with pytest.raises(InvalidValueError):
        Period(since=TUESDAY, until=TUESDAY + timedelta(days=days))


def test_who_was_full_for_the_smallest_share_of_the_measured_hours_is_first() -> None:
    areas = assess(TWO_AREAS, AreaBy.SUBDISTRICT, measured((30.0, 100), (8.0, 80)), ())
    assert [(one.area, one.rank) for one in areas] == [("sub-2", 1), ("sub-1", 2)]
    assert [one.coverage for one in areas] == [
        Coverage(due=100, observed=80),
        Coverage(due=100, observed=100),
    ]


def test_equal_shares_have_the_same_rank() -> None:
    areas = assess(TWO_AREAS, AreaBy.SUBDISTRICT, measured((10.0, 100), (8.0, 80)), ())
    assert ranks(areas) == {"sub-1": 1, "sub-2": 1}


def test_who_was_silent_is_not_clean_and_has_no_rank() -> None:
    areas = assess(TWO_AREAS, AreaBy.UNIT, measured((30.0, 100), (0.0, 79)), ())
    assert ranks(areas) == {"unit-1": 1, "unit-2": None}
    assert [one.assessable for one in areas] == [True, False]
    never = assess(TWO_AREAS, AreaBy.UNIT, measured((30.0, 100), (0.0, 0)), ())
    assert never[-1].hours.share is None
    assert never[-1].coverage.ratio == 0


def test_without_the_time_series_nobody_has_a_rank_and_the_cases_are_there() -> None:
    cases = (CountedCases(place_id="place-1", unit_id="unit-1", counts=ONE_LATE),)
    areas = assess(TWO_AREAS, AreaBy.SUBDISTRICT, NOTHING_MEASURED, cases)
    assert ranks(areas) == {"sub-1": None, "sub-2": None}
    assert not any(one.assessable for one in areas)
    assert [one.cases for one in areas] == [ONE_LATE, CaseCounts()]


def test_a_case_counts_for_the_unit_that_answers_for_it_and_for_the_area_of_its_place() -> None:
    cases = (
        CountedCases(place_id="place-1", unit_id="unit-1", counts=ONE_LATE),
        CountedCases(place_id="place-1", unit_id="unit-collecting", counts=ONE_LATE),
        CountedCases(place_id="gone", unit_id="unit-2", counts=ONE_LATE),
    )
    told = measured((0.0, 100), (0.0, 100))

    def due(by: AreaBy) -> dict[str, int]:
        return {one.area: one.cases.due for one in assess(TWO_AREAS, by, told, cases)}

    assert due(AreaBy.UNIT) == {"unit-1": 2, "unit-2": 2, "unit-collecting": 2}
    assert due(AreaBy.SUBDISTRICT) == {"sub-1": 4, "sub-2": 0}
    assert due(AreaBy.SURROUNDINGS) == {"back_alley": 4, "urban_village": 0}
    collecting = assess(TWO_AREAS, AreaBy.UNIT, told, cases)[-1]
    assert (collecting.area, collecting.places, collecting.rank) == ("unit-collecting", 0, None)


def test_the_district_is_all_areas_together() -> None:
    cases = tuple(
        CountedCases(place_id=f"place-{n}", unit_id=f"unit-{n}", counts=ONE_LATE) for n in (1, 2)
    )
    areas = assess(TWO_AREAS, AreaBy.UNIT, measured((30.0, 100), (10.0, 60)), cases)
    total = district_total(areas)
    assert (total.places, total.hours) == (2, LevelHours(above=40.0, measured=160))
    assert total.coverage == Coverage(due=200, observed=160)
    assert (total.cases.due, total.cases.late, total.rank) == (4, 2, None)


def test_rates_are_of_what_was_due() -> None:
    assert (ONE_LATE.late, ONE_LATE.on_time_closure_rate) == (1, 0.5)
    assert CaseCounts(reported=4).on_time_closure_rate is None
