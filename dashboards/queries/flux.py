"""Queries of InfluxDB, in Flux, with Grafana's ``v.`` record.

A table of rows carries neither ``_measurement`` nor ``_value``: by these Grafana tells a series
from a table. ``v.defaultBucket`` is the raw bucket; the others go by their fixed names.
"""

from collections.abc import Mapping, Sequence

from dashboards.definition import FluxQuery

IN_SUBDISTRICT = "r.subdistrict_id =~ /^${subdistrict:regex}$/"
"""The filter that follows the choice of subdistricts, for points that carry that tag."""

AT_PLACE = 'r.place_id == "${place}"'
"""The filter that follows the choice of one place."""

_LATELY = "  |> range(start: date.sub(d: 25m, from: v.timeRangeStop), stop: v.timeRangeStop)\n"
"""All places are told every ten minutes, a changed one within one."""


def newest_rows(measurement: str, key: str, fields: Sequence[str]) -> str:
    """Return the newest row of each ``key`` as one table, by the points ``*_now``.

    They keep many things in one series, so that few series are read; a thing is told of in several
    rows, of which the last counts.
    """
    wanted = " or ".join(f'r._field == "{field}"' for field in (key, *fields))
    return (
        'import "date"\n'
        "from(bucket: v.defaultBucket)\n"
        f"{_LATELY}"
        f'  |> filter(fn: (r) => r._measurement == "{measurement}" and {IN_SUBDISTRICT}'
        f" and ({wanted}))\n"
        '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")\n'
        f'  |> group(columns: ["{key}"])\n'
        '  |> sort(columns: ["_time"])\n'
        f'  |> last(column: "{key}")\n'
        "  |> group()\n"
    )


def places_now(columns: Sequence[str]) -> FluxQuery:
    """One row a place, as it stands at the end of the range."""
    kept = ", ".join(f'"{column}"' for column in columns)
    fields = [column for column in columns if column not in {"place_id", "subdistrict_id"}]
    rows = newest_rows("place_now", "place_id", fields)
    return FluxQuery(text=f"{rows}  |> keep(columns: [{kept}])\n")


def sum_of_subdistricts(measurement: str, field: str) -> FluxQuery:
    """The newest value of a count, all subdistricts together: one number."""
    return FluxQuery(
        text=(
            'import "date"\n'
            "from(bucket: v.defaultBucket)\n"
            f"{_LATELY}"
            f'  |> filter(fn: (r) => r._measurement == "{measurement}" and r._field == "{field}"'
            f" and {IN_SUBDISTRICT})\n"
            "  |> last()\n"
            "  |> group()\n"
            "  |> sum()\n"
            f"  |> map(fn: (r) => ({{{field}: r._value}}))\n"
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


def fullest_places(name: str, limit: int) -> FluxQuery:
    """The fullest places now, the fullest first: a name and a level each."""
    return FluxQuery(
        text=(
            f"{newest_rows('place_now', 'place_id', ['fill', name])}"
            "  |> filter(fn: (r) => exists r.fill)\n"
            '  |> sort(columns: ["fill"], desc: true)\n'
            f"  |> limit(n: {limit})\n"
            f'  |> keep(columns: ["{name}", "fill"])\n'
        )
    )


def newest_at_place(field: str) -> FluxQuery:
    """The newest value of the chosen place in ``place``: one number."""
    return FluxQuery(
        text=(
            'import "date"\n'
            "from(bucket: v.defaultBucket)\n"
            "  |> range(start: date.sub(d: 25m, from: v.timeRangeStop), stop: v.timeRangeStop)\n"
            f'  |> filter(fn: (r) => r._measurement == "place" and r._field == "{field}"'
            f" and {AT_PLACE})\n"
            "  |> last()\n"
            "  |> group()\n"
            f"  |> map(fn: (r) => ({{{field}: r._value}}))\n"
        )
    )


def times_at_place(measurement: str, field: str) -> FluxQuery:
    """How many points of a measurement the chosen place has in the range: one number."""
    return FluxQuery(
        text=(
            f"{_at_place(measurement, [field])}"
            "  |> group()\n"
            "  |> count()\n"
            "  |> map(fn: (r) => ({times: r._value}))\n"
        )
    )


def verdicts_at_place(problems: Mapping[str, str]) -> FluxQuery:
    """What the cameras of the chosen place said over time, a series for each problem and zone.

    ``problems``: what each problem class is called; it becomes the label ``problem``.
    """
    names = ", ".join(f'"{_escaped(key)}": "{_escaped(name)}"' for key, name in problems.items())
    return FluxQuery(
        text=(
            'import "dict"\n'
            f"names = [{names}]\n"
            f"{_at_place('verdict', ['state'])}"
            '  |> group(columns: ["_measurement", "_field", "problem_class", "zone_id"])\n'
            "  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)\n"
            "  |> map(fn: (r) => ({r with problem:"
            " dict.get(dict: names, key: r.problem_class, default: r.problem_class)}))\n"
            '  |> group(columns: ["_measurement", "_field", "problem", "zone_id"])\n'
            '  |> sort(columns: ["_time"])\n'
        )
    )


def pictures_at_place(limit: int) -> FluxQuery:
    """The newest pictures of the chosen place's cameras, with what the camera is worth."""
    return FluxQuery(
        text=(
            f"{_at_place('snapshot', ['picture', 'camera_health'])}"
            '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")\n'
            "  |> group()\n"
            '  |> sort(columns: ["_time"], desc: true)\n'
            f"  |> limit(n: {limit})\n"
            '  |> keep(columns: ["_time", "picture", "camera_health", "device_id"])\n'
        )
    )


def emptyings(word: str) -> FluxQuery:
    """The emptyings of the chosen place as marks: a time and ``word`` with the level before."""
    return FluxQuery(
        text=(
            f"{_at_place('emptied', ['level_before'])}"
            "  |> group()\n"
            '  |> sort(columns: ["_time"])\n'
            "  |> map(fn: (r) => ({_time: r._time,"
            f' text: "{_escaped(word)} " + string(v: int(v: r._value * 100.0)) + " %"}}))\n'
        )
    )


def _at_place(measurement: str, fields: Sequence[str]) -> str:
    wanted = " or ".join(f'r._field == "{field}"' for field in fields)
    return (
        "from(bucket: v.defaultBucket)\n"
        "  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)\n"
        f'  |> filter(fn: (r) => r._measurement == "{measurement}" and ({wanted})'
        f" and {AT_PLACE})\n"
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
