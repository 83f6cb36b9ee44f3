"""How a camera is set up to be judged, and the versions of that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.cases import Actor
from domain.checks import InvalidValueError, check_id, check_number, check_sha256, check_utc
from domain.devices import ReferencePicture, Zone, ZoneKind
from domain.places import Polygon

LONGEST_NOTE = 200
SMALLEST_AREA = 0.0004
"""Of the picture: a smaller polygon is a slip of the hand."""


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
    """Raise :class:`InvalidValueError` for zones that no camera can be judged by.

    That is: an id twice, a polygon that crosses itself or is hardly there, a ground polygon
    without its size.
    """
    ids = [zone.zone_id for zone in zones]
    if len(set(ids)) != len(ids):
        msg = "zones: an id is there twice"
        raise InvalidValueError(msg)
    for zone in zones:
        if area_of(zone.polygon) < SMALLEST_AREA:
            msg = f"{zone.zone_id}: the polygon is too small"
            raise InvalidValueError(msg)
        if crosses_itself(zone.polygon):
            msg = f"{zone.zone_id}: the polygon crosses itself"
            raise InvalidValueError(msg)
        if zone.kind is ZoneKind.GROUND and zone.area_m2 is None:
            msg = f"{zone.zone_id}: the size of the ground in square metres is missing"
            raise InvalidValueError(msg)


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
