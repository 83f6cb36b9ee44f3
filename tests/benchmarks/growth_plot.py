"""Draws the cost by devices as SVG, both axes logarithmic, from the JSON of ``ingest_growth``.

python -m tests.benchmarks.growth_plot growth.json docs/images/ingest-growth.svg
"""

import argparse
import json
from math import ceil, floor, log10
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 40, 60


class Scale:
    """Places values of a logarithmic axis between two pixels, over whole decades."""

    def __init__(self, values: list[float], begin: int, end: int) -> None:
        self._lowest, self._highest = floor(log10(min(values))), ceil(log10(max(values)))
        self._begin, self._end = begin, end

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (log10(value) - self._lowest) / max(1, self._highest - self._lowest)
        return self._begin + share * (self._end - self._begin)

    def decades(self) -> list[float]:
        """Return the powers of ten that are marked."""
        return [10.0**power for power in range(self._lowest, self._highest + 1)]


def _text(x: float, y: float, words: str, anchor: str = "middle", turn: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{turn}>{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def draw(devices: list[float], cores: list[float], every_s: float) -> str:
    """Return the picture: measured points, and the line that cost growing in proportion takes."""
    fair = [cores[0] * each / devices[0] for each in devices]
    across = Scale(devices, LEFT, WIDTH - RIGHT)
    up = Scale([*cores, *fair], HEIGHT - BOTTOM, TOP)
    parts = [
        _text(WIDTH / 2, 20, f"Cores that ingest uses, by devices (a record every {every_s:g} s)"),
        _text(WIDTH / 2, HEIGHT - 12, "devices"),
        _text(18, HEIGHT / 2, "cores", turn=f' transform="rotate(-90 18 {HEIGHT // 2})"'),
    ]
    for mark in across.decades():
        x = across(mark)
        parts.append(_line(x, TOP, x, HEIGHT - BOTTOM, 'stroke="#ddd"'))
        parts.append(_text(x, HEIGHT - BOTTOM + 18, f"{mark:,.0f}"))
    for mark in up.decades():
        y = up(mark)
        parts.append(_line(LEFT, y, WIDTH - RIGHT, y, 'stroke="#ddd"'))
        parts.append(_text(LEFT - 8, y + 4, f"{mark:g}", "end"))
    ends = (across(devices[0]), up(fair[0]), across(devices[-1]), up(fair[-1]))
    parts.append(_line(*ends, 'stroke="#888" stroke-dasharray="6 4"'))
    places = [(across(x), up(y)) for x, y in zip(devices, cores, strict=True)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(f'<polyline points="{path}" fill="none" stroke="#0b6e4f" stroke-width="2"/>')
    for (x, y), value in zip(places, cores, strict=True):
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#0b6e4f"/>')
        parts.append(_text(x + 8, y + 16, f"{value:.3f}", "start"))
    legend = "dashed: cost in proportion to devices"
    parts.append(_text(WIDTH - RIGHT, HEIGHT - BOTTOM - 8, legend, "end"))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="13">'
    )
    ground = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([head, ground, *parts, "</svg>"]) + "\n"


def main() -> None:
    """Read the figures and write the picture."""
    arguments = argparse.ArgumentParser(description="Draw the cost of ingest by devices.")
    arguments.add_argument("figures", type=Path)
    arguments.add_argument("picture", type=Path)
    options = arguments.parse_args()
    figures = json.loads(options.figures.read_text(encoding="utf-8"))
    points = figures["points"]
    picture = draw(
        [point["devices"] for point in points],
        [point["cores"] for point in points],
        figures["every_s"],
    )
    options.picture.parent.mkdir(parents=True, exist_ok=True)
    options.picture.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
