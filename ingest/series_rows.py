"""Records as the rows of the embedded time series."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from domain.records import (
    CameraHealth,
    Emptied,
    FillReading,
    Record,
    RecordKind,
    SnapshotVerdicts,
)
from ingest.day_sealing import bounds_us
from ingest.instants import EPOCH, MICROSECOND, from_us, to_us
from ingest.kept_readings import ACCEPTED, PACKED, QUALITIES, QUALITY_BITS, pack_values
from ingest.many_rows import Row
from ingest.rollups import DeviceDay, Tallies, day_of_us
from wire.checked_records import CheckedFill, CheckedRecord
from wire.records import encode_record, record_of

_CODES = {quality: code for code, quality in enumerate(QUALITIES)}
_GATEWAY_US = struct.Struct("<q")
_READINGS = (FillReading, CheckedFill)


@dataclass(slots=True)
class SeriesRows:
    """Records as rows of their tables; of each device and kind the newest for ``latest``."""

    fill: list[Row] = field(default_factory=list)
    emptied: list[Row] = field(default_factory=list)
    verdicts: list[Row] = field(default_factory=list)
    latest: list[Row] = field(default_factory=list)
    in_order: dict[tuple[int, int], bool] = field(default_factory=dict)

    def sensor_days(self, *, through: int) -> set[DeviceDay]:
        """Return the days up to ``through``, and their sensors, that something here belongs to."""
        end_us = bounds_us(through)[1]
        return {
            (day_of_us(row[0]), row[1])
            for rows in (self.fill, self.emptied)
            for row in rows
            if row[0] < end_us
        }


def rows_of(records: Sequence[Record | CheckedRecord], numbers: dict[str, int]) -> SeriesRows:
    """Return the rows of these records; ``numbers`` gives each device's."""
    rows = SeriesRows()
    put_fill = rows.fill.append
    newest_fill: dict[int, tuple[int, Record | CheckedRecord]] = {}
    others: dict[tuple[RecordKind, int], tuple[int, Record]] = {}
    for record in records:
        observed_us, number = (record.observed_at - EPOCH) // MICROSECOND, numbers[record.device_id]
        values = record.values
        if isinstance(values, _READINGS):
            put_fill((observed_us, number, pack_values(values)))
            known = newest_fill.get(number)
            if known is None or observed_us > known[0]:
                newest_fill[number] = (observed_us, record)
        else:
            other = record if isinstance(record, Record) else record_of(record)
            _add_other(rows, other, observed_us, number)
            newest = others.get((other.kind, number))
            if newest is None or observed_us > newest[0]:
                others[other.kind, number] = (observed_us, other)
    rows.latest += [latest_row(number, record) for number, (_, record) in newest_fill.items()]
    rows.latest += [latest_row(number, record) for (_, number), (_, record) in others.items()]
    return rows


def _add_other(rows: SeriesRows, record: Record, observed_us: int, number: int) -> None:
    values = record.values
    if isinstance(values, Emptied):
        times = (observed_us, number, to_us(record.gateway_at))
        rows.emptied.append((*times, values.level_before, values.level_after))
    elif isinstance(values, SnapshotVerdicts):
        rows.verdicts.append((observed_us, number, encode_record(record)))
        in_order = values.camera_health is CameraHealth.OK
        # As in the table, the first of an identity stays.
        rows.in_order.setdefault((observed_us, number), in_order)


def count_readings(tallies: Tallies, rows: Sequence[Row]) -> None:
    """Count rows of ``fill``."""
    if not rows:
        return
    packed = np.frombuffer(b"".join([row[2] for row in rows]), PACKED)
    accepted = packed["codes"] >> QUALITY_BITS & 3 == ACCEPTED
    tallies.readings(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        np.where(accepted, packed["numbers"][:, 0], np.nan),
    )


def latest_row(number: int, record: Record | CheckedRecord) -> Row:
    """Return a record as a row of ``latest``."""
    observed_us, values = to_us(record.observed_at), record.values
    if isinstance(values, _READINGS):
        kept = _GATEWAY_US.pack(to_us(record.gateway_at)) + pack_values(values)
        quality = _CODES[values.measurement_quality]
        return (RecordKind.FILL.value, number, observed_us, quality, values.filling_level, kept)
    other = record if isinstance(record, Record) else record_of(record)
    return (other.kind.value, number, observed_us, None, None, encode_record(other))


def unpack_latest(kept: bytes) -> tuple[datetime, bytes]:
    """Return the two parts of the record of a reading in ``latest``."""
    return from_us(_GATEWAY_US.unpack_from(kept)[0]), kept[_GATEWAY_US.size :]
