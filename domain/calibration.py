"""How a camera is set up to be judged, and the versions of that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.cases import Actor
from domain.checks import InvalidValueError, check_id, check_number, check_sha256, check_utc
from domain.devices import ReferencePicture, Zone, ZoneKind
from domain.places import Polygon

LONGEST_NOTE = 200
SMALLEST_AREA = 0.0004
"""Of the picture: a smaller polygon is a slip of the hand."""


class ZoneFault(StrEnum):
    """Why no camera can be judged by a zone."""

    TOO_SMALL = "too_small"
    CROSSES_ITSELF = "crosses_itself"
    OUTSIDE = "outside"
    NO_SIZE = "no_size"
    BAD_SIZE = "bad_size"
    ONE_SIDE = "one_side"
    BAD_SIDES = "bad_sides"
    NO_RECTANGLE = "no_rectangle"
    SIZES_DIFFER = "sizes_differ"
    TWICE = "twice"


class BadZoneError(InvalidValueError):
    """A zone that no camera can be judged by; ``fault`` is for people to look up."""

    def __init__(self, zone_id: str, fault: ZoneFault) -> None:
        super().__init__(f"{zone_id[:40]}: {_FAULTS[fault]}")
        self.zone_id = zone_id
        self.fault = fault


_FAULTS = {
    ZoneFault.TOO_SMALL: "the polygon is too small",
    ZoneFault.CROSSES_ITSELF: "the polygon crosses itself",
    ZoneFault.OUTSIDE: "a corner lies outside of the picture",
    ZoneFault.NO_SIZE: "the size of the ground in square metres is missing",
    ZoneFault.BAD_SIZE: "the size of the ground is not 0.1 to 10,000 square metres",
    ZoneFault.ONE_SIDE: "only one of the two sides is given",
    ZoneFault.BAD_SIDES: "a side is not 0.3 to 100 metres",
    ZoneFault.NO_RECTANGLE: "with sides, the ground is a rectangle drawn by its four corners",
    ZoneFault.SIZES_DIFFER: "the size is not the product of the sides",
    ZoneFault.TWICE: "the id is there twice",
}
_SIZE_SLACK = 0.1
"""An area rounded, or measured by itself, may differ by so much from the product of the sides."""


class StaleCalibrationError(Exception):
    """Somebody has saved another version meanwhile; look at it, then save again."""


class UnknownCameraError(LookupError):
    """The registry has no camera of that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverflowThreshold:
    """Log odds from which the bins of one camera are overfull, and on what they were found:
    ``network_sha256`` names the model whose scores they are.
    """

    logit: float
    normal_pictures: int
    network_sha256: str

    def __post_init__(self) -> None:
        check_number("logit", self.logit, -40, 40)
        check_number("normal_pictures", self.normal_pictures, 1, 1_000_000)
        check_sha256("network_sha256", self.network_sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraCalibration:
    """All that a technician sets for a camera that stands."""

    zones: tuple[Zone, ...]
    references: tuple[ReferencePicture, ...] = ()
    overflow: OverflowThreshold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationVersion:
    """One saved calibration. ``number`` counts from 1 for each camera and is never used again."""

    camera_id: str
    number: int
    saved_at: datetime
    saved_by: Actor
    note: str
    calibration: CameraCalibration

    def __post_init__(self) -> None:
        check_id("camera_id", self.camera_id)
        check_number("number", self.number, 1, 1_000_000)
        check_utc("saved_at", self.saved_at)
        if len(self.note) > LONGEST_NOTE:
            msg = f"note: longer than {LONGEST_NOTE} characters"
            raise InvalidValueError(msg)


def check_zones(zones: Sequence[Zone]) -> None:
    """Raise :class:`BadZoneError` for zones that no camera can be judged by.

    That is: an id twice, a polygon that crosses itself or is hardly there, a ground polygon
    without its size, or with one that contradicts its sides.
    """
    seen: set[str] = set()
    for zone in zones:
        fault = ZoneFault.TWICE if zone.zone_id in seen else _fault_of(zone)
        if fault is not None:
            raise BadZoneError(zone.zone_id, fault)
        seen.add(zone.zone_id)


def _fault_of(zone: Zone) -> ZoneFault | None:
    if crosses_itself(zone.polygon):
        return ZoneFault.CROSSES_ITSELF
    if area_of(zone.polygon) < SMALLEST_AREA:
        return ZoneFault.TOO_SMALL
    if zone.kind is not ZoneKind.GROUND:
        return None
    if zone.area_m2 is None:
        return ZoneFault.NO_SIZE
    if zone.sides_m is not None:
        product = zone.sides_m[0] * zone.sides_m[1]
        if abs(zone.area_m2 - product) > _SIZE_SLACK * product:
            return ZoneFault.SIZES_DIFFER
    return None


def area_of(polygon: Polygon) -> float:
    """Return the area of a polygon as a share of the picture."""
    total = 0.0
    for (x, y), (next_x, next_y) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        total += x * next_y - next_x * y
    return abs(total) / 2


def crosses_itself(polygon: Polygon) -> bool:
    """Return whether two sides that do not follow each other cross."""
    corners = len(polygon)
    sides = [(polygon[i], polygon[(i + 1) % corners]) for i in range(corners)]
    return any(
        _cross(sides[i], sides[j])
        for i in range(corners)
        for j in range(i + 2, corners)
        if (j + 1) % corners != i
    )


_Point = tuple[float, float]
_Side = tuple[_Point, _Point]


def _cross(one: _Side, other: _Side) -> bool:
    return (
        _turn(*one, other[0]) * _turn(*one, other[1]) < 0
        and _turn(*other, one[0]) * _turn(*other, one[1]) < 0
    )


def _turn(start: _Point, end: _Point, point: _Point) -> float:
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])
