"""A measurement: what a fill sensor has told, whatever it speaks."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Values as the device gave them, not yet judged. Absent values were not in the message."""

    device_id: str
    observed_at: datetime
    distances_mm: tuple[float, ...] = ()
    temperature_c: float | None = None
    battery_v: float | None = None
    battery_ratio: float | None = None
    cover_open: bool | None = None
    out_of_position: bool | None = None
    rssi_dbm: float | None = None
