"""Qualities as a test sets them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from domain.device_quality import DeviceQuality, GatewayQuality
from domain.devices import Device
from domain.measures import Coverage


class MemoryDeviceQualities:
    """Fulfils ``domain.ports.device_quality.DeviceQualities``; nothing is known of the others."""

    def __init__(self) -> None:
        self.devices: dict[str, DeviceQuality] = {}
        self.gateways: dict[str, GatewayQuality] = {}

    def of_devices(
        self,
        devices: Iterable[Device],
        *,
        until: datetime,  # noqa: ARG002  a test sets what is known at its time
    ) -> Mapping[str, DeviceQuality]:
        unknown = DeviceQuality(coverage=Coverage(due=0, observed=0))
        return {device.device_id: self.devices.get(device.device_id, unknown) for device in devices}

    def of_gateways(
        self,
        *,
        until: datetime,  # noqa: ARG002  as above
    ) -> Mapping[str, GatewayQuality]:
        return self.gateways
