"""Records as the columns and rows of the embedded time series."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress

from domain.records import (
    CameraHealth,
    Emptied,
    FillReading,
    Record,
    RecordKind,
    SnapshotVerdicts,
)
from ingest.instants import from_us, to_us
from ingest.kept_readings import QUALITIES, QUALITY_BITS, pack_values
from ingest.many_rows import Row
from ingest.reading_columns import ReadingColumns, columns_of_records
from ingest.rollups import Column, DeviceDay, bounds_us, day_of_us, days_of_us
from ingest.stretch import Stretch
from wire.checked_records import CheckedFill, CheckedRecord
from wire.records import encode_record, record_of

_CODES = {quality: code for code, quality in enumerate(QUALITIES)}
_FILL = RecordKind.FILL.value
_GATEWAY_US = struct.Struct("<q")
_READINGS = frozenset({FillReading, CheckedFill})


@dataclass(slots=True, kw_only=True)
class SeriesRows:
    """Records as what is kept of them: readings as columns, others as rows of their tables.

    ``reading_records`` are the records that the readings were; ``latest`` has for each device and
    kind but readings the newest.
    """

    readings: ReadingColumns
    reading_records: Sequence[Record | CheckedRecord]
    emptied: list[Row] = field(default_factory=list)
    verdicts: list[Row] = field(default_factory=list)
    latest: list[Row] = field(default_factory=list)
    in_order: dict[tuple[int, int], bool] = field(default_factory=dict)

    def sensor_days(self, *, through: int) -> set[DeviceDay]:
        """Return the days up to ``through``, and their sensors, that something here belongs to."""
        end_us = bounds_us(through)[1]
        days = {(day_of_us(row[0]), row[1]) for row in self.emptied if row[0] < end_us}
        is_old = self.readings.observed_us < end_us
        if is_old.any():
            old = self.readings.at(is_old)
            days.update(
                zip(days_of_us(old.observed_us).tolist(), old.devices.tolist(), strict=True)
            )
        return days

    def latest_readings(self, places: Column) -> list[Row]:
        """Return the readings at these places as rows of ``latest``."""
        newest = self.readings.at(places)
        qualities = (newest.packed["codes"] >> QUALITY_BITS & 3).tolist()
        records = [self.reading_records[place] for place in places.tolist()]
        return [
            (
                _FILL,
                device,
                observed_us,
                quality,
                record.values.filling_level,
                _GATEWAY_US.pack(to_us(record.gateway_at)) + packed,
            )
            for record, quality, (observed_us, device, packed) in zip(
                records, qualities, newest.rows(), strict=True
            )
        ]


def rows_of(stretch: Stretch, numbers: dict[str, int]) -> SeriesRows:
    """Return what is kept of these records; ``numbers`` gives each device's."""
    told = [type(record.values) in _READINGS for record in stretch.records]
    readings = list(compress(stretch.records, told))
    columns = columns_of_records(
        readings,
        list(compress(stretch.observed_us, told)),
        [numbers[record.device_id] for record in readings],
    )
    rows = SeriesRows(readings=columns, reading_records=readings)
    if len(readings) < len(stretch):
        others = [not one for one in told]
        _add_others(rows, compress(stretch.records, others), numbers)
    return rows


def _add_others(
    rows: SeriesRows, records: Iterable[Record | CheckedRecord], numbers: dict[str, int]
) -> None:
    newest: dict[tuple[RecordKind, int], Record] = {}
    for one in records:
        record = one if isinstance(one, Record) else record_of(one)
        number = numbers[record.device_id]
        _add_other(rows, record, to_us(record.observed_at), number)
        known = newest.setdefault((record.kind, number), record)
        if record.observed_at > known.observed_at:
            newest[record.kind, number] = record
    rows.latest += [latest_row(number, record) for (_, number), record in newest.items()]


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


def latest_row(number: int, record: Record | CheckedRecord) -> Row:
    """Return a record as a row of ``latest``."""
    observed_us, values = to_us(record.observed_at), record.values
    if isinstance(values, FillReading | CheckedFill):
        kept = _GATEWAY_US.pack(to_us(record.gateway_at)) + pack_values(values)
        quality = _CODES[values.measurement_quality]
        return (_FILL, number, observed_us, quality, values.filling_level, kept)
    other = record if isinstance(record, Record) else record_of(record)
    return (other.kind.value, number, observed_us, None, None, encode_record(other))


def unpack_latest(kept: bytes) -> tuple[datetime, bytes]:
    """Return the two parts of the record of a reading in ``latest``."""
    return from_us(_GATEWAY_US.unpack_from(kept)[0]), kept[_GATEWAY_US.size :]
