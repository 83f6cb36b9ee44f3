"""The time series in InfluxDB as people look at it: the same answers as the embedded store's."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from domain.checks import ID_PATTERN
from domain.measures import LatestLevel
from domain.problems import ProblemClass
from domain.records import (
    CameraHealth,
    Emptied,
    FillReading,
    MeasurementQuality,
    Record,
    RecordKind,
    SnapshotVerdicts,
    Verdict,
    VerdictState,
)
from ingest.influx.flux import newest_points, points_of_device
from ingest.influx.record_lines import PICTURE_PATH
from ingest.influx.server import FluxServer

Row = Mapping[str, Any]

_MEASUREMENTS = {
    RecordKind.FILL: "fill",
    RecordKind.EMPTIED: "emptied",
    RecordKind.VERDICTS: "snapshot",
}
_VERDICT = "verdict"
_BOXES = msgspec.json.Decoder(tuple[tuple[float, float, float, float], ...])


class InfluxHistory:
    """Fulfils ``domain.ports.history.History`` over the raw bucket.

    Every method raises :class:`ingest.influx.server.InfluxError` while the server does not answer.
    """

    def __init__(self, server: FluxServer, *, bucket: str) -> None:
        self._server = server
        self._bucket = bucket

    def latest(self, kind: RecordKind) -> Mapping[str, Record]:
        """Return the newest record of that kind by device id."""
        newest = self._newest(kind)
        verdicts: Verdicts = {}
        if kind is RecordKind.VERDICTS:
            verdicts = _by_snapshot(self._server.rows(newest_points(self._bucket, _VERDICT)))
        return {device_id: _record(kind, row, verdicts) for device_id, row in newest.items()}

    def latest_levels(self) -> Mapping[str, LatestLevel]:
        """Return the newest reading of each fill sensor that has ever spoken."""
        return {
            device_id: LatestLevel(
                observed_at=_observed_at(row),
                measurement_quality=MeasurementQuality(row["measurement_quality"]),
                filling_level=row.get("filling_level"),
            )
            for device_id, row in self._newest(RecordKind.FILL).items()
        }

    def fill(
        self, device_id: str, *, since: datetime, until: datetime
    ) -> Sequence[tuple[datetime, FillReading]]:
        """Return the readings from ``since`` (inclusive) to ``until`` (exclusive), by time."""
        rows = self._points(RecordKind.FILL, device_id, since, until)
        return [(_observed_at(row), _reading(row)) for row in rows]

    def emptyings(self, device_id: str, *, since: datetime, until: datetime) -> Sequence[Record]:
        """Return the emptyings seen by a fill sensor, by time."""
        rows = self._points(RecordKind.EMPTIED, device_id, since, until)
        return [_record(RecordKind.EMPTIED, row, {}) for row in rows]

    def verdicts(self, device_id: str, *, since: datetime, until: datetime) -> Sequence[Record]:
        """Return the verdict records of a camera, by time."""
        snapshots = self._points(RecordKind.VERDICTS, device_id, since, until)
        if not snapshots:
            return []
        flux = points_of_device(self._bucket, _VERDICT, device_id, since=since, until=until)
        verdicts = _by_snapshot(self._server.rows(flux))
        return [_record(RecordKind.VERDICTS, row, verdicts) for row in snapshots]

    def _newest(self, kind: RecordKind) -> dict[str, Row]:
        newest: dict[str, Row] = {}
        rows = self._server.rows(newest_points(self._bucket, _MEASUREMENTS[kind]))
        for row in whole(rows, _NEEDED[kind]):
            known = newest.get(row["device_id"])
            if known is None or row["_time"] > known["_time"]:
                newest[row["device_id"]] = row
        return newest

    def _points(
        self, kind: RecordKind, device_id: str, since: datetime, until: datetime
    ) -> list[Row]:
        # Nothing is stored under what is no id, and an empty time is an error in Flux.
        if not ID_PATTERN.fullmatch(device_id) or since >= until:
            return []
        flux = points_of_device(
            self._bucket, _MEASUREMENTS[kind], device_id, since=since, until=until
        )
        return sorted(whole(self._server.rows(flux), _NEEDED[kind]), key=lambda row: row["_time"])


_NEEDED = {
    RecordKind.FILL: ("gateway_delay_s", "measurement_quality"),
    RecordKind.EMPTIED: ("gateway_delay_s", "level_before", "level_after"),
    RecordKind.VERDICTS: ("gateway_delay_s", "camera_health"),
}
_NEEDED_OF_VERDICT = ("state", "number", "score")


def whole(rows: Iterator[Row], needed: Sequence[str]) -> Iterator[Row]:
    """Leave out rows without what every point of their kind has.

    InfluxDB keeps each field apart: a query during a write may see only some of a point's fields,
    and a newest row may hold only old values of fields that the newest point lacks.
    """
    return (row for row in rows if all(row.get(name) is not None for name in needed))


Verdicts = dict[tuple[str, datetime], list[Verdict]]


def _by_snapshot(rows: Iterator[Row]) -> Verdicts:
    found: dict[tuple[str, datetime], list[Row]] = defaultdict(list)
    for row in whole(rows, _NEEDED_OF_VERDICT):
        found[row["device_id"], row["_time"]].append(row)
    return {
        key: [_verdict(row) for row in sorted(of_one, key=lambda row: row["number"])]
        for key, of_one in found.items()
    }


def _record(kind: RecordKind, row: Row, verdicts: Verdicts) -> Record:
    observed_at = _observed_at(row)
    values: FillReading | Emptied | SnapshotVerdicts
    match kind:
        case RecordKind.FILL:
            values = _reading(row)
        case RecordKind.EMPTIED:
            values = Emptied(level_before=row["level_before"], level_after=row["level_after"])
        case RecordKind.VERDICTS:
            picture = row.get("picture")
            values = SnapshotVerdicts(
                camera_health=CameraHealth(row["camera_health"]),
                verdicts=tuple(verdicts.get((row["device_id"], row["_time"]), ())),
                picture_sha256=None if picture is None else picture.removeprefix(PICTURE_PATH),
            )
    return Record(
        device_id=row["device_id"],
        observed_at=observed_at,
        gateway_at=observed_at + timedelta(seconds=row["gateway_delay_s"]),
        values=values,
    )


def _reading(row: Row) -> FillReading:
    return FillReading(
        measurement_quality=MeasurementQuality(row["measurement_quality"]),
        filling_level=row.get("filling_level"),
        distance_mm=row.get("distance_mm"),
        temperature_c=row.get("temperature_c"),
        battery_v=row.get("battery_v"),
        battery_ratio=row.get("battery_ratio"),
        cover_open=_flag(row.get("cover_open")),
        out_of_position=_flag(row.get("out_of_position")),
        rssi_dbm=row.get("rssi_dbm"),
    )


def _verdict(row: Row) -> Verdict:
    reasons, boxes = row.get("reasons"), row.get("boxes")
    return Verdict(
        zone_id=row["zone_id"],
        problem_class=ProblemClass(row["problem_class"]),
        state=VerdictState(row["state"]),
        score=row["score"],
        reasons=tuple(reasons.split(",")) if reasons else (),
        boxes=_BOXES.decode(boxes) if boxes else (),
    )


def _observed_at(row: Row) -> datetime:
    instant: datetime = row["_time"]
    return instant.astimezone(UTC)


def _flag(value: float | None) -> bool | None:
    return None if value is None else value != 0
