"""A small district for tests of the console: two places, a sensor each, one camera."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from api.console.situation import Situation
from api.console.words import Words
from domain.cases import Case, CaseSource, CaseState
from domain.devices import Camera, FillSensor, SensorModel, Zone, ZoneKind
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
from domain.problems import ProblemClass
from domain.records import (
    CameraHealth,
    FillReading,
    MeasurementQuality,
    Record,
    SnapshotVerdicts,
    Verdict,
)
from domain.registry import RegistrySnapshot
from texts.catalogue import Locale, load_catalogues

NOW = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""

SHA = "a" * 64
CATALOGUE = load_catalogues()


def words(locale: Locale = Locale.ZH_CN) -> Words:
    """Return the words of a reader."""
    return Words(catalogue=CATALOGUE, locale=locale)


def _place(number: int, zh: str, en: str) -> Place:
    return Place(
        place_id=f"place-{number}",
        name=Name(zh=zh, en=en),
        kind=PlaceKind.COLLECTION_POINT,
        area_kind=AreaKind.BACK_ALLEY,
        subdistrict_id="sub-1",
        grid_cell_id="cell-1",
        location=GeoPoint(latitude_deg=35.0 + number / 100, longitude_deg=110.0),
        unit_id="unit-1",
        collecting_unit_id="unit-1",
        crew_id="crew-1",
        collecting_crew_id="crew-1",
    )


def _sensor(number: int) -> FillSensor:
    return FillSensor(
        device_id=f"fill-{number}",
        place_id=f"place-{number}",
        container_id=f"bin-{number}",
        gateway_id="gw-1",
        model=SensorModel.HUANWEI_JSON,
        report_interval_s=300,
        dead_zone_mm=200,
    )


_SQUARE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.5))
CAMERA = Camera(
    device_id="cam-1",
    place_id="place-1",
    gateway_id="gw-1",
    snapshot_url="http://127.0.0.1:1/snapshot.jpg",
    snapshot_interval_s=60,
    zones=(
        Zone(zone_id="zone-bin", kind=ZoneKind.BIN, polygon=_SQUARE, container_id="bin-1"),
        Zone(zone_id="zone-ground", kind=ZoneKind.GROUND, polygon=_SQUARE, area_m2=6.0),
    ),
    sign_posted=True,
    legal_basis="test",
)
_SUBDISTRICT = Subdistrict(
    subdistrict_id="sub-1",
    name=Name(zh="东关街道", en="Dongguan"),
    outline=(
        GeoPoint(latitude_deg=35.0, longitude_deg=110.0),
        GeoPoint(latitude_deg=35.1, longitude_deg=110.0),
        GeoPoint(latitude_deg=35.1, longitude_deg=110.1),
    ),
)
REGISTRY = RegistrySnapshot(
    version=1,
    district=Name(zh="澄河区", en="Chenghe"),
    subdistricts={"sub-1": _SUBDISTRICT},
    units={
        "unit-1": ResponsibleUnit(
            unit_id="unit-1", name=Name(zh="环卫公司"), kind=UnitKind.SANITATION_COMPANY
        )
    },
    crews={"crew-1": Crew(crew_id="crew-1", unit_id="unit-1", name=Name(zh="一班", en="Crew 1"))},
    places={
        "place-1": _place(1, "人民路1号", "Renmin Road 1"),
        "place-2": _place(2, "铁匠巷2号", "Tiejiang Alley 2"),
    },
    containers={
        f"bin-{n}": WasteContainer(
            container_id=f"bin-{n}",
            place_id=f"place-{n}",
            depth_mm=1000,
            sensor_above_rim_mm=200,
            capacity_l=240,
        )
        for n in (1, 2)
    },
    sensors={f"fill-{n}": _sensor(n) for n in (1, 2)},
    cameras={"cam-1": CAMERA},
)

CASE = Case(
    case_id="case-1",
    number="20260303-0001",
    place_id="place-1",
    problem_class=ProblemClass.BIN_OVERFLOW,
    source=CaseSource.SENSOR,
    state=CaseState.DISPATCHED,
    version=3,
    unit_id="unit-1",
    crew_id="crew-1",
    opened_at=NOW - timedelta(hours=1),
    filed_at=NOW - timedelta(hours=1),
    due_at=NOW + timedelta(hours=1),
)


def fill(
    number: int,
    level: float | None,
    *,
    at: datetime = NOW,
    quality: MeasurementQuality = MeasurementQuality.ACCEPTED,
    battery: float | None = 0.9,
) -> Record:
    """Return a reading of the sensor at place ``number``."""
    reading = FillReading(measurement_quality=quality, filling_level=level, battery_ratio=battery)
    return Record(device_id=f"fill-{number}", observed_at=at, gateway_at=at, values=reading)


def snapshot(*verdicts: Verdict, health: CameraHealth = CameraHealth.OK) -> Record:
    """Return what the camera saw now."""
    values = SnapshotVerdicts(camera_health=health, verdicts=verdicts, picture_sha256=SHA)
    return Record(device_id="cam-1", observed_at=NOW, gateway_at=NOW, values=values)


def situation(*records: Record, cases: tuple[Case, ...] = ()) -> Situation:
    """Return the situation that these records and open cases make."""
    return Situation(
        at=NOW,
        registry=REGISTRY,
        newest_change=1,
        open_cases=cases,
        fill={r.device_id: r for r in records if isinstance(r.values, FillReading)},
        verdicts={r.device_id: r for r in records if isinstance(r.values, SnapshotVerdicts)},
    )


def in_state(state: CaseState, **changes: datetime | str | int | None) -> Case:
    """Return the sample case in another state."""
    return replace(CASE, state=state, **changes)  # type: ignore[arg-type]
