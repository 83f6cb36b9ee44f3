"""Flux over what devices and processes tell of themselves.

The results are wide tables: a time and a column for each figure, named as the figure is.
"""

from collections.abc import Sequence

from dashboards.definition import FluxQuery
from dashboards.queries.flux import IN_SUBDISTRICT

_LATELY = "  |> range(start: date.sub(d: 25m, from: v.timeRangeStop), stop: v.timeRangeStop)\n"
_IN_RANGE = "  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)\n"
_DAYS = 'every: 1d, offset: 16h, timeSrc: "_start"'
"""Days that begin at midnight in Shanghai, which is UTC+8 all year."""
_WIDE = (
    "  |> group()\n"
    '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")\n'
    '  |> sort(columns: ["_time"])\n'
)


_MOST_REASONS = 6
"""Bars of the panel of dead letters: on a good day all of them stand at 0, which says so."""


def _any_of(fields: Sequence[str]) -> str:
    return "(" + " or ".join(f'r._field == "{field}"' for field in fields) + ")"


def _windowed(
    of_each: str, of_all: str, *, between: str = "", every: str = "v.windowPeriod"
) -> str:
    """One value a pixel and field: first of each series, which the storage does, then of all.

    To group by time instead makes a table for every moment, which takes seconds.
    """
    return (
        f"  |> aggregateWindow(every: {every}, fn: {of_each}, createEmpty: false,"
        ' timeSrc: "_start")\n'
        f"{between}"
        '  |> group(columns: ["_field"])\n'
        f"  |> aggregateWindow(every: {every}, fn: {of_all}, createEmpty: false)\n"
    )


def _of_fleet(fields: Sequence[str]) -> str:
    return (
        "from(bucket: v.defaultBucket)\n"
        f"{_IN_RANGE}"
        f'  |> filter(fn: (r) => r._measurement == "fleet" and {_any_of(fields)}'
        f" and {IN_SUBDISTRICT})\n"
    )


def fleet_counts(fields: Sequence[str]) -> FluxQuery:
    """How many devices there are of each kind over time, a column each."""
    kept = ", ".join(f'"{field}"' for field in ("_time", *fields))
    added_up = _windowed("last", "sum")
    return FluxQuery(text=f"{_of_fleet(fields)}{added_up}{_WIDE}  |> keep(columns: [{kept}])\n")


def fleet_lowest(field: str) -> FluxQuery:
    """The lowest value of all devices over time."""
    renamed = f"  |> map(fn: (r) => ({{_time: r._time, {field}: r._value}}))\n"
    return FluxQuery(text=f"{_of_fleet([field])}{_windowed('min', 'min')}  |> group()\n{renamed}")


def fleet_share(part: str, whole: str, name: str) -> FluxQuery:
    """What share of the devices is heard over time."""
    return FluxQuery(
        text=(
            f"{_of_fleet([part, whole])}{_windowed('last', 'sum')}{_WIDE}"
            f"  |> map(fn: (r) => ({{_time: r._time, {name}: r.{part} / r.{whole}}}))\n"
        )
    )


def coverage_by_day(name: str) -> FluxQuery:
    """What share of the hours of a day devices were heard in: observed of due device-hours."""
    return FluxQuery(
        text=(
            'from(bucket: "huanwei-daily")\n'
            f"{_IN_RANGE}"
            f'  |> filter(fn: (r) => r._measurement == "coverage" and {IN_SUBDISTRICT})\n'
            '  |> group(columns: ["_field"])\n'
            f"  |> aggregateWindow({_DAYS}, fn: sum, createEmpty: false)\n{_WIDE}"
            f"  |> map(fn: (r) => ({{_time: r._time, {name}: r.observed / r.due}}))\n"
        )
    )


