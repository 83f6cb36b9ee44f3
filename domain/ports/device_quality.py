"""How good what devices and gateways send is; for people to look at, never to decide by."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from domain.device_quality import DeviceQuality, GatewayQuality
from domain.devices import Device


class DeviceQualities(Protocol):
    """Reads the bookkeeping of ingest over the day before a time."""

    def of_devices(
        self, devices: Iterable[Device], *, until: datetime
    ) -> Mapping[str, DeviceQuality]:
        """Return the quality of every device asked for, also of those never heard of."""
        ...

    def of_gateways(self, *, until: datetime) -> Mapping[str, GatewayQuality]:
        """Return the quality of every gateway that was heard of."""
        ...
