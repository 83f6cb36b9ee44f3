"""Simple charts of frames as SVG and HTML, in the place and colours that a dashboard gives them."""

import html
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboards.palette import Colour
from tests.dashboards.frames import Column, Frame
from tests.dashboards.values import SHANGHAI, FieldLook

Panel = Mapping[str, Any]
LINES = (Colour.MEASURED, Colour.MEASURED_SECOND, Colour.UNKNOWN, Colour.WATCH, Colour.GOOD)
INK, QUIET, GRID = "#1d2733", "#5b6573", "#e3e7ec"


def number(panel: Panel, frames: Sequence[Frame], width: int, height: int) -> str:
    """The one number, as large as its panel."""
    column = frames[0].of_kind("number")[0]
    look = FieldLook(panel, column.name)
    colour = look.colour(column.values[-1])
    size = min(height * 0.62, width / 3)
    text = html.escape(look.text(column.values[-1]))
    solid = panel["options"]["colorMode"] == "background_solid"
    ground, ink = (colour, "#ffffff") if solid else ("none", colour)
    return _svg(
        width,
        height,
        f'<rect width="{width}" height="{height}" fill="{ground}" rx="4"/>'
        f'<text x="{width / 2}" y="{height / 2}" dy="0.35em" font-size="{size:.0f}"'
        f' font-weight="600" text-anchor="middle" fill="{ink}">{text}</text>',
    )


def label_of(panel: Panel, column: Column) -> str:
    """What a series is called, by the panel's display name."""
    pattern = panel["fieldConfig"]["defaults"].get("displayName")
    title = FieldLook(panel, column.name).title
    if not pattern or title != column.name:
        return title
    for name, value in column.labels.items():
        pattern = pattern.replace("${__field.labels." + name + "}", value)
    return str(pattern)


Marks = Sequence[tuple[datetime, str]]
"""Times of events and their colours."""


def curves(
    panel: Panel, frames: Sequence[Frame], width: int, height: int, marks: Marks = ()
) -> str:
    """Lines or bars over time, with axes, a legend, and the dashboard's marks."""
    series = [(f.of_kind("time")[0], c) for f in frames for c in f.of_kind("number")]
    look = FieldLook(panel, series[0][1].name)
    since = min(time.values[0] for time, _ in series)
    until = max(time.values[-1] for time, _ in series)
    defaults = panel["fieldConfig"]["defaults"]
    known = [v for _, column in series for v in column.values if v is not None]
    low = min(defaults.get("min", min(known)), 0)
    high = max(defaults.get("max", max(known)), low + 1e-9)
    legend_shown = panel["options"].get("legend", {}).get("showLegend", True)
    left, bottom = 64, 44 if legend_shown else 22
    plot_w, plot_h = width - left - 10, height - bottom - 6
    span_s = max((until - since).total_seconds(), 1)

    def x(at: datetime) -> float:
        return float(left + (at - since).total_seconds() / span_s * plot_w)

    def y(value: float) -> float:
        return float(4 + plot_h - (value - low) / (high - low) * plot_h)

    parts = [_y_axis(look, low, high, y, left, width)]
    parts.append(_time_axis(since, until, x, height - bottom + 12))
    if defaults.get("custom", {}).get("thresholdsStyle", {}).get("mode") == "dashed":
        parts += [
            f'<line x1="{left}" x2="{width - 10}" y1="{y(s["value"]):.1f}" y2="{y(s["value"]):.1f}"'
            f' stroke="{s["color"]}" stroke-dasharray="6 4"/>'
            for s in look.steps
            if s["value"] is not None and low <= s["value"] <= high
        ]
    parts += [
        f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="4" y2="{4 + plot_h}" stroke="{colour}"'
        ' stroke-dasharray="2 3" stroke-width="1.5"/>'
        for at, colour in marks
        if since <= at <= until
    ]
    bars = defaults.get("custom", {}).get("drawStyle") == "bars"
    legend = []
    for index, (time, column) in enumerate(series):
        own = FieldLook(panel, column.name)
        colour = own.fixed or LINES[index % len(LINES)]
        points = [
            (x(at), y(v)) for at, v in zip(time.values, column.values, strict=True) if v is not None
        ]
        place = (index, len(series))
        parts.append(
            _bars_at(points, y(low), colour, plot_w, place) if bars else _line(points, colour)
        )
        legend.append((label_of(panel, column), str(colour)))
    if legend_shown:
        parts.append(_legend(legend, left, height - 12, width))
    return _svg(width, height, "".join(parts))


