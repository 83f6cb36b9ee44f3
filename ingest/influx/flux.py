"""Every Flux text that Huanwei asks with. The set is closed.

Flux has no bound parameters in the open server, so values come in by these functions alone: ids
that match our pattern, times of ours, measurements and buckets from code and settings.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from domain.checks import check_id

_ALWAYS = "start: 2020-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z"
_ROWS = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
_DROP = 'drop(columns: ["_start", "_stop", "_measurement"])'


def bucket_text(name: str) -> str:
    """Return a bucket's name as a string of Flux."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def newest_points(bucket: str, measurement: str) -> str:
    """The newest value of every field of every series. A field that the newest point of a device
    lacks comes with its older time, as a row of its own.
    """
    return (
        f"from(bucket: {bucket_text(bucket)}) |> range({_ALWAYS})"
        f' |> filter(fn: (r) => r._measurement == "{check_id("measurement", measurement)}")'
        f" |> last() |> {_ROWS} |> {_DROP}"
    )


def points_of_device(
    bucket: str, measurement: str, device_id: str, *, since: datetime, until: datetime
) -> str:
    """All points of one device from ``since`` (inclusive) to ``until``, a row a point."""
    return points_of_devices(bucket, measurement, [device_id], since=since, until=until)


def points_of_devices(
    bucket: str,
    measurement: str,
    device_ids: Collection[str],
    *,
    since: datetime,
    until: datetime,
    fields: Sequence[str] = (),
) -> str:
    """All points of some devices (at least one) from ``since`` to before ``until``, with these
    fields alone where some are named.
    """
    wanted = " or ".join(
        f'r.device_id == "{check_id("device_id", device_id)}"' for device_id in device_ids
    )
    if fields:
        wanted = f"({wanted}) and ({_fields(fields)})"
    return f"{_read(bucket, measurement, wanted, since=since, until=until)} |> {_ROWS} |> {_DROP}"


def sum_by_device(
    bucket: str, measurement: str, fields: Sequence[str], *, since: datetime, until: datetime
) -> str:
    """Some fields of a device (at least one) all together, from ``since`` to before ``until``: a
    row a device. The storage engine itself adds up here, without a row a point.
    """
    read = _read(bucket, measurement, _fields(fields), since=since, until=until)
    return f'{read} |> group(columns: ["device_id"]) |> sum()'


def sums_by_device(
    bucket: str, measurement: str, fields: Sequence[str], *, since: datetime, until: datetime
) -> str:
    """The same with each field by itself: a row a device and field, named in ``_field``."""
    read = _read(bucket, measurement, _fields(fields), since=since, until=until)
    return f'{read} |> group(columns: ["device_id", "_field"]) |> sum()'


def _read(bucket: str, measurement: str, wanted: str, *, since: datetime, until: datetime) -> str:
    return (
        f"from(bucket: {bucket_text(bucket)})"
        f" |> range(start: {_time(since)}, stop: {_time(until)})"
        f' |> filter(fn: (r) => r._measurement == "{check_id("measurement", measurement)}"'
        f" and ({wanted}))"
    )


def _fields(fields: Sequence[str]) -> str:
    return " or ".join(f'r._field == "{check_id("field", field)}"' for field in fields)


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
