"""The simulated district: the registry everybody reads, and what only the simulator knows.

The same seed gives the same district. Streets, names and outlines are fixed; the seed moves
containers' levels, rounds, cameras' views and sensors' models of service a little.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from domain.devices import Camera, FillSensor, SensorModel
from domain.places import Crew, Name, Place, ResponsibleUnit, Subdistrict, WasteContainer
from domain.registry import RegistrySnapshot
from firmware_sim.camera_geometry import CameraView, camera_view, zones_of
from firmware_sim.district_places import (
    COLLECTING_CREW_ID,
    COLLECTING_UNIT_ID,
    CREWS,
    DISTRICT,
    SUBDISTRICTS,
    UNITS,
    Km,
    PlaceRow,
    Story,
    Street,
)
from firmware_sim.district_streets import STREETS
from firmware_sim.outlines import geo_point, outline
from firmware_sim.profiles import PlaceProfile
from firmware_sim.services import (
    beside_ratio,
    container_profile,
    litter_per_day,
    planned_rounds,
    service_of,
    sweeping_minutes,
)

REPORT_INTERVAL_S = 300
SNAPSHOT_INTERVAL_S = 60
LORAWAN_EVERY = 3
"""Every third fill sensor is a LoRaWAN device."""

_DEPTH_MM = {240: 950.0, 660: 1_150.0}
_JSON_DEAD_ZONE_MM, _JSON_ABOVE_RIM_MM = 200.0, 380.0
_LORAWAN_DEAD_ZONE_MM, _LORAWAN_ABOVE_RIM_MM = 30.0, 220.0
_MISSED_RATIO, _UNSWEPT_RATIO = 0.03, 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class SimDistrict:
    """A district to simulate. ``views`` is by camera id, ``profiles`` by place id."""

    seed: int
    registry: RegistrySnapshot
    profiles: Mapping[str, PlaceProfile]
    views: Mapping[str, CameraView]


@dataclass(frozen=True, slots=True, kw_only=True)
class _BuiltPlace:
    place: Place
    containers: tuple[WasteContainer, ...]
    sensors: tuple[FillSensor, ...]
    profile: PlaceProfile
    camera: Camera | None
    view: CameraView | None


def build_district(seed: int, *, simulator_url: str, gateway_id: str) -> SimDistrict:
    """Return the district. ``simulator_url`` (no slash at its end) serves snapshots and phones."""
    url = simulator_url.rstrip("/")
    built = list(_places(seed, url, gateway_id))
    registry = RegistrySnapshot(
        version=1,
        district=DISTRICT,
        subdistricts={
            key: Subdistrict(
                subdistrict_id=key,
                name=name,
                outline=tuple(geo_point(point) for point in outline(corners)),
            )
            for key, (name, corners) in SUBDISTRICTS.items()
        },
        units={
            key: ResponsibleUnit(unit_id=key, name=name, kind=kind)
            for key, (name, kind) in UNITS.items()
        },
        crews={
            key: Crew(crew_id=key, unit_id=unit_id, name=name, webhook_url=f"{url}/phone/{key}")
            for key, (name, unit_id) in CREWS.items()
        },
        places={one.place.place_id: one.place for one in built},
        containers={bin_.container_id: bin_ for one in built for bin_ in one.containers},
        sensors={sensor.device_id: sensor for one in built for sensor in one.sensors},
        cameras={one.camera.device_id: one.camera for one in built if one.camera},
    )
    return SimDistrict(
        seed=seed,
        registry=registry,
        profiles={one.place.place_id: one.profile for one in built},
        views={one.camera.device_id: one.view for one in built if one.camera and one.view},
    )


def _places(seed: int, url: str, gateway_id: str) -> Iterator[_BuiltPlace]:
    number, sensors_before = 0, 0
    for street in STREETS:
        for index, row in enumerate(street.rows):
            number += 1
            ratio = index / max(1, len(street.rows) - 1)
            place = _place(number, street, row, ratio)
            rng = Random(f"{seed}/place/{place.place_id}")  # noqa: S311 - a simulation
            built = _built_place(place, street, row, rng, url, gateway_id, sensors_before)
            sensors_before += len(built.sensors)
            yield built


def _place(number: int, street: Street, row: PlaceRow, ratio: float) -> Place:
    (east_1, north_1), (east_2, north_2) = street.line
    # Places alternate between the two sides of their street.
    side_km = 0.02 if number % 2 else -0.02
    at: Km = (east_1 + (east_2 - east_1) * ratio, north_1 + (north_2 - north_1) * ratio + side_km)
    return Place(
        place_id=f"place-{number:03d}",
        name=Name(zh=street.zh + row.zh, en=f"{street.en}, {row.en}"),
        kind=row.kind,
        area_kind=street.area_kind,
        subdistrict_id=street.subdistrict,
        grid_cell_id=f"{street.subdistrict}-{int(at[0] * 2 + 10):02d}{int(at[1] * 2 + 10):02d}",
        location=geo_point(at),
        unit_id=street.unit_id,
        collecting_unit_id=COLLECTING_UNIT_ID,
        crew_id=street.crew_id,
        collecting_crew_id=COLLECTING_CREW_ID,
    )


def _built_place(
    place: Place,
    street: Street,
    row: PlaceRow,
    rng: Random,
    url: str,
    gateway_id: str,
    sensors_before: int,
) -> _BuiltPlace:
    number = place.place_id.removeprefix("place-")
    ids = tuple(f"bin-{number}-{letter}" for letter in "abc"[: row.containers])
    # At a camera place the last of several containers has no sensor: the camera alone sees it.
    sensed = ids[:-1] if row.camera and len(ids) > 1 else ids
    service = service_of(street, row)
    containers, sensors = [], []
    for index, container_id in enumerate(ids):
        lorawan = (sensors_before + index) % LORAWAN_EVERY == 0
        containers.append(
            WasteContainer(
                container_id=container_id,
                place_id=place.place_id,
                depth_mm=_DEPTH_MM[int(service.capacity_l)],
                sensor_above_rim_mm=_LORAWAN_ABOVE_RIM_MM if lorawan else _JSON_ABOVE_RIM_MM,
                capacity_l=service.capacity_l,
            )
        )
        if container_id in sensed:
            sensors.append(
                _sensor(containers[-1], gateway_id, sensors_before + index, lorawan=lorawan)
            )
    view = camera_view(ids, rng) if row.camera else None
    return _BuiltPlace(
        place=place,
        containers=tuple(containers),
        sensors=tuple(sensors),
        profile=_profile(place.place_id, ids, street, row, rng),
        camera=_camera(place.place_id, number, view, url, gateway_id) if view else None,
        view=view,
    )


def _sensor(container: WasteContainer, gateway_id: str, index: int, *, lorawan: bool) -> FillSensor:
    return FillSensor(
        device_id=container.container_id.replace("bin-", "fill-"),
        place_id=container.place_id,
        container_id=container.container_id,
        gateway_id=gateway_id,
        model=SensorModel.MILESIGHT_EM400_MUD if lorawan else SensorModel.HUANWEI_JSON,
        report_interval_s=REPORT_INTERVAL_S,
        dead_zone_mm=_LORAWAN_DEAD_ZONE_MM if lorawan else _JSON_DEAD_ZONE_MM,
        dev_eui=f"24e124713c{index + 0x10A0:06x}" if lorawan else None,
    )


def _profile(
    place_id: str, ids: tuple[str, ...], street: Street, row: PlaceRow, rng: Random
) -> PlaceProfile:
    service = service_of(street, row)
    # Only the first container overflows by the story; a truck takes them all.
    others = Story(truck_min=row.story.truck_min)
    containers = tuple(
        container_profile(container_id, service, row.story if index == 0 else others, rng)
        for index, container_id in enumerate(ids)
    )
    busiest = max(container.fills_per_day for container in containers)
    return PlaceProfile(
        place_id=place_id,
        hourly=service.hourly,
        containers=containers,
        litter_per_day=litter_per_day(service, row.story),
        beside_ratio=beside_ratio(row.story),
        rounds=planned_rounds(service, row.story, busiest, rng),
        sweeping_minutes=sweeping_minutes(service, row.story),
        missed_ratio=_MISSED_RATIO,
        unswept_ratio=_UNSWEPT_RATIO,
    )


def _camera(place_id: str, number: str, view: CameraView, url: str, gateway_id: str) -> Camera:
    device_id = f"cam-{number}"
    return Camera(
        device_id=device_id,
        place_id=place_id,
        gateway_id=gateway_id,
        snapshot_url=f"{url}/cameras/{device_id}/snapshot.jpg",
        snapshot_interval_s=SNAPSHOT_INTERVAL_S,
        zones=zones_of(view),
        sign_posted=True,
        legal_basis="《个人信息保护法》第二十六条：维护公共安全所必需",
    )
