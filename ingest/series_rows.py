"""Records as the rows of the embedded time series."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.records import CameraHealth, Emptied, FillReading, Record
from ingest.day_sealing import bounds_us
from ingest.instants import to_us
from ingest.rollups import DeviceDay, day_of_us
from ingest.series_schema import QUALITIES
from wire.records import encode_record

# The driver takes exact ints several times faster than bools and words of an enumeration.
_CODES = {quality: code for code, quality in enumerate(QUALITIES)}
_FLAGS = {None: None, False: 0, True: 1}

Row = tuple[Any, ...]


@dataclass(slots=True)
class SeriesRows:
    """Records as rows of their tables."""

    fill: list[Row] = field(default_factory=list)
    emptied: list[Row] = field(default_factory=list)
    verdicts: list[Row] = field(default_factory=list)
    in_order: dict[tuple[int, int], bool] = field(default_factory=dict)

    def fill_days(self, *, through: int) -> set[DeviceDay]:
        """Return the days up to ``through``, and their sensors, that have readings here."""
        end_us = bounds_us(through)[1]
        return {(day_of_us(row[0]), row[1]) for row in self.fill if row[0] < end_us}


def rows_of(records: Sequence[Record], numbers: dict[str, int]) -> SeriesRows:
    """Return the rows of these records; ``numbers`` gives each device's."""
    rows = SeriesRows()
    for record in records:
        observed_us, number = to_us(record.observed_at), numbers[record.device_id]
        values = record.values
        if isinstance(values, FillReading):
            rows.fill.append((observed_us, number, *_fill_columns(values)))
        elif isinstance(values, Emptied):
            times = (observed_us, number, to_us(record.gateway_at))
            rows.emptied.append((*times, values.level_before, values.level_after))
        else:
            rows.verdicts.append((observed_us, number, encode_record(record)))
            in_order = values.camera_health is CameraHealth.OK
            # As in the table, the first of an identity stays.
            rows.in_order.setdefault((observed_us, number), in_order)
    return rows


def _fill_columns(reading: FillReading) -> Row:
    return (
        _CODES[reading.measurement_quality],
        reading.filling_level,
        reading.distance_mm,
        reading.temperature_c,
        reading.battery_v,
        reading.battery_ratio,
        _FLAGS[reading.cover_open],
        _FLAGS[reading.out_of_position],
        reading.rssi_dbm,
    )


def latest_rows(records: Sequence[Record], numbers: dict[str, int]) -> list[Row]:
    """Return the newest record of each device and kind as a row of ``latest``."""
    newest: dict[tuple[str, str], Record] = {}
    for record in records:
        key = (record.kind, record.device_id)
        known = newest.get(key)
        if known is None or record.observed_at > known.observed_at:
            newest[key] = record
    return [
        (
            record.kind.value,
            numbers[record.device_id],
            to_us(record.observed_at),
            *_state_of(record),
            encode_record(record),
        )
        for record in newest.values()
    ]


def _state_of(record: Record) -> tuple[int | None, float | None]:
    if isinstance(record.values, FillReading):
        return _CODES[record.values.measurement_quality], record.values.filling_level
    return None, None
