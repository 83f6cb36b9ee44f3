"""What was measured, added up: by device in the stores, by place, unit and area in here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from domain.checks import InvalidValueError
from domain.device_health import interval_s
from domain.devices import Device
from domain.places import Place
from domain.records import MeasurementQuality
from domain.registry import RegistrySnapshot

_SECONDS_AN_HOUR = 3_600

LEVEL_STEP_PERCENT = 5
LEVEL_STEPS = 21
"""Levels are counted in steps of 5 %: from 0 % up to 95 %, and 100 % with all above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestLevel:
    """The newest reading of a fill sensor; the level is None where it told none."""

    observed_at: datetime
    measurement_quality: MeasurementQuality
    filling_level: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyLevel:
    """The accepted levels of some devices in the hour from ``hour`` (UTC), at least one.

    The mean is exact to a millionth.
    """

    hour: datetime
    accepted: int
    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelHours:
    """How many hours a level was reached, out of ``measured`` hours with an accepted reading.

    ``above`` is the sum over hours of the share of the hour's accepted readings at or above it.
    """

    above: float
    measured: int

    @property
    def share(self) -> float | None:
        """The part of the measured hours, None where nothing was measured."""
        return self.above / self.measured if self.measured else None

    def __add__(self, other: "LevelHours") -> "LevelHours":
        """Return both together, of other hours or another sensor."""
        return LevelHours(above=self.above + other.above, measured=self.measured + other.measured)


NO_HOURS = LevelHours(above=0.0, measured=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Device-hours that should have been observed, and those that were."""

    due: int
    observed: int

    @property
    def ratio(self) -> float | None:
        """The observed part, None where nothing was due."""
        return self.observed / self.due if self.due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedArea:
    """An area in a ranking, with its number of places."""

    area: str
    places: int
    hours: LevelHours


def level_step(percent: int) -> int:
    """Return the step (0 to 20) that a level in percent begins.

    Raises :class:`InvalidValueError` where no step begins: the stores count in steps of 5 %.
    """
    step, rest = divmod(percent, LEVEL_STEP_PERCENT)
    if rest or not 0 <= step < LEVEL_STEPS:
        msg = f"level: {percent} % is not one of 0, 5, 10 ... 100 %"
        raise InvalidValueError(msg)
    return step


def latest_by_place(
    latest: Mapping[str, LatestLevel], registry: RegistrySnapshot
) -> dict[str, dict[str, LatestLevel]]:
    """Return for every place the newest reading of each container that has ever had one."""
    places: dict[str, dict[str, LatestLevel]] = {place_id: {} for place_id in registry.places}
    for sensor in registry.sensors.values():
        found = latest.get(sensor.device_id)
        if found is None:
            continue
        containers = places[sensor.place_id]
        known = containers.get(sensor.container_id)
        if known is None or found.observed_at > known.observed_at:
            containers[sensor.container_id] = found
    return places


def hours_by_place(
    hours: Mapping[str, LevelHours], registry: RegistrySnapshot
) -> dict[str, LevelHours]:
    """Return for every place the hours of its sensors together: two full bins count twice."""
    return _added({place_id: (place_id,) for place_id in registry.places}, hours, registry)


def rank_areas(
    hours: Mapping[str, LevelHours],
    registry: RegistrySnapshot,
    area_of: Callable[[Place], str],
) -> list[RankedArea]:
    """Return the areas by their share of hours, the highest first; unmeasured ones at the end.

    ``area_of`` says what an area is: the subdistrict, the kind of surroundings, the unit.
    """
    places: dict[str, list[str]] = {}
    for place in registry.places.values():
        places.setdefault(area_of(place), []).append(place.place_id)
    ranked = [
        RankedArea(area=area, places=len(places[area]), hours=added)
        for area, added in _added(places, hours, registry).items()
    ]
    return sorted(ranked, key=_rank)


def hours_observed(device: Device, usable_hours: int, *, hours_due: int) -> int:
    """Return how many of ``hours_due`` a device has observed.

    Of one that speaks every few hours one usable hour counts for as many.
    """
    held = max(1, ceil(interval_s(device) / _SECONDS_AN_HOUR))
    return min(usable_hours * held, hours_due)


def coverage_by_area(
    usable_hours: Mapping[str, int],
    registry: RegistrySnapshot,
    area_of: Callable[[Place], str],
    *,
    hours_due: int,
) -> dict[str, Coverage]:
    """Return the coverage of every area that has places, sensors and cameras alike.

    ``hours_due`` is what each device should have observed in the time that was asked about.
    """
    areas = {area_of(place) for place in registry.places.values()}
    observed, devices = dict.fromkeys(areas, 0), dict.fromkeys(areas, 0)
    every: list[Device] = [*registry.sensors.values(), *registry.cameras.values()]
    for device in every:
        area = area_of(registry.places[device.place_id])
        devices[area] += 1
        observed[area] += hours_observed(
            device, usable_hours.get(device.device_id, 0), hours_due=hours_due
        )
    return {
        area: Coverage(due=devices[area] * hours_due, observed=observed[area]) for area in areas
    }


def coverage_by_unit(
    usable_hours: Mapping[str, int], registry: RegistrySnapshot, *, hours_due: int
) -> dict[str, Coverage]:
    """Return for every unit the coverage of the places it answers for, if any."""
    found = coverage_by_area(
        usable_hours, registry, lambda place: place.unit_id, hours_due=hours_due
    )
    return {unit_id: found.get(unit_id, Coverage(due=0, observed=0)) for unit_id in registry.units}


def _added(
    groups: Mapping[str, list[str]] | Mapping[str, tuple[str]],
    hours: Mapping[str, LevelHours],
    registry: RegistrySnapshot,
) -> dict[str, LevelHours]:
    added = {}
    for name, place_ids in groups.items():
        found = [
            hours[sensor.device_id]
            for place_id in place_ids
            for sensor in registry.sensors_at[place_id]
            if sensor.device_id in hours
        ]
        added[name] = sum(found, NO_HOURS)
    return added


def _rank(area: RankedArea) -> tuple[bool, float, str]:
    share = area.hours.share
    return share is None, -(share or 0.0), area.area
