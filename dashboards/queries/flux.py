"""Queries of InfluxDB, in Flux, with Grafana's ``v.`` record.

A table of rows carries neither ``_measurement`` nor ``_value``: by these Grafana tells a series
from a table. ``v.defaultBucket`` is the raw bucket; the others go by their fixed names.
"""

from collections.abc import Sequence

from dashboards.definition import FluxQuery

IN_SUBDISTRICT = "r.subdistrict_id =~ /^${subdistrict:regex}$/"
"""The filter that follows the choice of subdistricts, for points that carry that tag."""

AT_PLACE = 'r.place_id == "${place}"'
"""The filter that follows the choice of one place."""

_PLACES_NOW = (
    'import "date"\n'
    "from(bucket: v.defaultBucket)\n"
    # All places are told every ten minutes, a changed one within one.
    "  |> range(start: date.sub(d: 25m, from: v.timeRangeStop), stop: v.timeRangeStop)\n"
    f'  |> filter(fn: (r) => r._measurement == "place" and {IN_SUBDISTRICT})\n'
    '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")\n'
    '  |> last(column: "state")\n'
    "  |> group()\n"
)


def places_now(columns: Sequence[str]) -> FluxQuery:
    """One row a place, as it stands at the end of the range."""
    kept = ", ".join(f'"{column}"' for column in columns)
    return FluxQuery(text=f"{_PLACES_NOW}  |> keep(columns: [{kept}])\n")


def count_places_where(column: str) -> FluxQuery:
    """How many places have a number above zero in ``column``: one number."""
    return FluxQuery(
        text=(
            f"{_PLACES_NOW}"
            f"  |> map(fn: (r) => ({{places: if r.{column} > 0.0 then 1 else 0}}))\n"
            '  |> sum(column: "places")\n'
        )
    )


def series(
    measurement: str, field: str, *, where: str, tags: Sequence[str], window: str = "mean"
) -> FluxQuery:
    """A number over time, a series for each combination of ``tags``.

    ``window``: what stands for many points in one pixel's time: ``mean``, ``max``, ``sum``.
    """
    kept = ", ".join(f'"{column}"' for column in ("_measurement", "_field", *tags))
    return FluxQuery(
        text=(
            "from(bucket: v.defaultBucket)\n"
            "  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)\n"
            f'  |> filter(fn: (r) => r._measurement == "{measurement}"'
            f' and r._field == "{field}" and {where})\n'
            f"  |> group(columns: [{kept}])\n"
            f"  |> aggregateWindow(every: v.windowPeriod, fn: {window}, createEmpty: false)\n"
        )
    )


def states(measurement: str, *, where: str, tags: Sequence[str]) -> FluxQuery:
    """A state over time, a series for each combination of ``tags``: the last of each window."""
    return series(measurement, "state", where=where, tags=tags, window="last")
