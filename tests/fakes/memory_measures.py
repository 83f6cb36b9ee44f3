"""Measures counted from records in memory, the plain way."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.measures import HourlyLevel, LatestLevel, LevelHours, level_step
from domain.ports.history import TimeSeriesAwayError
from domain.records import (
    CameraHealth,
    FillReading,
    MeasurementQuality,
    Record,
    RecordKind,
    SnapshotVerdicts,
)

_SHANGHAI = ZoneInfo("Asia/Shanghai")


class MemoryMeasures:
    """Fulfils ``domain.ports.measures.Measures``; a test adds records, of an identity the first
    stays. While it is ``away`` it answers as InfluxDB does then.
    """

    def __init__(self, *records: Record) -> None:
        self.away = False
        self._records: dict[tuple[str, datetime, RecordKind], Record] = {}
        self.add(*records)

    def add(self, *records: Record) -> None:
        """Keep records."""
        for record in records:
            self._records.setdefault((record.device_id, record.observed_at, record.kind), record)

    def latest_levels(self) -> Mapping[str, LatestLevel]:
        by_time = sorted(self._kept(), key=lambda record: record.observed_at)
        return {
            record.device_id: LatestLevel(
                observed_at=record.observed_at,
                measurement_quality=record.values.measurement_quality,
                filling_level=record.values.filling_level,
            )
            for record in by_time
            if isinstance(record.values, FillReading)
        }

    def hourly_levels(
        self, device_ids: Collection[str], *, since: datetime, until: datetime
    ) -> Sequence[HourlyLevel]:
        mine = [record for record in self._kept() if record.device_id in device_ids]
        found = []
        for hour in sorted({_hour_of(record) for record in mine}):
            levels = _levels(record for record in mine if _hour_of(record) == hour)
            if levels and since <= hour < until:
                found.append(
                    HourlyLevel(
                        hour=hour,
                        accepted=len(levels),
                        mean=sum(levels) / len(levels),
                        lowest=min(levels),
                        highest=max(levels),
                    )
                )
        return found

    def level_hours(self, percent: int, *, since: date, until: date) -> Mapping[str, LevelHours]:
        limit = level_step(percent) * 0.05 - 1e-9
        found = {}
        for device_id, hours in self._by_hour(since, until).items():
            levels = [measured for records in hours.values() if (measured := _levels(records))]
            if levels:
                above = sum(sum(one >= limit for one in hour) / len(hour) for hour in levels)
                found[device_id] = LevelHours(above=above, measured=len(levels))
        return found

    def usable_hours(self, *, since: date, until: date) -> Mapping[str, int]:
        return {
            device_id: sum(any(map(_is_usable, records)) for records in hours.values())
            for device_id, hours in self._by_hour(since, until).items()
        }

    def _kept(self) -> Collection[Record]:
        if self.away:
            msg = "away, as the test wishes"
            raise TimeSeriesAwayError(msg)
        return self._records.values()

    def _by_hour(self, since: date, until: date) -> dict[str, dict[datetime, list[Record]]]:
        found: dict[str, dict[datetime, list[Record]]] = {}
        for record in self._kept():
            if since <= record.observed_at.astimezone(_SHANGHAI).date() < until:
                hours = found.setdefault(record.device_id, {})
                hours.setdefault(_hour_of(record), []).append(record)
        return found


def _hour_of(record: Record) -> datetime:
    at = record.observed_at
    return at - timedelta(minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _levels(records: Iterable[Record]) -> list[float]:
    return [
        record.values.filling_level
        for record in records
        if isinstance(record.values, FillReading)
        and record.values.measurement_quality is MeasurementQuality.ACCEPTED
        and record.values.filling_level is not None
    ]


def _is_usable(record: Record) -> bool:
    if isinstance(record.values, SnapshotVerdicts):
        return record.values.camera_health is CameraHealth.OK
    return bool(_levels([record]))
