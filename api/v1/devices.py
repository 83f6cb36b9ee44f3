"""Devices and whether they can be relied on."""

from fastapi import APIRouter

from api.present import latest_records
from api.request_facts import Parts, Reader
from api.v1.answers import Answer, DeviceAnswer
from domain.devices import Device

router = APIRouter(tags=["devices"])


class DeviceListAnswer(Answer):
    """All devices, and how many of them are in which state. What is not `ok` is not covered."""

    by_state: dict[str, int]
    devices: list[DeviceAnswer]


@router.get("/devices", summary="All devices and their health")
def list_devices(parts: Parts, locale: Reader) -> DeviceListAnswer:
    """Tell each device's last sign of life, battery and signal: silence is never `ok`."""
    registry, latest, now = parts.registry.current(), latest_records(parts), parts.clock.now()
    devices: list[Device] = [*registry.sensors.values(), *registry.cameras.values()]
    answers = [
        DeviceAnswer.of(
            device,
            latest.get(device.device_id),
            now,
            parts.health_limits,
            parts.catalogue,
            locale,
        )
        for device in devices
    ]
    by_state: dict[str, int] = {}
    for answer in answers:
        by_state[answer.state] = by_state.get(answer.state, 0) + 1
    return DeviceListAnswer(by_state=by_state, devices=answers)