def _line(points: Sequence[tuple[float, float]], colour: str) -> str:
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>'


def _bars_at(
    points: Sequence[tuple[float, float]],
    base: float,
    colour: str,
    plot_w: float,
    place: tuple[int, int],
) -> str:
    index, count = place
    wide = max(2.0, min(32.0, plot_w / max(len(points), 1) * 0.6 / count))
    first, last = points[0][0], points[-1][0]
    bars = []
    for px, py in points:
        # Kept within the plot: a bar begins behind the axis and ends before the edge.
        shift = (px - first) / max(last - first, 1e-9) * wide * count
        left = px - shift + index * wide
        bars.append(
            f'<rect x="{left:.1f}" y="{py:.1f}" width="{wide - 1:.1f}"'
            f' height="{max(base - py, 0):.1f}" fill="{colour}"/>'
        )
    return "".join(bars)


def _y_axis(look: FieldLook, low: float, high: float, y: Any, left: int, width: int) -> str:  # noqa: ANN401  a function and its plot
    parts = []
    for step in range(5):
        value = low + (high - low) * step / 4
        parts.append(
            f'<line x1="{left}" x2="{width - 10}" y1="{y(value):.1f}" y2="{y(value):.1f}"'
            f' stroke="{GRID}"/><text x="{left - 6}" y="{y(value):.1f}" dy="0.35em" font-size="11"'
            f' text-anchor="end" fill="{QUIET}">{html.escape(look.text(value))}</text>'
        )
    return "".join(parts)


def _time_axis(since: datetime, until: datetime, x: Any, at_y: float) -> str:  # noqa: ANN401  a function
    parts = []
    for step in range(6):
        at = since + (until - since) * step / 5
        text = at.astimezone(SHANGHAI).strftime("%m-%d" if (until - since).days >= 3 else "%H:%M")
        anchor = "start" if step == 0 else "end" if step == 5 else "middle"
        parts.append(
            f'<text x="{x(at):.0f}" y="{at_y}" font-size="11" text-anchor="{anchor}"'
            f' fill="{QUIET}">{text}</text>'
        )
    return "".join(parts)


def _legend(entries: Sequence[tuple[str, str]], left: int, y: float, width: int) -> str:
    parts, x = [], float(left)
    for text, colour in entries:
        wide = 22 + sum(12 if ord(letter) > 0x2E80 else 6.5 for letter in text)
        if x + wide > width:
            break
        parts.append(
            f'<rect x="{x:.0f}" y="{y - 5}" width="12" height="3" fill="{colour}"/>'
            f'<text x="{x + 16:.0f}" y="{y}" font-size="11" fill="{INK}">{html.escape(text)}</text>'
        )
        x += wide + 10
    return "".join(parts)


