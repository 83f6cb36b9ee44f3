"""Places: the list with the present states, and everything about one place."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.errors import ApiError, ErrorCode
from api.parts import CentreParts
from api.present import latest_records, present_places
from api.request_facts import Parts, Reader
from api.v1.answers import AlertAnswer, Answer, CaseAnswer, DeviceAnswer, PlaceAnswer
from domain.devices import Device, FillSensor
from domain.records import FillReading

router = APIRouter(tags=["places"])

MOST_READINGS = 2000
"""The most readings of one series that are told; more are thinned out evenly, and counted."""

_MOST_EPISODES = 50


class ReadingAnswer(Answer):
    """One reading of a fill sensor; ``level`` is a ratio, null where it told none."""

    at: datetime
    level: float | None
    measurement_quality: str


class FillSeriesAnswer(Answer):
    """The fill curve of one container. ``measured`` counts all readings, told or thinned out."""

    device_id: str
    container_id: str
    measured: int
    readings: list[ReadingAnswer]
    emptied_at: list[datetime]


class PlaceListAnswer(Answer):
    """All places."""

    district_version: int
    places: list[PlaceAnswer]


class PlaceDetailAnswer(Answer):
    """Everything about one place; the newest alerts and cases come first."""

    place: PlaceAnswer
    devices: list[DeviceAnswer]
    fill: list[FillSeriesAnswer]
    alerts: list[AlertAnswer]
    cases: list[CaseAnswer]


@router.get("/places", summary="All places and how they stand now")
def list_places(parts: Parts, locale: Reader) -> PlaceListAnswer:
    """Tell every place with its present state: `unknown` where nothing fresh speaks for it."""
    registry = parts.registry.current()
    present = present_places(parts, registry, latest_records(parts))
    return PlaceListAnswer(
        district_version=registry.version,
        places=[
            PlaceAnswer.of(place, present[place_id], parts.catalogue, locale)
            for place_id, place in registry.places.items()
        ],
    )


@router.get("/places/{place_id}", summary="One place: devices, fill curve, alerts, cases")
def one_place(
    place_id: Annotated[str, Path(max_length=32)],
    parts: Parts,
    locale: Reader,
    hours: Annotated[int, Query(ge=1, le=168, description="Length of the fill curve")] = 24,
) -> PlaceDetailAnswer:
    """Tell everything about one place."""
    registry = parts.registry.current()
    place = registry.places.get(place_id)
    if place is None:
        raise ApiError(ErrorCode.UNKNOWN_PLACE)
    latest, now = latest_records(parts), parts.clock.now()
    sensors, cameras = registry.sensors_at[place_id], registry.cameras_at[place_id]
    devices: list[Device] = [*sensors, *cameras]
    present = present_places(parts, registry, latest)[place_id]
    since = now - timedelta(hours=hours)
    return PlaceDetailAnswer(
        place=PlaceAnswer.of(place, present, parts.catalogue, locale),
        devices=[
            DeviceAnswer.of(
                device,
                latest.get(device.device_id),
                now,
                parts.health_limits,
                parts.catalogue,
                locale,
            )
            for device in devices
        ],
        fill=[_series(parts, sensor, since=since, until=now) for sensor in sensors],
        alerts=[
            AlertAnswer.of(alert, parts.catalogue, locale)
            for alert in parts.book.alerts_at(place_id, _MOST_EPISODES)
        ],
        cases=[
            CaseAnswer.of(case, now, parts.catalogue, locale)
            for case in parts.book.cases_at(place_id, _MOST_EPISODES)
        ],
    )


def _series(
    parts: CentreParts, sensor: FillSensor, *, since: datetime, until: datetime
) -> FillSeriesAnswer:
    readings = parts.history.fill(sensor.device_id, since=since, until=until)
    emptyings = parts.history.emptyings(sensor.device_id, since=since, until=until)
    return FillSeriesAnswer(
        device_id=sensor.device_id,
        container_id=sensor.container_id,
        measured=len(readings),
        readings=[
            ReadingAnswer(
                at=at, level=reading.filling_level, measurement_quality=reading.measurement_quality
            )
            for at, reading in _thinned(readings)
        ],
        emptied_at=[record.observed_at for record in emptyings],
    )


def _thinned(
    readings: Sequence[tuple[datetime, FillReading]],
) -> Sequence[tuple[datetime, FillReading]]:
    """Keep every n-th reading, the newest always."""
    step = -(-len(readings) // MOST_READINGS) or 1
    return readings[(len(readings) - 1) % step :: step]
