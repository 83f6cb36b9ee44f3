"""The embedded time series as other processes read it: read-only, for people to look at."""

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.records import Emptied, FillReading, Record, RecordKind
from ingest.day_sealing import readings_between
from ingest.instants import from_us, to_us
from ingest.kept_readings import QUALITIES, KeptReading, unpack_kept
from ingest.reading import open_when_written
from ingest.series_rows import unpack_latest
from ingest.series_schema import SCHEMA_VERSION
from wire.records import decode_record

_DEVICE = "device = (SELECT number FROM devices WHERE device_id = ?)"
_BETWEEN = f"WHERE observed_us >= ? AND observed_us < ? AND {_DEVICE} ORDER BY observed_us"

_LATEST = (
    "SELECT device_id, observed_us, record FROM latest JOIN devices ON number = device"
    " WHERE kind = ?"
)
_EMPTIED = f"SELECT observed_us, gateway_us, level_before, level_after FROM emptied {_BETWEEN}"  # noqa: S608  constants only
_VERDICTS = f"SELECT record FROM verdicts {_BETWEEN}"  # noqa: S608  constants only


class SqliteHistory:
    """Fulfils ``domain.ports.history.History`` over ingest's series file.

    While ingest has not made the file yet, or not brought it up to date, it has nothing to tell.
    Any thread may call; they take turns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def latest(self, kind: RecordKind) -> Mapping[str, Record]:
        """Return the newest record of that kind by device id."""
        rows = self._rows(_LATEST, (kind,))
        if kind is RecordKind.FILL:
            return {row[0]: _latest_fill(*row) for row in rows}
        return {device_id: decode_record(record) for device_id, _, record in rows}

    def fill(
        self, device_id: str, *, since: datetime, until: datetime
    ) -> Sequence[tuple[datetime, FillReading]]:
        """Return the readings from ``since`` (inclusive) to ``until`` (exclusive), by time."""
        with self._lock:
            connection = self._open()
            if connection is None:
                return []
            rows = _readings(connection, device_id, to_us(since), to_us(until))
        return [(from_us(row.observed_us), _reading_of(row)) for row in rows]

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
            connection = self._open()
            return [] if connection is None else connection.execute(query, parameters).fetchall()

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None:
            self._connection = open_when_written(self._path, since=SCHEMA_VERSION)
        return self._connection


def _readings(
    connection: sqlite3.Connection, device_id: str, since_us: int, until_us: int
) -> list[KeptReading]:
    connection.execute("BEGIN")
    try:
        for (number,) in connection.execute(
            "SELECT number FROM devices WHERE device_id = ?", (device_id,)
        ):
            return readings_between(connection, number, since_us, until_us)
        return []
    finally:
        connection.execute("ROLLBACK")


def _latest_fill(device_id: str, observed_us: int, kept: bytes) -> Record:
    gateway_at, packed = unpack_latest(kept)
    return Record(
        device_id=device_id,
        observed_at=from_us(observed_us),
        gateway_at=gateway_at,
        values=_reading_of(unpack_kept(observed_us, packed)),
    )


def _reading_of(row: KeptReading) -> FillReading:
    return FillReading(
        measurement_quality=QUALITIES[row.quality],
        filling_level=row.filling_level,
        distance_mm=row.distance_mm,
        temperature_c=row.temperature_c,
        battery_v=row.battery_v,
        battery_ratio=row.battery_ratio,
        cover_open=_flag(row.cover_open),
        out_of_position=_flag(row.out_of_position),
        rssi_dbm=row.rssi_dbm,
    )


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)
