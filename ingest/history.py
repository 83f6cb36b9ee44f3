"""The embedded time series as other processes read it: read-only, for people to look at."""

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.records import Emptied, FillReading, Record, RecordKind
from ingest.instants import from_us, to_us
from ingest.reading import open_when_written
from ingest.series_schema import QUALITIES
from wire.records import decode_record

_DEVICE = "device = (SELECT number FROM devices WHERE device_id = ?)"
_BETWEEN = f"WHERE observed_us >= ? AND observed_us < ? AND {_DEVICE} ORDER BY observed_us"

_LATEST = "SELECT device_id, record FROM latest JOIN devices ON number = device WHERE kind = ?"
_FILL = (
    "SELECT observed_us, quality, filling_level, distance_mm, temperature_c,"  # noqa: S608  constants only
    f" battery_v, battery_ratio, cover_open, out_of_position, rssi_dbm FROM fill {_BETWEEN}"
)
_EMPTIED = f"SELECT observed_us, gateway_us, level_before, level_after FROM emptied {_BETWEEN}"  # noqa: S608  constants only
_VERDICTS = f"SELECT record FROM verdicts {_BETWEEN}"  # noqa: S608  constants only


class SqliteHistory:
    """Fulfils ``domain.ports.history.History`` over ingest's series file.

    While the file does not exist yet it has nothing to tell. Any thread may call; they take turns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def latest(self, kind: RecordKind) -> Mapping[str, Record]:
        """Return the newest record of that kind by device id."""
        return {
            device_id: decode_record(record) for device_id, record in self._rows(_LATEST, (kind,))
        }

    def fill(
        self, device_id: str, *, since: datetime, until: datetime
    ) -> Sequence[tuple[datetime, FillReading]]:
        """Return the readings from ``since`` (inclusive) to ``until`` (exclusive), by time."""
        rows = self._rows(_FILL, (to_us(since), to_us(until), device_id))
        return [(from_us(observed_us), _reading_of(columns)) for observed_us, *columns in rows]

    def emptyings(self, device_id: str, *, since: datetime, until: datetime) -> Sequence[Record]:
        """Return the emptyings seen by a fill sensor, by time."""
        rows = self._rows(_EMPTIED, (to_us(since), to_us(until), device_id))
        return [
            Record(
                device_id=device_id,
                observed_at=from_us(observed_us),
                gateway_at=from_us(gateway_us),
                values=Emptied(level_before=before, level_after=after),
            )
            for observed_us, gateway_us, before, after in rows
        ]

    def verdicts(self, device_id: str, *, since: datetime, until: datetime) -> Sequence[Record]:
        """Return the verdict records of a camera, by time."""
        rows = self._rows(_VERDICTS, (to_us(since), to_us(until), device_id))
        return [decode_record(record) for (record,) in rows]

    def close(self) -> None:
        """Close the file; asking opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _rows(self, query: str, parameters: tuple[object, ...]) -> list[Any]:
        with self._lock:
            if self._connection is None:
                self._connection = open_when_written(self._path)
            if self._connection is None:
                return []
            return self._connection.execute(query, parameters).fetchall()


def _reading_of(columns: Sequence[Any]) -> FillReading:
    quality, level, distance, temperature, volts, ratio, cover_open, out_of_position, rssi = columns
    return FillReading(
        measurement_quality=QUALITIES[quality],
        filling_level=level,
        distance_mm=distance,
        temperature_c=temperature,
        battery_v=volts,
        battery_ratio=ratio,
        cover_open=_flag(cover_open),
        out_of_position=_flag(out_of_position),
        rssi_dbm=rssi,
    )


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)