def timeline(panel: Panel, frames: Sequence[Frame], width: int, height: int) -> str:
    """A row of coloured stretches for each series."""
    rows = [(label_of(panel, f.of_kind("string")[0]), f) for f in frames]
    since = min(f.of_kind("time")[0].values[0] for _, f in rows)
    until = max(f.of_kind("time")[0].values[-1] for _, f in rows)
    left = min(
        max(sum(12 if ord(c) > 0x2E80 else 6.5 for c in name) for name, _ in rows) + 10, width / 3
    )
    row_h = (height - 20) / len(rows)
    span_s = max((until - since).total_seconds(), 1)

    def x(at: datetime) -> float:
        return float(left + (at - since).total_seconds() / span_s * (width - left - 8))

    parts = []
    for index, (name, frame) in enumerate(rows):
        times, states = frame.of_kind("time")[0].values, frame.of_kind("string")[0].values
        look = FieldLook(panel, frame.of_kind("string")[0].name)
        top = index * row_h + row_h * 0.08
        for at, state, end in _stretches(times, states, until):
            parts.append(
                f'<rect x="{x(at):.1f}" y="{top:.1f}" width="{max(x(end) - x(at) + 0.4, 0):.1f}"'
                f' height="{row_h * 0.84:.1f}" fill="{look.colour(state)}"/>'
            )
        parts.append(
            f'<text x="{left - 6:.0f}" y="{top + row_h * 0.42:.1f}" dy="0.35em" font-size="11"'
            f' text-anchor="end" fill="{INK}">{html.escape(name)}</text>'
        )
    parts.append(_time_axis(since, until, x, height - 4))
    return _svg(width, height, "".join(parts))


def _stretches(
    times: Sequence[datetime], states: Sequence[str], until: datetime
) -> list[tuple[datetime, str, datetime]]:
    """Equal neighbours as one, as Grafana merges them."""
    found: list[tuple[datetime, str, datetime]] = []
    for at, state, end in zip(times, states, [*times[1:], until], strict=True):
        if found and found[-1][1] == state:
            found[-1] = (found[-1][0], state, end)
        else:
            found.append((at, state, end))
    return found


def bars(panel: Panel, frames: Sequence[Frame], width: int, height: int) -> str:
    """Bars with a name each, lying or standing."""
    (frame,) = frames
    category = frame.column(panel["options"]["xField"])
    assert category is not None
    names = [str(FieldLook(panel, category.name).text(value)) for value in category.values]
    columns = frame.of_kind("number")
    highest = max((v or 0) for column in columns for v in column.values) or 1
    return _svg(width, height, "".join(_lying(panel, names, columns, highest, width, height)))


def _lying(
    panel: Panel,
    names: Sequence[str],
    columns: Sequence[Column],
    highest: float,
    width: int,
    height: int,
) -> list[str]:
    left, row_h = width * 0.3, (height - 18) / len(names)
    bar_h = min(row_h * 0.7 / len(columns), 22)
    parts = []
    for row, name in enumerate(names):
        middle = row * row_h + row_h / 2
        parts.append(
            f'<text x="{left - 8:.0f}" y="{middle:.1f}" dy="0.35em" font-size="12"'
            f' text-anchor="end" fill="{INK}">{html.escape(name[:22])}</text>'
        )
        for index, column in enumerate(columns):
            look, value = FieldLook(panel, column.name), column.values[row] or 0
            colour = look.fixed or (look.colour(value) if look.steps else LINES[index % len(LINES)])
            top = middle + (index - len(columns) / 2) * bar_h
            wide = value / highest * (width - left - 90)
            parts.append(
                f'<rect x="{left:.0f}" y="{top:.1f}" width="{wide:.1f}" height="{bar_h - 2:.1f}"'
                f' fill="{colour}"/><text x="{left + wide + 6:.1f}" y="{top + bar_h / 2:.1f}"'
                f' dy="0.35em" font-size="11" fill="{QUIET}">{html.escape(look.text(value))}</text>'
            )
    if len(columns) > 1:
        legend = [
            (look.title, str(look.fixed or LINES[index % len(LINES)]))
            for index, look in enumerate(FieldLook(panel, column.name) for column in columns)
        ]
        parts.append(_legend(legend, int(left), height - 5, width))
    return parts


def _svg(width: float, height: float, inner: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="0 0 {width:.0f} {height:.0f}">{inner}</svg>'
    )
