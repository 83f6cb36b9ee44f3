"""A ChirpStack v4 "up" event as its MQTT integration writes it.

Protobuf's JSON mapping leaves out members that are 0, false or empty, and writes nine fraction
digits; both have broken readers, so both are done here.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from msgspec import json

APPLICATION_ID = "6f0e2b1c-3d4a-4c5b-8a6d-1f2e3d4c5b6a"
_TENANT_ID = "0b1c2d3e-4f50-4a6b-8c7d-9e8f7a6b5c4d"
_PROFILE_ID = "7a8b9c0d-1e2f-4a3b-9c4d-5e6f7a8b9c0d"
_GATEWAY_EUI = "24e124fffef7a1c0"

_ENCODER = json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """One LoRaWAN uplink as the network server received it. ``payload`` is decrypted."""

    deduplication_id: UUID
    received_at: datetime
    device_name: str
    dev_eui: str
    f_cnt: int
    f_port: int
    payload: bytes
    rssi_dbm: int
    snr_db: float


def encode_uplink(uplink: Uplink) -> bytes:
    """Return the JSON of the event."""
    event = {
        "deduplicationId": str(uplink.deduplication_id),
        "time": _nine_digits(uplink.received_at),
        "deviceInfo": {
            "tenantId": _TENANT_ID,
            "tenantName": "Chenghe",
            "applicationId": APPLICATION_ID,
            "applicationName": "bins",
            "deviceProfileId": _PROFILE_ID,
            "deviceProfileName": "EM400-MUD",
            "deviceName": uplink.device_name,
            "devEui": uplink.dev_eui,
        },
        "devAddr": f"01{uplink.dev_eui[-6:]}",
        "adr": True,
        "dr": 5,
        "fCnt": uplink.f_cnt,
        "fPort": uplink.f_port,
        "data": b64encode(uplink.payload).decode("ascii"),
        "rxInfo": [
            _present(
                {
                    "gatewayId": _GATEWAY_EUI,
                    "uplinkId": uplink.deduplication_id.int & 0xFFFFFFFF,
                    "rssi": uplink.rssi_dbm,
                    "snr": uplink.snr_db,
                    "context": "AAECAw==",
                }
            )
        ],
        "txInfo": {
            "frequency": 470_300_000,
            "modulation": {
                "lora": {"bandwidth": 125_000, "spreadingFactor": 7, "codeRate": "CR_4_5"}
            },
        },
    }
    return _ENCODER.encode(_present(event))


def _present(members: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value}


def _nine_digits(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000+00:00"
