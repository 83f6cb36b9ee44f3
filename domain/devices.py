"""Devices: fill sensors and cameras, with what a technician has set for each."""

from dataclasses import dataclass
from enum import StrEnum

from domain.checks import (
    DEV_EUI_PATTERN,
    InvalidValueError,
    check_id,
    check_number,
    check_sha256,
)
from domain.places import Polygon, polygon_of


class SensorModel(StrEnum):
    """The device models whose payloads the gateway can read."""

    HUANWEI_JSON = "huanwei-json"
    MILESIGHT_EM400_MUD = "milesight-em400-mud"


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSensor:
    """A distance sensor above one waste container.

    ``dead_zone_mm``: nearer than this the sensor cannot measure; such a distance says "too close",
    never a level. ``dev_eui``: 16 lower-case hex digits for LoRaWAN devices.
    """

    device_id: str
    place_id: str
    container_id: str
    gateway_id: str
    model: SensorModel
    report_interval_s: int
    dead_zone_mm: float
    dev_eui: str | None = None

    def __post_init__(self) -> None:
        for field in ("device_id", "place_id", "container_id", "gateway_id"):
            check_id(field, getattr(self, field))
        check_number("report_interval_s", self.report_interval_s, 10, 86_400)
        check_number("dead_zone_mm", self.dead_zone_mm, 0, 1_000)
        if self.dev_eui is not None and not DEV_EUI_PATTERN.fullmatch(self.dev_eui):
            msg = f"dev_eui: not 16 lower-case hex digits: {self.dev_eui[:40]!r}"
            raise InvalidValueError(msg)


class ZoneKind(StrEnum):
    """What a polygon in a camera's picture is for."""

    BIN = "bin"
    GROUND = "ground"
    IGNORE = "ignore"


_CORNERS, _FLAT = 4, 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A polygon in relative picture coordinates (x, y from 0 to 1).

    A bin zone names its container, and ``rim_share`` of its height, from the top, lies above the
    rim (None: 0.275); ``area_m2`` is the real size of a ground polygon. ``sides_m``: where it is a
    rectangle on the ground, drawn by its four corners, the metres from its first corner to the
    second and from there to the third; perspective is then known.
    """

    zone_id: str
    kind: ZoneKind
    polygon: Polygon
    container_id: str | None = None
    area_m2: float | None = None
    rim_share: float | None = None
    sides_m: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check_id("zone_id", self.zone_id)
        object.__setattr__(self, "polygon", polygon_of("polygon", self.polygon))
        if self.container_id is not None:
            check_id("container_id", self.container_id)
        if self.area_m2 is not None:
            check_number("area_m2", self.area_m2, 0.1, 10_000)
        if self.rim_share is not None:
            check_number("rim_share", self.rim_share, 0.05, 0.8)
        if self.sides_m is not None:
            for side in self.sides_m:
                check_number("sides_m", side, 0.3, 100)
            if not _is_seen_rectangle(self.polygon):
                msg = "sides_m: the polygon has not four corners in turn, as a rectangle seen has"
                raise InvalidValueError(msg)


def _is_seen_rectangle(polygon: Polygon) -> bool:
    """Whether it may be a rectangle in perspective: four corners, convex, none on a line."""
    turns = [
        (bx - ax) * (cy - by) - (by - ay) * (cx - bx)
        for (ax, ay), (bx, by), (cx, cy) in zip(
            polygon, polygon[1:] + polygon[:1], polygon[2:] + polygon[:2], strict=True
        )
    ]
    return len(polygon) == _CORNERS and (min(turns) > _FLAT or max(turns) < -_FLAT)


class Lighting(StrEnum):
    """The light, or the ground, that a clean reference picture was taken in.

    ``WET`` is wet ground by day; ``NIGHT`` is lamps or infrared where a camera has only one of
    them, ``INFRARED`` where it has both.
    """

    DAY = "day"
    NIGHT = "night"
    DUSK = "dusk"
    INFRARED = "infrared"
    WET = "wet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePicture:
    """A picture of the clean place, chosen by a technician; the file lies beside the registry
    snapshot as ``references/{sha256}.jpg``.
    """

    lighting: Lighting
    sha256: str

    def __post_init__(self) -> None:
        check_sha256("sha256", self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A fixed camera that looks at one place.

    ``snapshot_url`` answers a GET with one JPEG. ``sign_posted`` and ``legal_basis`` record that
    people are told of it and why it may be there.
    """

    device_id: str
    place_id: str
    gateway_id: str
    snapshot_url: str
    snapshot_interval_s: int
    zones: tuple[Zone, ...]
    references: tuple[ReferencePicture, ...] = ()
    sign_posted: bool
    legal_basis: str

    def __post_init__(self) -> None:
        for field in ("device_id", "place_id", "gateway_id"):
            check_id(field, getattr(self, field))
        check_number("snapshot_interval_s", self.snapshot_interval_s, 1, 86_400)
        zone_ids = [zone.zone_id for zone in self.zones]
        if len(set(zone_ids)) != len(zone_ids):
            msg = f"zones: camera {self.device_id} has a zone id twice"
            raise InvalidValueError(msg)


Device = FillSensor | Camera
