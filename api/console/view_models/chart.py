"""The fill curve of a place as options for ECharts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.console.palette import PALETTE, Mark
from api.console.view_models.cases import unix_ms
from api.console.words import Words
from domain.records import FillReading, MeasurementQuality
from texts.formatting import DISTRICT_ZONE

_CURVE_COLOURS = ("#1d5a9e", "#4c7fb8", "#14395f", "#7aa5d1", "#2e6f8e", "#9bb7d4")
_FULL, _AXIS_STEP = 100, 20
"""The level axis, in percent."""
_LONGEST_GAP_REPORTS = 4
_A_DAY = timedelta(days=1)
_NAMES_ABREAST = 5
"""So many names of arrows fit beside each other on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The readings of one container, by time, and the times it was emptied.

    ``report_interval_s`` tells a gap (nothing was measured) from the next reading.
    """

    label: str
    report_interval_s: int
    readings: Sequence[tuple[datetime, FillReading]]
    emptied_at: Sequence[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The levels (ratios) at which a bin is to be watched, and to be emptied."""

    warning: float
    critical: float


def fill_chart(
    curves: Sequence[Curve], *, since: datetime, until: datetime, limits: Limits, words: Words
) -> dict[str, object]:
    """Return the chart's options; levels in percent, times in the district's own zone."""
    highest = max((level for curve in curves for _, level in _points(curve)), default=0.0)
    top = max(_FULL, math.ceil(100 * highest / _AXIS_STEP) * _AXIS_STEP)
    named = _named_emptyings(curves, apart=(until - since) / _NAMES_ABREAST)
    series = [
        _series(curve, _CURVE_COLOURS[index % len(_CURVE_COLOURS)], named[index], words)
        for index, curve in enumerate(curves)
    ]
    days = until - since > _A_DAY
    if series:
        series[0]["markLine"] = _limit_lines(limits, words)
    return {
        # ECharts would show the browser's own zone; so the times are shifted and called UTC.
        "useUTC": True,
        "animation": False,
        "grid": {"left": 48, "right": 20, "top": 40, "bottom": 48 if days else 32},
        "legend": {"top": 4, "left": "center", "type": "scroll", "data": [c.label for c in curves]},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {
            "type": "time",
            "min": district_ms(since),
            "max": district_ms(until),
            "axisLabel": {
                "hideOverlap": True,
                "formatter": "{HH}:{mm}\n{M}/{d}" if days else "{HH}:{mm}",
            },
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "max": top,
            "interval": _AXIS_STEP,
            "axisLabel": {"formatter": "{value}%"},
        },
        "series": series,
    }


def district_ms(instant: datetime) -> int:
    """Return Unix milliseconds moved by the district's offset from UTC."""
    offset = DISTRICT_ZONE.utcoffset(instant.astimezone(DISTRICT_ZONE))
    return unix_ms(instant) + (round(offset.total_seconds() * 1000) if offset else 0)


def _named_emptyings(curves: Sequence[Curve], apart: timedelta) -> list[set[datetime]]:
    """Return by curve the emptyings whose arrow is named: of those close together only the first,
    since their names would lie upon each other; neighbouring bins are emptied at one time.
    """
    named: list[set[datetime]] = [set() for _ in curves]
    every = sorted((at, index) for index, curve in enumerate(curves) for at in curve.emptied_at)
    last: datetime | None = None
    for at, index in every:
        if last is None or at - last >= apart:
            named[index].add(at)
            last = at
    return named


def _series(curve: Curve, colour: str, named: set[datetime], words: Words) -> dict[str, object]:
    points = _points(curve)
    return {
        "name": curve.label,
        "type": "line",
        "showSymbol": False,
        "connectNulls": False,
        "color": colour,
        "lineStyle": {"width": 2},
        "data": _with_gaps(points, curve.report_interval_s),
        "markPoint": {
            "symbol": "arrow",
            "symbolRotate": 180,
            "symbolSize": 12,
            "itemStyle": {"color": PALETTE[Mark.CLEAN].colour},
            "label": {
                "show": True,
                "formatter": words.say("chart.emptied"),
                "position": "top",
                "color": PALETTE[Mark.CLEAN].colour,
            },
            "data": [
                {
                    "coord": [district_ms(at), _percent_at(points, at)],
                    "name": curve.label,
                    "label": {"show": at in named},
                }
                for at in curve.emptied_at
            ],
        },
    }


def _points(curve: Curve) -> list[tuple[datetime, float]]:
    """The believable levels only: a suspicious one is not drawn as if it were true."""
    return [
        (at, reading.filling_level)
        for at, reading in curve.readings
        if reading.filling_level is not None
        and reading.measurement_quality is MeasurementQuality.ACCEPTED
    ]


def _with_gaps(
    points: Sequence[tuple[datetime, float]], report_interval_s: int
) -> list[list[float | int | None]]:
    """Points in percent, with a hole where the sensor was silent: no line over what nobody saw."""
    data: list[list[float | int | None]] = []
    previous: datetime | None = None
    for at, level in points:
        if previous is not None:
            gap_s = (at - previous).total_seconds()
            if gap_s > _LONGEST_GAP_REPORTS * report_interval_s:
                data.append([district_ms(previous) + 1, None])
        data.append([district_ms(at), round(level * 100, 1)])
        previous = at
    return data


def _percent_at(points: Sequence[tuple[datetime, float]], at: datetime) -> float:
    after = next((level for when, level in points if when >= at), 0.0)
    return round(after * 100, 1)


def _limit_lines(limits: Limits, words: Words) -> Mapping[str, object]:
    lines = (
        (limits.warning, Mark.WARNING, "chart.warning"),
        (limits.critical, Mark.PROBLEM, "chart.critical"),
    )
    return {
        "silent": True,
        "symbol": "none",
        "data": [
            {
                "yAxis": round(level * 100),
                "lineStyle": {"color": PALETTE[mark].colour, "type": "dashed"},
                "label": {
                    "formatter": f"{words.say(key)} {words.share(level)}",
                    "position": "insideEndTop",
                    "color": PALETTE[mark].colour,
                },
            }
            for level, mark, key in lines
        ],
    }
