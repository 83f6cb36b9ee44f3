"""The registry that ``huanwei init`` writes: one place, one sensor, one crew, to be replaced."""

from pathlib import Path

from domain.devices import FillSensor, SensorModel
from domain.places import (
    AreaKind,
    Crew,
    GeoPoint,
    Name,
    Place,
    PlaceKind,
    ResponsibleUnit,
    Subdistrict,
    UnitKind,
    WasteContainer,
)
from domain.registry import RegistrySnapshot
from storage.registry_file import save_registry


def write_example_registry(path: Path, *, gateway_id: str) -> None:
    """Write an example that loads as it stands, in the form a district fills in."""
    save_registry(_example(gateway_id), path)


def _example(gateway_id: str) -> RegistrySnapshot:
    unit = ResponsibleUnit(
        unit_id="unit-example",
        name=Name(zh="示例环卫公司", en="Example sanitation company"),
        kind=UnitKind.SANITATION_COMPANY,
    )
    crew = Crew(
        crew_id="crew-example",
        unit_id=unit.unit_id,
        name=Name(zh="示例班组", en="Example crew"),
    )
    subdistrict = Subdistrict(
        subdistrict_id="subdistrict-example", name=Name(zh="示例街道", en="Example subdistrict")
    )
    place = Place(
        place_id="place-example",
        name=Name(zh="示例收集点", en="Example collection point"),
        kind=PlaceKind.COLLECTION_POINT,
        area_kind=AreaKind.BACK_ALLEY,
        subdistrict_id=subdistrict.subdistrict_id,
        grid_cell_id="cell-example",
        location=GeoPoint(latitude_deg=36.65, longitude_deg=117.02),
        unit_id=unit.unit_id,
        collecting_unit_id=unit.unit_id,
        crew_id=crew.crew_id,
        collecting_crew_id=crew.crew_id,
    )
    container = WasteContainer(
        container_id="container-example",
        place_id=place.place_id,
        depth_mm=1000,
        sensor_above_rim_mm=100,
        capacity_l=240,
    )
    sensor = FillSensor(
        device_id="sensor-example",
        place_id=place.place_id,
        container_id=container.container_id,
        gateway_id=gateway_id,
        model=SensorModel.HUANWEI_JSON,
        report_interval_s=1800,
        dead_zone_mm=30,
    )
    return RegistrySnapshot(
        version=1,
        district=Name(zh="示例区", en="Example district"),
        subdistricts={subdistrict.subdistrict_id: subdistrict},
        units={unit.unit_id: unit},
        crews={crew.crew_id: crew},
        places={place.place_id: place},
        containers={container.container_id: container},
        sensors={sensor.device_id: sensor},
    )
