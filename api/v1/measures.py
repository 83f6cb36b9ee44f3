"""What was measured, added up: fullness by hour, hours above a level, coverage, the ranking."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.assessment import midnight
from api.errors import ApiError, ErrorCode
from api.parts import CentreParts
from api.request_facts import Parts
from api.v1.answers import Answer
from domain.assessment import AreaBy, area_chooser
from domain.measures import (
    LEVEL_STEP_PERCENT,
    Coverage,
    LatestLevel,
    LevelHours,
    coverage_by_unit,
    hours_by_place,
    latest_by_place,
    rank_areas,
)
from texts.formatting import DISTRICT_ZONE

router = APIRouter(tags=["measures"])

_AN_HOUR = timedelta(hours=1)

Days = Annotated[
    int, Query(ge=1, le=366, description="So many days of the district, today the last of them")
]
Level = Annotated[
    int, Query(ge=0, le=100, multiple_of=LEVEL_STEP_PERCENT, description="In percent")
]


class LevelHoursAnswer(Answer):
    """Hours at or above a level, of the hours with an accepted reading; `share` is their ratio,
    null where nothing was measured.
    """

    hours_above: float
    hours_measured: int
    share: float | None

    @classmethod
    def of(cls, hours: LevelHours) -> "LevelHoursAnswer":
        """Tell hours above a level."""
        return cls(hours_above=hours.above, hours_measured=hours.measured, share=hours.share)


class ContainerLevelAnswer(Answer):
    """The newest reading of a container; ``level`` is a ratio, null where it told none."""

    container_id: str
    at: datetime
    level: float | None
    measurement_quality: str

    @classmethod
    def of(cls, container_id: str, latest: LatestLevel) -> "ContainerLevelAnswer":
        """Tell the newest reading of a container."""
        return cls(
            container_id=container_id,
            at=latest.observed_at,
            level=latest.filling_level,
            measurement_quality=latest.measurement_quality,
        )


class MeasuredPlaceAnswer(Answer):
    """A place: its containers that have ever spoken, and how long they were full."""

    place_id: str
    containers: list[ContainerLevelAnswer]
    hours: LevelHoursAnswer


class MeasuredPlacesAnswer(Answer):
    """All places over the days from ``since`` until before ``until``."""

    since: date
    until: date
    level_percent: int
    places: list[MeasuredPlaceAnswer]


class RankedAreaAnswer(Answer):
    """An area: a subdistrict, a kind of surroundings or a unit, by its id."""

    area: str
    places: int
    hours: LevelHoursAnswer


class RankingAnswer(Answer):
    """The areas, the one with the highest share first; those without a measure at the end."""

    since: date
    until: date
    level_percent: int
    by: AreaBy
    areas: list[RankedAreaAnswer]


class ObservedHoursAnswer(Answer):
    """Device-hours that should have been observed, and those that were; null where none was due."""

    hours_due: int
    hours_observed: int
    coverage_ratio: float | None

    @classmethod
    def of(cls, coverage: Coverage) -> "ObservedHoursAnswer":
        """Tell a coverage."""
        return cls(
            hours_due=coverage.due,
            hours_observed=coverage.observed,
            coverage_ratio=coverage.ratio,
        )


class UnitCoverageAnswer(ObservedHoursAnswer):
    """The coverage of a unit's places."""

    unit_id: str


class CoverageAnswer(Answer):
    """The coverage of every unit, over the full hours of the days from ``since`` until now."""

    since: date
    units: list[UnitCoverageAnswer]


class HourAnswer(Answer):
    """The accepted levels of a place's sensors together in the hour from ``hour``."""

    hour: datetime
    accepted: int
    mean: float
    lowest: float
    highest: float


class PlaceHoursAnswer(Answer):
    """A place by hour; hours without an accepted level are left out."""

    place_id: str
    hours: list[HourAnswer]


@router.get("/measures/places", summary="All places: newest levels, hours above a level")
def measured_places(parts: Parts, days: Days = 7, level: Level = 80) -> MeasuredPlacesAnswer:
    """Tell of every place its containers' newest levels and how long they were that full."""
    registry, (since, until) = parts.registry.current(), _days(parts, days)
    latest = latest_by_place(parts.measures.latest_levels(), registry)
    by_sensor = parts.measures.level_hours(level, since=since, until=until)
    return MeasuredPlacesAnswer(
        since=since,
        until=until,
        level_percent=level,
        places=[
            MeasuredPlaceAnswer(
                place_id=place_id,
                containers=[
                    ContainerLevelAnswer.of(container_id, one)
                    for container_id, one in latest[place_id].items()
                ],
                hours=LevelHoursAnswer.of(hours),
            )
            for place_id, hours in hours_by_place(by_sensor, registry).items()
        ],
    )


@router.get("/measures/places/{place_id}/hours", summary="One place by hour")
def measured_hours(
    place_id: Annotated[str, Path(max_length=32)],
    parts: Parts,
    hours: Annotated[int, Query(ge=1, le=24 * 366, description="So many hours back")] = 168,
) -> PlaceHoursAnswer:
    """Tell mean, lowest and highest level of each hour, the running one the last."""
    registry, now = parts.registry.current(), parts.clock.now()
    if place_id not in registry.places:
        raise ApiError(ErrorCode.UNKNOWN_PLACE)
    devices = [sensor.device_id for sensor in registry.sensors_at[place_id]]
    found = parts.measures.hourly_levels(devices, since=now - hours * _AN_HOUR, until=now)
    return PlaceHoursAnswer(
        place_id=place_id,
        hours=[
            HourAnswer(
                hour=one.hour,
                accepted=one.accepted,
                mean=one.mean,
                lowest=one.lowest,
                highest=one.highest,
            )
            for one in found
        ],
    )


@router.get("/measures/areas", summary="The ranking of areas by their hours above a level")
def ranked_areas(
    parts: Parts, by: AreaBy = AreaBy.SUBDISTRICT, days: Days = 7, level: Level = 80
) -> RankingAnswer:
    """Tell where containers were full for the greatest part of the measured time."""
    since, until = _days(parts, days)
    by_sensor = parts.measures.level_hours(level, since=since, until=until)
    ranked = rank_areas(by_sensor, parts.registry.current(), area_chooser(by))
    return RankingAnswer(
        since=since,
        until=until,
        level_percent=level,
        by=by,
        areas=[
            RankedAreaAnswer(area=one.area, places=one.places, hours=LevelHoursAnswer.of(one.hours))
            for one in ranked
        ],
    )


@router.get("/measures/units", summary="The coverage of every unit")
def covered_units(parts: Parts, days: Days = 7) -> CoverageAnswer:
    """Tell how much of what should have been observed at a unit's places was observed."""
    since, until = _days(parts, days)
    hours_due = (parts.clock.now() - midnight(since)) // _AN_HOUR
    usable = parts.measures.usable_hours(since=since, until=until)
    coverage = coverage_by_unit(usable, parts.registry.current(), hours_due=hours_due)
    return CoverageAnswer(
        since=since,
        units=[
            UnitCoverageAnswer(
                unit_id=unit_id,
                hours_due=one.due,
                hours_observed=one.observed,
                coverage_ratio=one.ratio,
            )
            for unit_id, one in coverage.items()
        ],
    )


def _days(parts: CentreParts, days: int) -> tuple[date, date]:
    """Return the first of so many days, and the day after today."""
    until = parts.clock.now().astimezone(DISTRICT_ZONE).date() + timedelta(days=1)
    return until - timedelta(days=days), until
