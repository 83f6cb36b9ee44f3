"""Places, their waste containers, and who is responsible for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.checks import InvalidValueError, check_id, check_number, check_text


class PlaceKind(StrEnum):
    """What a place is."""

    COLLECTION_POINT = "collection_point"
    FARMERS_MARKET = "farmers_market"
    STREET_SECTION = "street_section"


class AreaKind(StrEnum):
    """The surroundings of a place; inspections weigh the last three more."""

    MAIN_STREET = "main_street"
    BACK_ALLEY = "back_alley"
    URBAN_VILLAGE = "urban_village"
    URBAN_RURAL_FRINGE = "urban_rural_fringe"


class UnitKind(StrEnum):
    """What a responsible unit does."""

    SUBDISTRICT_OFFICE = "subdistrict_office"
    SANITATION_COMPANY = "sanitation_company"
    MARKET_OPERATOR = "market_operator"
    VILLAGE_COMMITTEE = "village_committee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What people call a thing: zh-CN, and English where somebody has given one."""

    zh: str
    en: str | None = None

    def __post_init__(self) -> None:
        check_text("name.zh", self.zh, 80)
        if self.en is not None:
            check_text("name.en", self.en, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoPoint:
    """A point in WGS-84 degrees."""

    latitude_deg: float
    longitude_deg: float

    def __post_init__(self) -> None:
        check_number("latitude_deg", self.latitude_deg, -90, 90)
        check_number("longitude_deg", self.longitude_deg, -180, 180)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subdistrict:
    """A 镇街 with its outline, for the base map."""

    subdistrict_id: str
    name: Name
    outline: Sequence[GeoPoint] = ()

    def __post_init__(self) -> None:
        check_id("subdistrict_id", self.subdistrict_id)
        object.__setattr__(self, "outline", tuple(self.outline))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibleUnit:
    """A 责任单位: the one that answers for a place."""

    unit_id: str
    name: Name
    kind: UnitKind

    def __post_init__(self) -> None:
        check_id("unit_id", self.unit_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A 作业班组 of a responsible unit, and the web hook that reaches its phone."""

    crew_id: str
    unit_id: str
    name: Name
    webhook_url: str | None = None

    def __post_init__(self) -> None:
        check_id("crew_id", self.crew_id)
        check_id("unit_id", self.unit_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WasteContainer:
    """A 垃圾桶: the geometry that turns a distance into a filling level.

    ``depth_mm`` is from rim to floor; ``sensor_above_rim_mm`` from the sensor down to the rim.
    """

    container_id: str
    place_id: str
    depth_mm: float
    sensor_above_rim_mm: float
    capacity_l: float

    def __post_init__(self) -> None:
        check_id("container_id", self.container_id)
        check_id("place_id", self.place_id)
        check_number("depth_mm", self.depth_mm, 100, 10_000)
        check_number("sensor_above_rim_mm", self.sensor_above_rim_mm, 0, 5_000)
        check_number("capacity_l", self.capacity_l, 10, 50_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A 点位 and its responsibility: ``unit_id`` answers for the state of the place,
    ``collecting_unit_id`` for what happens at a collection, ``crew_id`` goes there.
    """

    place_id: str
    name: Name
    kind: PlaceKind
    area_kind: AreaKind
    subdistrict_id: str
    grid_cell_id: str
    location: GeoPoint
    unit_id: str
    collecting_unit_id: str
    crew_id: str
    collecting_crew_id: str

    def __post_init__(self) -> None:
        for field in (
            "place_id",
            "subdistrict_id",
            "grid_cell_id",
            "unit_id",
            "collecting_unit_id",
            "crew_id",
            "collecting_crew_id",
        ):
            check_id(field, getattr(self, field))


Polygon = tuple[tuple[float, float], ...]

_FEWEST_CORNERS, _MOST_CORNERS = 3, 64


def polygon_of(field: str, points: Sequence[tuple[float, float]]) -> Polygon:
    """Return a polygon in relative picture coordinates (x, y from 0 to 1), checked."""
    if not _FEWEST_CORNERS <= len(points) <= _MOST_CORNERS:
        msg = (
            f"{field}: a polygon has {_FEWEST_CORNERS} to {_MOST_CORNERS} points, not {len(points)}"
        )
        raise InvalidValueError(msg)
    for x, y in points:
        check_number(f"{field}.x", x, 0, 1)
        check_number(f"{field}.y", y, 0, 1)
    return tuple((float(x), float(y)) for x, y in points)
