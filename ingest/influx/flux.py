"""Every Flux text that Huanwei asks with. The set is closed.

Flux has no bound parameters in the open server, so values come in by these functions alone: ids
that match our pattern, times of ours, measurements and buckets from code and settings.
"""

from collections.abc import Collection
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
) -> str:
    """All points of some devices (at least one) from ``since`` to before ``until``."""
    wanted = " or ".join(
        f'r.device_id == "{check_id("device_id", device_id)}"' for device_id in device_ids
    )
    return _points(bucket, measurement, f" and ({wanted})", since=since, until=until)


def points_of_all(bucket: str, measurement: str, *, since: datetime, until: datetime) -> str:
    """All points of all devices from ``since`` to before ``until``: for days, not for raw."""
    return _points(bucket, measurement, "", since=since, until=until)


def _points(bucket: str, measurement: str, wanted: str, *, since: datetime, until: datetime) -> str:
    return (
        f"from(bucket: {bucket_text(bucket)})"
        f" |> range(start: {_time(since)}, stop: {_time(until)})"
        f' |> filter(fn: (r) => r._measurement == "{check_id("measurement", measurement)}"'
        f"{wanted}) |> {_ROWS} |> {_DROP}"
    )


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
