from collections import Counter

import pytest

from domain.devices import SensorModel, ZoneKind
from domain.places import AreaKind, GeoPoint, PlaceKind
from firmware_sim.district_places import COLLECTING_CREW_ID, VISITOR_CREW_ID, VISITOR_UNIT_ID
from tests.fakes.simulated_district import district

REGISTRY = district().registry


def _inside(point: GeoPoint, outline: tuple[GeoPoint, ...]) -> bool:
    inside = False
    x, y = point.longitude_deg, point.latitude_deg
    for one, other in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (one.latitude_deg > y) != (other.latitude_deg > y):
            ratio = (y - one.latitude_deg) / (other.latitude_deg - one.latitude_deg)
            if x < one.longitude_deg + ratio * (other.longitude_deg - one.longitude_deg):
                inside = not inside
    return inside


def test_the_same_seed_gives_the_same_district() -> None:
    assert district(3) == district(3)
    assert district(3) != district(4)


def test_it_has_the_size_that_was_asked_for() -> None:
    assert len(REGISTRY.places) == 60
    assert len(REGISTRY.units) == 5
    assert len(REGISTRY.crews) == 4
    assert len(REGISTRY.cameras) == 12
    assert 60 <= len(REGISTRY.sensors) <= 72
    markets = [p for p in REGISTRY.places.values() if p.kind is PlaceKind.FARMERS_MARKET]
    assert len(markets) == 2
    assert {place.area_kind for place in REGISTRY.places.values()} == set(AreaKind)
    assert {place.kind for place in REGISTRY.places.values()} == set(PlaceKind)


def test_no_two_places_share_a_name_in_either_language() -> None:
    for names in (
        [place.name.zh for place in REGISTRY.places.values()],
        [place.name.en for place in REGISTRY.places.values()],
    ):
        assert [name for name, count in Counter(names).items() if count > 1] == []


def test_a_third_of_the_sensors_are_lorawan_devices() -> None:
    lorawan = [
        sensor
        for sensor in REGISTRY.sensors.values()
        if sensor.model is SensorModel.MILESIGHT_EM400_MUD
    ]
    assert len(lorawan) == len(REGISTRY.sensors) // 3
    assert len(REGISTRY.sensor_by_dev_eui) == len(lorawan)


def test_every_place_has_a_sensor_and_every_other_container_a_camera() -> None:
    assert all(REGISTRY.sensors_at[place_id] for place_id in REGISTRY.places)
    sensed = {sensor.container_id for sensor in REGISTRY.sensors.values()}
    filmed = {zone.container_id for camera in REGISTRY.cameras.values() for zone in camera.zones}
    assert set(REGISTRY.containers) <= sensed | filmed


@pytest.mark.parametrize("place_id", sorted(REGISTRY.places))
def test_a_place_lies_in_its_own_subdistrict_and_in_no_other(place_id: str) -> None:
    place = REGISTRY.places[place_id]
    around = [
        key
        for key, subdistrict in REGISTRY.subdistricts.items()
        if _inside(place.location, tuple(subdistrict.outline))
    ]
    assert around == [place.subdistrict_id]


def test_neighbouring_subdistricts_share_every_bend_of_their_border() -> None:
    sides = Counter[frozenset[GeoPoint]]()
    for subdistrict in REGISTRY.subdistricts.values():
        outline = tuple(subdistrict.outline)
        assert len(outline) > 20
        closed = zip(outline, (*outline[1:], outline[0]), strict=True)
        sides.update(frozenset(side) for side in closed)
    shared = sum(count == 2 for count in sides.values())
    assert shared > 30
    assert max(sides.values()) == 2


def test_places_are_far_enough_apart_to_be_told_apart_on_a_map() -> None:
    spots = [place.location for place in REGISTRY.places.values()]
    nearest_deg = min(
        abs(one.latitude_deg - other.latitude_deg) + abs(one.longitude_deg - other.longitude_deg)
        for index, one in enumerate(spots)
        for other in spots[:index]
    )
    assert nearest_deg > 0.0008


def test_the_visitors_crew_has_places_of_its_own_with_cameras() -> None:
    theirs = {p.place_id for p in REGISTRY.places.values() if p.crew_id == VISITOR_CREW_ID}
    assert {REGISTRY.places[place_id].unit_id for place_id in theirs} == {VISITOR_UNIT_ID}
    assert len(theirs & {camera.place_id for camera in REGISTRY.cameras.values()}) == 3
    assert REGISTRY.crews[VISITOR_CREW_ID].webhook_url == "http://127.0.0.1:8010/phone/crew-visitor"


def test_one_crew_collects_everywhere() -> None:
    assert {p.collecting_crew_id for p in REGISTRY.places.values()} == {COLLECTING_CREW_ID}


def test_a_camera_sees_all_bins_of_its_place_and_one_ground() -> None:
    for camera in REGISTRY.cameras.values():
        seen = {zone.container_id for zone in camera.zones if zone.kind is ZoneKind.BIN}
        standing = {
            container.container_id
            for container in REGISTRY.containers.values()
            if container.place_id == camera.place_id
        }
        assert seen == standing
        grounds = [zone for zone in camera.zones if zone.kind is ZoneKind.GROUND]
        assert len(grounds) == 1
        assert (grounds[0].area_m2 or 0) > 10
        url = f"http://127.0.0.1:8010/cameras/{camera.device_id}/snapshot.jpg"
        assert camera.snapshot_url == url


def test_a_sensor_can_measure_up_to_the_rim() -> None:
    for sensor in REGISTRY.sensors.values():
        container = REGISTRY.containers[sensor.container_id]
        assert container.sensor_above_rim_mm > sensor.dead_zone_mm + 100