def devices_now(columns: Sequence[str], *, most: int) -> FluxQuery:
    """One row a device as it is at the end of the range, the longest silent first."""
    kept = ", ".join(f'"{column}"' for column in columns)
    fields = [column for column in columns if column != "subdistrict_id"]
    return FluxQuery(
        text=(
            'import "date"\n'
            # All devices are told at one moment, with the fleet that they are.
            "told = from(bucket: v.defaultBucket)\n"
            f"{_LATELY}"
            f'  |> filter(fn: (r) => r._measurement == "fleet" and r._field == "devices"'
            f" and {IN_SUBDISTRICT})\n"
            "  |> last()\n"
            "  |> group()\n"
            '  |> max(column: "_time")\n'
            '  |> findColumn(fn: (key) => true, column: "_time")\n'
            "at = if length(arr: told) > 0 then told[0] else v.timeRangeStart\n"
            "from(bucket: v.defaultBucket)\n"
            "  |> range(start: at, stop: date.add(d: 1s, to: at))\n"
            f'  |> filter(fn: (r) => r._measurement == "device_now" and {IN_SUBDISTRICT}'
            f" and {_any_of(fields)})\n"
            '  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")\n'
            "  |> group()\n"
            '  |> sort(columns: ["silent_s"], desc: true)\n'
            f"  |> limit(n: {most})\n"
            f"  |> keep(columns: [{kept}])\n"
        )
    )


def cameras_by_health() -> FluxQuery:
    """How many cameras see well, and what is wrong with the others: one row a condition."""
    return FluxQuery(
        text=(
            'import "date"\n'
            'import "strings"\n'
            "from(bucket: v.defaultBucket)\n"
            f"{_LATELY}"
            f'  |> filter(fn: (r) => r._measurement == "fleet" and r._field =~ /^cameras_/'
            f" and {IN_SUBDISTRICT})\n"
            "  |> last()\n"
            '  |> group(columns: ["_field"])\n'
            "  |> sum()\n"
            "  |> group()\n"
            "  |> filter(fn: (r) => r._value > 0.0)\n"
            "  |> map(fn: (r) => ({camera_health:"
            ' strings.trimPrefix(v: r._field, prefix: "cameras_"), cameras: r._value}))\n'
        )
    )


def longest_silences(columns: Sequence[str], *, most: int) -> FluxQuery:
    """The devices that were silent for the longest time in one piece, and when that was."""
    kept = ", ".join(f'"{column}"' for column in columns)
    return FluxQuery(
        text=(
            "from(bucket: v.defaultBucket)\n"
            f"{_IN_RANGE}"
            '  |> filter(fn: (r) => r._measurement == "silence" and r._field == "silent_s"'
            f" and {IN_SUBDISTRICT})\n"
            "  |> max()\n"
            "  |> group()\n"
            '  |> sort(columns: ["_value"], desc: true)\n'
            f"  |> limit(n: {most})\n"
            '  |> rename(columns: {_value: "gap_s", _time: "gap_until"})\n'
            f"  |> keep(columns: [{kept}])\n"
        )
    )


def refused_by_reason() -> FluxQuery:
    """How many records became dead letters in the range: one row a reason."""
    return FluxQuery(
        text=(
            "from(bucket: v.defaultBucket)\n"
            f"{_IN_RANGE}"
            '  |> filter(fn: (r) => r._measurement == "refused" and r._field == "total")\n'
            # Of each pixel the highest: what was counted before a restart within it is not lost.
            "  |> aggregateWindow(every: v.windowPeriod, fn: max, createEmpty: false)\n"
            "  |> difference(nonNegative: true)\n"
            '  |> group(columns: ["reason"])\n'
            "  |> sum()\n"
            "  |> group()\n"
            '  |> sort(columns: ["_value"], desc: true)\n'
            f"  |> limit(n: {_MOST_REASONS})\n"
            "  |> map(fn: (r) => ({reason: r.reason, letters: r._value}))\n"
        )
    )


def process_values(fields: Sequence[str], *, window: str = "max") -> FluxQuery:
    """Figures of our processes over time, a column each; ``window``: of many in one pixel."""
    kept = ", ".join(f'"{field}"' for field in ("_time", *fields))
    return FluxQuery(
        text=(
            "from(bucket: v.defaultBucket)\n"
            f"{_IN_RANGE}"
            f'  |> filter(fn: (r) => r._measurement == "process" and {_any_of(fields)})\n'
            f"{_windowed(window, window)}{_WIDE}  |> keep(columns: [{kept}])\n"
        )
    )


