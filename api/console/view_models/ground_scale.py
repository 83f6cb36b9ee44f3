"""How large a metre is on a drawn ground, to be checked by eye: a grid, or one mean square."""

from dataclasses import dataclass

from domain.calibration import area_of
from domain.devices import Zone, ZoneKind
from domain.places import Polygon

_Point = tuple[float, float]
Line = tuple[float, float, float, float]
"""From (x, y) to (x, y) in relative picture coordinates."""

_STEPS_M = (1.0, 5.0, 20.0)
_MOST_STEPS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundScale:
    """A ground's grid of squares of ``step_m`` where its sides are known; else no ``lines`` but
    one square around ``centre`` that takes ``share`` of the picture.
    """

    zone_id: str
    step_m: float
    lines: tuple[Line, ...]
    centre: _Point
    share: float

    def as_json(self) -> dict[str, object]:
        """Return it for the browser."""
        return {
            "id": self.zone_id,
            "step": self.step_m,
            "lines": [list(line) for line in self.lines],
            "centre": list(self.centre),
            "share": self.share,
        }


def ground_scale(zone: Zone) -> GroundScale | None:
    """Return a ground's scale; None for other zones, and where its size is not known."""
    if zone.kind is not ZoneKind.GROUND or zone.area_m2 is None:
        return None
    longest = max(zone.sides_m) if zone.sides_m is not None else zone.area_m2**0.5
    step = next((step for step in _STEPS_M if longest / step <= _MOST_STEPS), _STEPS_M[-1])
    corners = len(zone.polygon)
    return GroundScale(
        zone_id=zone.zone_id,
        step_m=step,
        lines=() if zone.sides_m is None else _grid(zone.polygon, zone.sides_m, step),
        centre=(
            sum(x for x, _ in zone.polygon) / corners,
            sum(y for _, y in zone.polygon) / corners,
        ),
        share=area_of(zone.polygon) * step * step / zone.area_m2,
    )


def _grid(polygon: Polygon, sides_m: tuple[float, float], step_m: float) -> tuple[Line, ...]:
    """Return the lines between squares; what is straight on the ground is straight seen."""
    across, along = sides_m
    seen = _Perspective(polygon)
    cuts_across = [cut / across for cut in _cuts(across, step_m)]
    cuts_along = [cut / along for cut in _cuts(along, step_m)]
    return (
        *((*seen.at(cut, 0), *seen.at(cut, 1)) for cut in cuts_across),
        *((*seen.at(0, cut), *seen.at(1, cut)) for cut in cuts_along),
    )


def _cuts(side_m: float, step_m: float) -> list[float]:
    count = int(side_m / step_m)
    return [step_m * number for number in range(1, count + 1) if step_m * number < side_m]


class _Perspective:
    """The map of the unit square onto four corners in turn, which lie convex."""

    def __init__(self, corners: Polygon) -> None:
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
        dx1, dx2, dx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
        dy1, dy2, dy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
        turn = dx1 * dy2 - dy1 * dx2
        across, along = (dx * dy2 - dy * dx2) / turn, (dx1 * dy - dy1 * dx) / turn
        self._x = (x1 - x0 + across * x1, x3 - x0 + along * x3, x0)
        self._y = (y1 - y0 + across * y1, y3 - y0 + along * y3, y0)
        self._depth = (across, along, 1.0)

    def at(self, across: float, along: float) -> _Point:
        """Return where that point of the square is seen."""
        x, y, depth = (
            of[0] * across + of[1] * along + of[2] for of in (self._x, self._y, self._depth)
        )
        return round(x / depth, 5), round(y / depth, 5)
