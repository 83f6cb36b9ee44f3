"""A sketch of a place's surroundings, for a phone without map tiles: pure geometry."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from domain.places import GeoPoint, Place
from domain.registry import RegistrySnapshot

_METRES_A_DEGREE = 111_195.0
_DIRECTIONS = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
_SCALES_M = (50, 100, 200, 500, 1000, 2000, 5000)
_MOST_LABELS = 3
_BESIDE_M = 20.0

WIDTH, HEIGHT = 340.0, 170.0
"""The sketch's own units."""

_NARROWEST_M, _WIDEST_M = 400.0, 6000.0
_LABEL_ROOM, _MARGIN = 26.0, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A neighbouring place in the sketch; ``place`` is None where a label would not fit."""

    x: float
    y: float
    place: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """The place in the middle, its neighbours, the outlines behind, and a scale bar."""

    marks: tuple[Mark, ...]
    outlines: tuple[str, ...]
    scale_m: int
    scale_width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """The nearest other place, seen from where the crew must go.

    ``direction`` is a code of eight, from the neighbour towards the place.
    """

    place: Place
    distance_m: float
    direction: str

    @property
    def is_beside(self) -> bool:
        """Whether the two are so near that a direction would only confuse."""
        return self.distance_m < _BESIDE_M


def offset_m(origin: GeoPoint, point: GeoPoint) -> tuple[float, float]:
    """Return how far ``point`` is east and north of ``origin``, in metres (good to some 10 km)."""
    shrink = math.cos(math.radians(origin.latitude_deg))
    east = (point.longitude_deg - origin.longitude_deg) * _METRES_A_DEGREE * shrink
    north = (point.latitude_deg - origin.latitude_deg) * _METRES_A_DEGREE
    return east, north


def direction_code(east_m: float, north_m: float) -> str:
    """Return the one of eight directions that an offset points to."""
    bearing_deg = math.degrees(math.atan2(east_m, north_m)) % 360
    return _DIRECTIONS[round(bearing_deg / 45) % 8]


def nearest_neighbour(place: Place, registry: RegistrySnapshot) -> Neighbour | None:
    """Return the nearest other place, None in a district of one."""
    others = _others(place, registry)
    if not others:
        return None
    distance_m, other = others[0]
    east_m, north_m = offset_m(other.location, place.location)
    return Neighbour(place=other, distance_m=distance_m, direction=direction_code(east_m, north_m))


def sketch_of(place: Place, registry: RegistrySnapshot) -> Sketch:
    """Return the sketch: wide enough to show a few neighbours."""
    others = _others(place, registry)
    reach_m = others[min(len(others), _MOST_LABELS) - 1][0] if others else 0.0
    width_m = min(max(reach_m * 2.6 * WIDTH / HEIGHT, _NARROWEST_M), _WIDEST_M)
    units_a_metre = WIDTH / width_m

    def at(point: GeoPoint) -> tuple[float, float]:
        east_m, north_m = offset_m(place.location, point)
        return WIDTH / 2 + east_m * units_a_metre, HEIGHT / 2 - north_m * units_a_metre

    scale_m = max(s for s in _SCALES_M if s * units_a_metre <= WIDTH / 3 or s == _SCALES_M[0])
    return Sketch(
        marks=_marks([(*at(other.location), other) for _, other in others]),
        outlines=tuple(
            " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, subdistrict.outline))
            for subdistrict in registry.subdistricts.values()
            if subdistrict.outline
        ),
        scale_m=scale_m,
        scale_width=scale_m * units_a_metre,
    )


def _marks(spots: Sequence[tuple[float, float, Place]]) -> tuple[Mark, ...]:
    """Everything inside the frame; labels for the nearest, where they would not overlap."""
    marks: list[Mark] = []
    labelled = [(WIDTH / 2, HEIGHT / 2)]
    for x, y, place in spots:
        if not (_MARGIN <= x <= WIDTH - _MARGIN and _MARGIN <= y <= HEIGHT - _MARGIN):
            continue
        fits = (
            len(labelled) <= _MOST_LABELS
            and y <= HEIGHT - _LABEL_ROOM
            and all(abs(y - other_y) > _LABEL_ROOM for _, other_y in labelled)
        )
        if fits:
            labelled.append((x, y))
        marks.append(Mark(x=x, y=y, place=place if fits else None))
    return tuple(marks)


def _others(place: Place, registry: RegistrySnapshot) -> list[tuple[float, Place]]:
    others = [other for other in registry.places.values() if other.place_id != place.place_id]
    return sorted(
        ((math.hypot(*offset_m(place.location, other.location)), other) for other in others),
        key=lambda entry: (entry[0], entry[1].place_id),
    )