def process_rates(fields: Sequence[str]) -> FluxQuery:
    """How fast counters of our processes grow, a minute, a column each; a restart is no jump."""
    kept = ", ".join(f'"{field}"' for field in ("_time", *fields))
    growth = "  |> derivative(unit: 1m, nonNegative: true)\n"
    rates = _windowed("last", "sum", between=growth, every="every")
    return FluxQuery(
        text=(
            # Told every 15 s: in a shorter piece the rate would jump with its number of points.
            "every = if int(v: v.windowPeriod) > int(v: 5m) then v.windowPeriod else 5m\n"
            "from(bucket: v.defaultBucket)\n"
            f"{_IN_RANGE}"
            f'  |> filter(fn: (r) => r._measurement == "process" and {_any_of(fields)})\n'
            f"{rates}{_WIDE}  |> keep(columns: [{kept}])\n"
        )
    )


def newest_of_process(field: str, *, window: str) -> FluxQuery:
    """The newest value of a figure, the worst (``min`` or ``max``) of all processes: one number."""
    return FluxQuery(
        text=(
            'import "date"\n'
            "from(bucket: v.defaultBucket)\n"
            f"{_LATELY}"
            f'  |> filter(fn: (r) => r._measurement == "process" and r._field == "{field}")\n'
            "  |> last()\n"
            "  |> group()\n"
            f"  |> {window}()\n"
            f'  |> rename(columns: {{_value: "{field}"}})\n'
            f'  |> keep(columns: ["{field}"])\n'
        )
    )


def emptyings_by_day(name: str) -> FluxQuery:
    """How many emptyings there were on each day."""
    return FluxQuery(
        text=(
            "from(bucket: v.defaultBucket)\n"
            f"{_IN_RANGE}"
            '  |> filter(fn: (r) => r._measurement == "emptied" and r._field == "level_before"'
            f" and {IN_SUBDISTRICT})\n"
            # Counted in each series by the storage: half of what one series of all takes.
            f"  |> aggregateWindow({_DAYS}, fn: count, createEmpty: false)\n"
            "  |> group()\n"
            f"  |> aggregateWindow({_DAYS}, fn: sum)\n"
            f"  |> map(fn: (r) => ({{_time: r._time, {name}: float(v: r._value)}}))\n"
        )
    )


def count_emptyings(name: str) -> FluxQuery:
    """How many emptyings there were in the whole range: one number."""
    return FluxQuery(
        text=(
            "from(bucket: v.defaultBucket)\n"
            f"{_IN_RANGE}"
            '  |> filter(fn: (r) => r._measurement == "emptied" and r._field == "level_before"'
            f" and {IN_SUBDISTRICT})\n"
            "  |> group()\n"
            "  |> count()\n"
            f"  |> map(fn: (r) => ({{{name}: float(v: r._value)}}))\n"
        )
    )


def last_emptyings(columns: Sequence[str], *, most: int) -> FluxQuery:
    """The newest emptyings of the last day of the range, one row each."""
    kept = ", ".join(f'"{column}"' for column in columns)
    fields = [column for column in columns if column not in {"at", "place_id", "subdistrict_id"}]
    return FluxQuery(
        text=(
            'import "date"\n'
            "from(bucket: v.defaultBucket)\n"
            "  |> range(start: date.sub(d: 1d, from: v.timeRangeStop), stop: v.timeRangeStop)\n"
            f'  |> filter(fn: (r) => r._measurement == "emptied" and {IN_SUBDISTRICT}'
            f" and {_any_of(fields)})\n"
            # A table a field first: to turn the thousands of small ones takes a second.
            '  |> group(columns: ["_field"])\n'
            '  |> pivot(rowKey: ["_time", "device_id", "place_id", "subdistrict_id"],'
            ' columnKey: ["_field"], valueColumn: "_value")\n'
            "  |> group()\n"
            '  |> sort(columns: ["_time"], desc: true)\n'
            f"  |> limit(n: {most})\n"
            '  |> rename(columns: {_time: "at"})\n'
            f"  |> keep(columns: [{kept}])\n"
        )
    )
