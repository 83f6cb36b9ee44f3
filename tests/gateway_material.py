"""A small site for the gateway's tests: two sensors, one camera, and what they send."""

import base64
import json
import struct
import time
from datetime import datetime

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
from domain.registry import RegistrySnapshot
from tests.fakes.manual_clock import START
from wire.device_messages import DeviceMessage, encode_device_message

DEV_EUI = "24e124713b492715"


class LoopbackClock:
    """The business clock stands at 06:30 one day later; the technical clock is the real one."""

    def now(self) -> datetime:
        return START.replace(day=START.day + 1)

    def technical_s(self, business_s: float) -> float:
        return business_s

    def monotonic_s(self) -> float:
        return time.monotonic()


def registry_of_site(gateway_id: str) -> RegistrySnapshot:
    """A place with two containers of 1 m depth, the sensors 100 mm above the rim."""
    name = Name(zh="站点")

    def sensor(device_id: str, number: int, model: SensorModel, **more: str) -> FillSensor:
        return FillSensor(
            device_id=device_id,
            place_id="place-1",
            container_id=f"bin-{number}",
            gateway_id=more.pop("gateway_id", gateway_id),
            model=model,
            report_interval_s=300,
            dead_zone_mm=30,
            **more,
        )

    sensors = (
        sensor("sensor-1", 1, SensorModel.HUANWEI_JSON),
        sensor("lora-1", 2, SensorModel.MILESIGHT_EM400_MUD, dev_eui=DEV_EUI),
        sensor("sensor-of-others", 1, SensorModel.HUANWEI_JSON, gateway_id="gw-other"),
    )
    camera = Camera(
        device_id="camera-1",
        place_id="place-1",
        gateway_id=gateway_id,
        snapshot_url="http://127.0.0.1:1/snapshot.jpg",
        snapshot_interval_s=60,
        zones=(),
        sign_posted=True,
        legal_basis="test",
    )
    return RegistrySnapshot(
        version=1,
        district=name,
        subdistricts={"town-1": Subdistrict(subdistrict_id="town-1", name=name)},
        units={
            "unit-1": ResponsibleUnit(unit_id="unit-1", name=name, kind=UnitKind.SANITATION_COMPANY)
        },
        crews={"crew-1": Crew(crew_id="crew-1", unit_id="unit-1", name=name)},
        places={
            "place-1": Place(
                place_id="place-1",
                name=name,
                kind=PlaceKind.COLLECTION_POINT,
                area_kind=AreaKind.BACK_ALLEY,
                subdistrict_id="town-1",
                grid_cell_id="cell-1",
                location=GeoPoint(latitude_deg=30, longitude_deg=120),
                unit_id="unit-1",
                collecting_unit_id="unit-1",
                crew_id="crew-1",
                collecting_crew_id="crew-1",
            )
        },
        containers={
            f"bin-{number}": WasteContainer(
                container_id=f"bin-{number}",
                place_id="place-1",
                depth_mm=1_000,
                sensor_above_rim_mm=100,
                capacity_l=240,
            )
            for number in (1, 2)
        },
        sensors={each.device_id: each for each in sensors},
        cameras={camera.device_id: camera},
    )


def device_payload(device_id: str, at: datetime, *distances_mm: int) -> bytes:
    """A message of one of our own devices."""
    return encode_device_message(
        DeviceMessage(device_id=device_id, observed_at=at, distances_mm=distances_mm)
    )


def uplink_payload(dev_eui: str, at: datetime, distance_mm: int, **members: object) -> bytes:
    """A ChirpStack uplink with an EM400-MUD frame: battery 92 %, 25.7 °C, this distance."""
    frame = bytes.fromhex("01755c0367010104820000050000")
    frame = frame[:9] + struct.pack("<H", distance_mm) + frame[11:]
    envelope = {
        "deduplicationId": "5d2f1c3e-0000-4000-8000-000000000001",
        "time": at.strftime("%Y-%m-%dT%H:%M:%S.%f000+00:00"),
        "deviceInfo": {"devEui": dev_eui, "deviceName": "bin"},
        "fPort": 85,
        "fCnt": 7,
        "data": base64.b64encode(frame).decode("ascii"),
        "rxInfo": [{"gatewayId": "00aa11bb22cc33dd", "rssi": -97, "snr": 7.5}],
    }
    return json.dumps(envelope | members).encode()
