"""The sketch of a place's surroundings: directions, distances, and labels that do not collide."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.place_sketch import (
    HEIGHT,
    WIDTH,
    direction_code,
    nearest_neighbour,
    offset_m,
    sketch_of,
)
from domain.places import GeoPoint, Name, Place
from domain.registry import RegistrySnapshot
from firmware_sim.district import build_district

REGISTRY = build_district(1, simulator_url="http://127.0.0.1:8010", gateway_id="gateway-1").registry
PLACES = list(REGISTRY.places.values())


def name_of(place: Place) -> str:
    return place.name.zh


def moved(place: Place, *, north_m: float, east_m: float, place_id: str) -> Place:
    shrink = 0.8587  # cos of the latitude below
    location = GeoPoint(
        latitude_deg=30.83 + north_m / 111_195, longitude_deg=112.6 + east_m / 111_195 / shrink
    )
    return replace(place, place_id=place_id, name=Name(zh=place_id), location=location)


def district_of(*places: Place) -> RegistrySnapshot:
    return replace(
        REGISTRY,
        places={place.place_id: place for place in places},
        containers={},
        sensors={},
        cameras={},
    )


@pytest.mark.parametrize(
    ("east_m", "north_m", "code"),
    [
        (0, 100, "n"),
        (100, 100, "ne"),
        (100, 0, "e"),
        (100, -100, "se"),
        (0, -100, "s"),
        (-100, -100, "sw"),
        (-100, 0, "w"),
        (-100, 100, "nw"),
        (-1, 100, "n"),
    ],
)
def test_an_offset_is_called_by_the_nearest_of_eight_directions(
    east_m: float, north_m: float, code: str
) -> None:
    assert direction_code(east_m, north_m) == code


def test_the_nearest_neighbour_is_told_with_the_way_from_it_to_the_place() -> None:
    here = moved(PLACES[0], north_m=0, east_m=0, place_id="here")
    near = moved(PLACES[0], north_m=-300, east_m=0, place_id="near")
    far = moved(PLACES[0], north_m=900, east_m=0, place_id="far")
    neighbour = nearest_neighbour(here, district_of(here, far, near))
    assert neighbour is not None
    assert neighbour.place is near
    assert neighbour.direction == "n", "here lies north of the neighbour"
    assert neighbour.distance_m == pytest.approx(300, rel=0.01)
    assert not neighbour.is_beside


def test_a_place_alone_in_its_district_has_no_neighbour_and_still_a_sketch() -> None:
    here = moved(PLACES[0], north_m=0, east_m=0, place_id="here")
    assert nearest_neighbour(here, district_of(here)) is None
    assert sketch_of(here, district_of(here), name_of).marks == ()


def test_two_places_at_one_spot_are_beside_each_other() -> None:
    here = moved(PLACES[0], north_m=0, east_m=0, place_id="here")
    twin = moved(PLACES[0], north_m=0, east_m=5, place_id="twin")
    neighbour = nearest_neighbour(here, district_of(here, twin))
    assert neighbour is not None
    assert neighbour.is_beside


@pytest.mark.parametrize("place", PLACES[::7], ids=lambda place: place.place_id)
def test_every_sketch_keeps_its_marks_inside_and_its_scale_bar_short(place: Place) -> None:
    sketch = sketch_of(place, REGISTRY, name_of)
    for mark in sketch.marks:
        assert 0 < mark.x < WIDTH
        assert 0 < mark.y < HEIGHT
    assert len([mark for mark in sketch.marks if mark.label]) <= 3
    assert 0 < sketch.scale_width <= WIDTH / 3


@settings(max_examples=50)
@given(
    spots=st.lists(
        st.tuples(st.integers(-900, 900), st.integers(-900, 900)), min_size=1, max_size=12
    )
)
def test_labels_never_lie_over_each_other(spots: list[tuple[int, int]]) -> None:
    here = moved(PLACES[0], north_m=0, east_m=0, place_id="here")
    others = [
        moved(PLACES[0], north_m=north, east_m=east, place_id=f"place-{number:02}")
        for number, (north, east) in enumerate(spots)
    ]
    labelled = [m for m in sketch_of(here, district_of(here, *others), name_of).marks if m.label]
    for number, mark in enumerate(labelled):
        for other in labelled[number + 1 :]:
            apart = abs(mark.x - other.x) >= 8 * 5.9 or abs(mark.y - other.y) >= 13.5
            assert apart, (mark, other)


def test_offsets_are_metres_on_the_ground() -> None:
    origin = GeoPoint(latitude_deg=30.0, longitude_deg=113.0)
    east_m, north_m = offset_m(origin, GeoPoint(latitude_deg=30.01, longitude_deg=113.01))
    assert north_m == pytest.approx(1112, abs=1)
    assert east_m == pytest.approx(963, abs=1)
