"""Small records, batches and a registry for the tests around ingest."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.devices import Camera, FillSensor, SensorModel
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
from domain.records import (
    CameraHealth,
    Emptied,
    FillReading,
    MeasurementQuality,
    Record,
    SnapshotVerdicts,
    Values,
)
from domain.registry import RegistrySnapshot
from tests.fakes.manual_clock import START
from wire.batches import UplinkBatch, encode_batch
from wire.records import encode_record

GATEWAY, OTHER_GATEWAY = "gateway-1", "gateway-2"
BOOT, OTHER_BOOT = "00000000000000aa", "00000000000000bb"
CAMERA = "camera-1"


def sensor_id(number: int) -> str:
    """Return the id of the sensor of that number."""
    return f"sensor-{number:03d}"


def sample_registry(*, sensors: int = 5, gateway_id: str = GATEWAY) -> RegistrySnapshot:
    """Return one place with a camera and sensors 0, 1, 2 ..., the last of them at gateway-2."""
    last = sensors - 1
    return RegistrySnapshot(
        version=1,
        district=Name(zh="样区"),
        subdistricts={"sub-1": Subdistrict(subdistrict_id="sub-1", name=Name(zh="一镇"))},
        units={
            "unit-1": ResponsibleUnit(
                unit_id="unit-1", name=Name(zh="单位"), kind=UnitKind.SANITATION_COMPANY
            )
        },
        crews={"crew-1": Crew(crew_id="crew-1", unit_id="unit-1", name=Name(zh="班组"))},
        places={"place-1": _place()},
        containers={
            "bin-1": WasteContainer(
                container_id="bin-1",
                place_id="place-1",
                depth_mm=1000,
                sensor_above_rim_mm=300,
                capacity_l=240,
            )
        },
        sensors={
            sensor_id(n): _sensor(n, OTHER_GATEWAY if n == last else gateway_id)
            for n in range(sensors)
        },
        cameras={
            CAMERA: Camera(
                device_id=CAMERA,
                place_id="place-1",
                gateway_id=gateway_id,
                snapshot_url="http://127.0.0.1/snapshot.jpg",
                snapshot_interval_s=60,
                zones=(),
                sign_posted=True,
                legal_basis="sample",
            )
        },
    )


def fill_record(
    number: int = 0,
    *,
    at: datetime = START,
    level: float = 0.5,
    gateway_at: datetime | None = None,
    device_id: str | None = None,
) -> Record:
    """Return a fill reading of the sensor of that number."""
    values = FillReading(
        measurement_quality=MeasurementQuality.ACCEPTED,
        filling_level=level,
        distance_mm=812.5,
        cover_open=False,
    )
    return _record(device_id or sensor_id(number), at, values, gateway_at)


def emptied_record(number: int = 0, *, at: datetime = START) -> Record:
    """Return an emptying seen by the sensor of that number."""
    return _record(sensor_id(number), at, Emptied(level_before=0.9, level_after=0.1))


def verdicts_record(
    device_id: str = CAMERA, *, at: datetime = START, picture_sha256: str | None = None
) -> Record:
    """Return a camera's verdicts: none, the picture could not be judged."""
    values = SnapshotVerdicts(
        camera_health=CameraHealth.DARK, verdicts=(), picture_sha256=picture_sha256
    )
    return _record(device_id, at, values)


def series_of_records(count: int, *, start: datetime = START) -> list[Record]:
    """Return readings of the sensors of gateway-1 in turn, a second apart."""
    return [fill_record(n % 4, at=start + timedelta(seconds=n)) for n in range(count)]


def batch(
    records: Mapping[int, Record | bytes],
    *,
    gateway_id: str = GATEWAY,
    boot_id: str = BOOT,
    oldest: int | None = None,
) -> bytes:
    """Return the payload of a batch of records, or of raw lines, by sequence."""
    items = tuple(
        (sequence, record if isinstance(record, bytes) else encode_record(record))
        for sequence, record in sorted(records.items())
    )
    return encode_batch(
        UplinkBatch(gateway_id=gateway_id, boot_id=boot_id, oldest=oldest or 1, items=items)
    )


def _record(
    device_id: str, at: datetime, values: Values, gateway_at: datetime | None = None
) -> Record:
    return Record(device_id=device_id, observed_at=at, gateway_at=gateway_at or at, values=values)


def _sensor(number: int, gateway_id: str) -> FillSensor:
    return FillSensor(
        device_id=sensor_id(number),
        place_id="place-1",
        container_id="bin-1",
        gateway_id=gateway_id,
        model=SensorModel.HUANWEI_JSON,
        report_interval_s=300,
        dead_zone_mm=30,
    )


def _place() -> Place:
    return Place(
        place_id="place-1",
        name=Name(zh="一号点"),
        kind=PlaceKind.COLLECTION_POINT,
        area_kind=AreaKind.BACK_ALLEY,
        subdistrict_id="sub-1",
        grid_cell_id="cell-1",
        location=GeoPoint(latitude_deg=30, longitude_deg=120),
        unit_id="unit-1",
        collecting_unit_id="unit-1",
        crew_id="crew-1",
        collecting_crew_id="crew-1",
    )
