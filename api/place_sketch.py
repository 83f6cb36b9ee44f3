"""A sketch of a place's surroundings, for a phone without map tiles: pure geometry."""

import math
from collections.abc import Callable, Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An upright rectangle in the sketch, for what must not lie over each other."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Frame") -> bool:
        """Return whether the two overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: "Frame") -> bool:
        """Return whether ``other`` lies within this one."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


_WIDE, _NARROW, _LAST_NARROW = 11.0, 5.9, 0x2E7F
_SKETCH = Frame(left=4, top=4, right=WIDTH - 4, bottom=HEIGHT - 4)
_TAKEN = (
    Frame(left=WIDTH / 2 - 15, top=HEIGHT / 2 - 24, right=WIDTH / 2 + 15, bottom=HEIGHT / 2 + 15),
    Frame(left=0, top=HEIGHT - 26, right=160, bottom=HEIGHT),
    Frame(left=WIDTH - 38, top=0, right=WIDTH, bottom=50),
)
"""The pin, the scale bar and the north arrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A neighbouring place in the sketch; its label is empty where it would not fit."""

    x: float
    y: float
    label: str


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


def sketch_of(place: Place, registry: RegistrySnapshot, label_of: Callable[[Place], str]) -> Sketch:
    """Return the sketch: wide enough to show a few neighbours, labelled where there is room."""
    others = _others(place, registry)
    reach_m = others[min(len(others), _MOST_LABELS) - 1][0] if others else 0.0
    width_m = min(max(reach_m * 2.4 * WIDTH / HEIGHT, _NARROWEST_M), _WIDEST_M)
    units_a_metre = WIDTH / width_m

    def at(point: GeoPoint) -> tuple[float, float]:
        east_m, north_m = offset_m(place.location, point)
        return WIDTH / 2 + east_m * units_a_metre, HEIGHT / 2 - north_m * units_a_metre

    scale_m = max(s for s in _SCALES_M if s * units_a_metre <= WIDTH / 3 or s == _SCALES_M[0])
    return Sketch(
        marks=_marks([(*at(other.location), label_of(other)) for _, other in others]),
        outlines=tuple(
            " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, subdistrict.outline))
            for subdistrict in registry.subdistricts.values()
            if subdistrict.outline
        ),
        scale_m=scale_m,
        scale_width=scale_m * units_a_metre,
    )


def _marks(spots: Sequence[tuple[float, float, str]]) -> tuple[Mark, ...]:
    """Everything inside the sketch; labels for the nearest, where they lie over nothing else."""
    inside = [spot for spot in spots if _SKETCH.holds(_dot(*spot[:2])) and not _is_taken(spot)]
    dots = [_dot(x, y) for x, y, _ in inside]
    labels: list[Frame] = []
    marks: list[Mark] = []
    for (x, y, name), dot in zip(inside, dots, strict=True):
        label = _label(x, y, name)
        others = [*_TAKEN, *labels, *(other for other in dots if other is not dot)]
        fits = (
            len(labels) < _MOST_LABELS
            and _SKETCH.holds(label)
            and not any(label.meets(other) for other in others)
        )
        if fits:
            labels.append(label)
        marks.append(Mark(x=x, y=y, label=name if fits else ""))
    return tuple(marks)


def _is_taken(spot: tuple[float, float, str]) -> bool:
    return any(_dot(*spot[:2]).meets(frame) for frame in _TAKEN[1:])


def _dot(x: float, y: float) -> Frame:
    return Frame(left=x - 5, top=y - 5, right=x + 5, bottom=y + 5)


def _label(x: float, y: float, name: str) -> Frame:
    """The frame of a label centred under its dot; a Chinese character is twice as wide."""
    half = sum(_WIDE if ord(character) > _LAST_NARROW else _NARROW for character in name) / 2
    return Frame(left=x - half, top=y + 5.5, right=x + half, bottom=y + 19)


def _others(place: Place, registry: RegistrySnapshot) -> list[tuple[float, Place]]:
    others = [other for other in registry.places.values() if other.place_id != place.place_id]
    return sorted(
        ((math.hypot(*offset_m(place.location, other.location)), other) for other in others),
        key=lambda entry: (entry[0], entry[1].place_id),
    )
