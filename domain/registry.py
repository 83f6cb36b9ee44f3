"""One consistent state of the registry: what stands where, and who answers for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from domain.checks import InvalidValueError
from domain.devices import Camera, Device, FillSensor
from domain.places import (
    Crew,
    Name,
    Place,
    ResponsibleUnit,
    Subdistrict,
    WasteContainer,
)
from domain.problems import COLLECTING_UNIT_CLASSES, ProblemClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsibility:
    """Who answers for a problem at a place, and who goes there."""

    unit_id: str
    crew_id: str


@dataclass(frozen=True, kw_only=True)
class RegistrySnapshot:
    """All entries by id. Checked as a whole: no entry names one that is not there.

    Raises :class:`InvalidValueError` naming the entry and what it misses.
    """

    version: int
    district: Name
    subdistricts: Mapping[str, Subdistrict]
    units: Mapping[str, ResponsibleUnit]
    crews: Mapping[str, Crew]
    places: Mapping[str, Place]
    containers: Mapping[str, WasteContainer]
    sensors: Mapping[str, FillSensor]
    cameras: Mapping[str, Camera] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for crew in self.crews.values():
            _must_know("crew", crew.crew_id, crew.unit_id, self.units)
        for place in self.places.values():
            owner = ("place", place.place_id)
            _must_know(*owner, place.subdistrict_id, self.subdistricts)
            _must_know(*owner, place.unit_id, self.units)
            _must_know(*owner, place.collecting_unit_id, self.units)
            _must_know(*owner, place.crew_id, self.crews)
            _must_know(*owner, place.collecting_crew_id, self.crews)
        for container in self.containers.values():
            _must_know("container", container.container_id, container.place_id, self.places)
        for sensor in self.sensors.values():
            _must_know("sensor", sensor.device_id, sensor.place_id, self.places)
            _must_know("sensor", sensor.device_id, sensor.container_id, self.containers)
        for camera in self.cameras.values():
            _must_know("camera", camera.device_id, camera.place_id, self.places)
            for zone in camera.zones:
                if zone.container_id is not None:
                    _must_know("camera", camera.device_id, zone.container_id, self.containers)
        both = self.sensors.keys() & self.cameras.keys()
        if both:
            msg = f"device ids used twice: {', '.join(sorted(both))}"
            raise InvalidValueError(msg)

    def device(self, device_id: str) -> Device | None:
        """Return the sensor or camera of that id, or None."""
        return self.sensors.get(device_id) or self.cameras.get(device_id)

    def responsibility(self, place_id: str, problem_class: ProblemClass) -> Responsibility:
        """Return who answers for ``problem_class`` at that place (KeyError: no such place)."""
        place = self.places[place_id]
        if problem_class in COLLECTING_UNIT_CLASSES:
            return Responsibility(
                unit_id=place.collecting_unit_id, crew_id=place.collecting_crew_id
            )
        return Responsibility(unit_id=place.unit_id, crew_id=place.crew_id)

    @cached_property
    def sensor_by_dev_eui(self) -> Mapping[str, FillSensor]:
        """LoRaWAN sensors by their DevEUI."""
        return {s.dev_eui: s for s in self.sensors.values() if s.dev_eui is not None}

    @cached_property
    def sensors_at(self) -> Mapping[str, tuple[FillSensor, ...]]:
        """Fill sensors by place, every place included."""
        return {
            place_id: tuple(s for s in self.sensors.values() if s.place_id == place_id)
            for place_id in self.places
        }

    @cached_property
    def cameras_at(self) -> Mapping[str, tuple[Camera, ...]]:
        """Cameras by place, every place included."""
        return {
            place_id: tuple(c for c in self.cameras.values() if c.place_id == place_id)
            for place_id in self.places
        }


def _must_know(kind: str, owner: str, wanted: str, known: Mapping[str, object]) -> None:
    if wanted not in known:
        msg = f"{kind} {owner} names {wanted}, which the registry does not have"
        raise InvalidValueError(msg)
