"""The fictitious district in words and kilometres: its outlines, streets and places. Data only.

Kilometres run east and north from the district's centre. Minutes count from the start of a run
(06:30 in the demo); they are the stories of a first morning, everything after follows by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from domain.places import AreaKind, Name, PlaceKind, UnitKind

Km = tuple[float, float]

CENTRE_LATITUDE_DEG, CENTRE_LONGITUDE_DEG = 33.412, 118.236
DISTRICT = Name(zh="澄河区", en="Chenghe District")
VISITOR_CREW_ID, VISITOR_UNIT_ID = "crew-visitor", "unit-market"
COLLECTING_UNIT_ID, COLLECTING_CREW_ID = "unit-qingyun", "crew-qingyun"

_WEST, _EAST, _RIVER_N, _RIVER_S = (-3.1, 0.4), (3.2, 0.2), (0.0, 1.1), (0.1, -1.0)
_SOUTH_WEST, _SOUTH, _SOUTH_EAST = (-2.7, -2.0), (-0.2, -2.8), (2.3, -2.3)
_NORTH_WEST, _NORTH, _NORTH_EAST = (-2.6, 2.4), (0.3, 2.9), (2.7, 2.1)

SUBDISTRICTS: Mapping[str, tuple[Name, tuple[Km, ...]]] = MappingProxyType(
    {
        "dongguan": (
            Name(zh="东关街道", en="Dongguan Subdistrict"),
            (_RIVER_N, _EAST, _SOUTH_EAST, _RIVER_S),
        ),
        "xihe": (
            Name(zh="西河街道", en="Xihe Subdistrict"),
            (_WEST, _RIVER_N, _RIVER_S, _SOUTH_WEST),
        ),
        "liulin": (
            Name(zh="柳林街道", en="Liulin Subdistrict"),
            (_SOUTH_WEST, _RIVER_S, _SOUTH_EAST, _SOUTH),
        ),
        "beitang": (
            Name(zh="北塘镇", en="Beitang Town"),
            (_WEST, _NORTH_WEST, _NORTH, _NORTH_EAST, _EAST, _RIVER_N),
        ),
    }
)

UNITS: Mapping[str, tuple[Name, UnitKind]] = MappingProxyType(
    {
        "unit-dongguan": (
            Name(zh="东关街道办事处", en="Dongguan Subdistrict Office"),
            UnitKind.SUBDISTRICT_OFFICE,
        ),
        "unit-xihe": (
            Name(zh="西河街道办事处", en="Xihe Subdistrict Office"),
            UnitKind.SUBDISTRICT_OFFICE,
        ),
        "unit-liulin": (
            Name(zh="柳林村村民委员会", en="Liulin Village Committee"),
            UnitKind.VILLAGE_COMMITTEE,
        ),
        COLLECTING_UNIT_ID: (
            Name(zh="澄河清运环卫有限公司", en="Chenghe Qingyun Sanitation Co."),
            UnitKind.SANITATION_COMPANY,
        ),
        VISITOR_UNIT_ID: (
            Name(zh="澄河农贸市场经营管理有限公司", en="Chenghe Farmers' Markets Co."),
            UnitKind.MARKET_OPERATOR,
        ),
    }
)

CREWS: Mapping[str, tuple[Name, str]] = MappingProxyType(
    {
        "crew-dongguan": (Name(zh="东关保洁班", en="Dongguan cleaning crew"), "unit-dongguan"),
        "crew-xihe": (Name(zh="西河保洁班", en="Xihe cleaning crew"), "unit-xihe"),
        COLLECTING_CREW_ID: (Name(zh="清运一班", en="Collection crew 1"), COLLECTING_UNIT_ID),
        VISITOR_CREW_ID: (
            Name(zh="市场保洁班·由您扮演", en="Market cleaning crew (played by you)"),
            VISITOR_UNIT_ID,
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is arranged for a place's first morning, in minutes after the start of the run.

    ``overflows_min``: when its first container is expected to reach the rim; ``truck_min`` and
    ``truck_swept``: a planned round with a settled habit; ``litter`` and ``beside``: people there
    litter, or leave bags beside bins that have room; ``visitor``: the work is left to the visitor
    for some hours, planned trucks and sweepers come later.
    """

    overflows_min: int | None = None
    truck_min: int | None = None
    truck_swept: bool = True
    litter: bool = False
    beside: bool = False
    visitor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A place on a street: what follows the street's name, and what stands there."""

    zh: str
    en: str
    kind: PlaceKind = PlaceKind.COLLECTION_POINT
    containers: int = 1
    camera: bool = False
    story: Story = field(default_factory=Story)


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """A line of places, and who answers for them."""

    zh: str
    en: str
    subdistrict: str
    area_kind: AreaKind
    unit_id: str
    crew_id: str
    line: tuple[Km, Km]
    rows: tuple[PlaceRow, ...]
