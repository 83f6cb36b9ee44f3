"""A dashboard's grid as one HTML page, each panel a simple chart of the data that was asked for."""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from api.map_outline import outline_of
from dashboards.palette import Colour
from domain.registry import RegistrySnapshot
from tests.dashboards.charts import Marks, bars, curves, number, timeline
from tests.dashboards.frames import Column, Frame
from tests.dashboards.values import FieldLook
from texts.catalogue import Locale

Panel = Mapping[str, Any]
WIDTH, ROW, GAP, HEAD = 1600, 38, 8, 30
_COLUMN = WIDTH / 24

_STYLE = """
body { margin: 0; background: #f3f5f7; color: #1d2733; width: 1600px; padding: 0 8px 8px;
  font: 14px/1.35 "Noto Sans CJK SC", "Noto Sans", sans-serif; }
h1 { font-size: 20px; margin: 10px 4px 8px; }
h1 small { color: #5b6573; font-weight: 400; font-size: 13px; margin-left: 12px; }
.grid { position: relative; }
.panel { position: absolute; background: #fff; border: 1px solid #dde2e8; border-radius: 4px;
  box-sizing: border-box; overflow: hidden; }
.panel h2 { font-size: 14px; font-weight: 600; margin: 0; padding: 6px 10px 2px; height: 22px; }
.body { padding: 0 10px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 4px 8px 4px 0; border-bottom: 1px solid #edf0f3;
  white-space: nowrap; overflow: hidden; max-width: 220px; text-overflow: ellipsis;
  font-size: 13px; }
th { color: #5b6573; font-weight: 500; }
.link { color: #1d5a9e; }
.picture { display: inline-block; width: 64px; height: 36px; background: #d5dbe1;
  border-radius: 2px; }
.none { color: #5b6573; padding: 16px 10px; }
"""


def page(
    dashboard: Mapping[str, Any],
    answers: Mapping[int, Sequence[Frame]],
    registry: RegistrySnapshot,
    locale: Locale,
    note: str,
    marks: Marks,
) -> str:
    """Return the page; ``answers`` are the frames by panel id, ``marks`` the events of all."""
    bottom = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in dashboard["panels"])
    panels = "".join(
        _panel(panel, answers[panel["id"]], registry, locale, marks)
        for panel in dashboard["panels"]
    )
    return (
        f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style>'
        f"<h1>{html.escape(dashboard['title'])}<small>{html.escape(note)}</small></h1>"
        f'<div class="grid" style="height:{bottom * ROW}px">{panels}</div>'
    )


def _panel(
    panel: Panel,
    frames: Sequence[Frame],
    registry: RegistrySnapshot,
    locale: Locale,
    marks: Marks,
) -> str:
    box = panel["gridPos"]
    width, height = round(box["w"] * _COLUMN) - GAP, box["h"] * ROW - GAP
    frames = [frame for frame in frames if len(frame)]
    inner_w, inner_h = width - 20, height - HEAD - 6
    if not frames:
        none = panel["fieldConfig"]["defaults"]["noValue"]
        body = f'<div class="none">{html.escape(none)}</div>'
    elif panel["type"] == "timeseries":
        body = curves(panel, frames, inner_w, inner_h, marks)
    else:
        body = _body(panel, frames, inner_w, inner_h, registry, locale)
    return (
        f'<div class="panel" style="left:{round(box["x"] * _COLUMN)}px;top:{box["y"] * ROW}px;'
        f'width:{width}px;height:{height}px"><h2>{html.escape(panel["title"])}</h2>'
        f'<div class="body">{body}</div></div>'
    )


def _body(
    panel: Panel,
    frames: Sequence[Frame],
    width: int,
    height: int,
    registry: RegistrySnapshot,
    locale: Locale,
) -> str:
    match panel["type"]:
        case "stat":
            return number(panel, frames, width, height)
        case "state-timeline":
            return timeline(panel, frames, width, height)
        case "barchart":
            return bars(panel, frames, width, height)
        case "geomap":
            return _map(panel, frames[0], width, height, registry, locale)
        case _:
            return _table(panel, frames[0], height)


def _table(panel: Panel, frame: Frame, height: int) -> str:
    orders = [each["options"]["indexByName"] for each in panel.get("transformations", ())]
    order = orders[0] if orders else {}
    columns = sorted(frame.columns, key=lambda column: order.get(column.name, len(order)))
    shown = [(c, FieldLook(panel, c.name)) for c in columns]
    shown = [(column, look) for column, look in shown if not look.hidden]
    rows = max(1, (height - 28) // (46 if any(look.cell == "image" for _, look in shown) else 28))
    head = "".join(f"<th>{html.escape(look.title)}</th>" for _, look in shown)
    body = "".join(
        "<tr>" + "".join(_cell(column, look, row) for column, look in shown) + "</tr>"
        for row in range(min(rows, len(frame)))
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(column: Column, look: FieldLook, row: int) -> str:
    value = column.values[row]
    if look.cell == "image":
        if str(value).startswith("data:"):
            return f'<td><img class="picture" src="{value}"></td>'
        return '<td><span class="picture"></span></td>'
    style = ""
    if look.cell == "color-text" and value is not None:
        style = f' style="color:{look.colour(value)};font-weight:600"'
    return f"<td{style}>{html.escape(look.text(value))}</td>"


def _map(
    panel: Panel,
    frame: Frame,
    width: int,
    height: int,
    registry: RegistrySnapshot,
    locale: Locale,
) -> str:
    rings = [
        feature["geometry"]["coordinates"][0]
        for feature in outline_of(registry, locale)["features"]
    ]
    longitudes, latitudes = _values(frame, "longitude"), _values(frame, "latitude")
    west = min([*longitudes, *(x for ring in rings for x, _ in ring)])
    east = max([*longitudes, *(x for ring in rings for x, _ in ring)])
    south = min([*latitudes, *(y for ring in rings for _, y in ring)])
    north = max([*latitudes, *(y for ring in rings for _, y in ring)])
    narrowing = math.cos(math.radians((south + north) / 2))
    scale = min(width / ((east - west) * narrowing), height / (north - south)) * 0.94

    def place(longitude: float, latitude: float) -> tuple[float, float]:
        x = width / 2 + (longitude - (west + east) / 2) * narrowing * scale
        return x, height / 2 - (latitude - (south + north) / 2) * scale

    parts = []
    for ring in rings:
        corners = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in ring)
        parts.append(
            f'<polygon points="{corners}" fill="{Colour.UNKNOWN}" fill-opacity="0.10"'
            f' stroke="{Colour.UNKNOWN}"/>'
        )
    style = panel["options"]["layers"][0]["config"]["style"]
    states, sizes = _values(frame, style["color"]["field"]), _values(frame, style["size"]["field"])
    look = FieldLook(panel, style["color"]["field"])
    known = [size for size in sizes if size is not None]
    least, most = min(known, default=0), max(known, default=1)
    for longitude, latitude, state, size in zip(longitudes, latitudes, states, sizes, strict=True):
        x, y = place(longitude, latitude)
        share = 0.0 if size is None else (size - least) / max(most - least, 1e-9)
        radius = style["size"]["min"] + share * (style["size"]["max"] - style["size"]["min"])
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{look.colour(state)}"'
            ' fill-opacity="0.85" stroke="#fff"/>'
        )
    return f'<svg width="{width}" height="{height}">{"".join(parts)}</svg>'


def _values(frame: Frame, name: str) -> list[Any]:
    column = frame.column(name)
    assert column is not None
    return column.values
