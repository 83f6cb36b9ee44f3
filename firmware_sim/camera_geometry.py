"""Where bins and ground lie in a simulated camera's picture.

The registry's zones and the rendered scene both come from here, so they cannot disagree. All
lengths are pixels of a 640 x 360 picture unless a name says otherwise.
"""

from dataclasses import dataclass
from random import Random

from domain.devices import Zone, ZoneKind
from domain.places import Polygon

WIDTH_PX, HEIGHT_PX = 640, 360
BIN_HEIGHT_M = 1.05
"""The height of a bin's body; with its height in pixels it gives the scale at the wall."""

_BIN_WIDTH_RATIO = 0.68
_HEAP_RATIO = 0.38
_TAPER_RATIO = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class BinView:
    """One bin in the picture: the upright rectangle of its body, rim at ``top``."""

    container_id: str
    left: float
    top: float
    width: float
    height: float

    @property
    def heap_top(self) -> float:
        """The highest line that waste heaped over the rim reaches."""
        return self.top - _HEAP_RATIO * self.height

    @property
    def body(self) -> tuple[tuple[float, float], ...]:
        """The body's corners from upper left clockwise; it narrows towards the floor."""
        inset = _TAPER_RATIO * self.width
        right, bottom = self.left + self.width, self.top + self.height
        return (
            (self.left, self.top),
            (right, self.top),
            (right - inset, bottom),
            (self.left + inset, bottom),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraView:
    """What a camera sees: its bins, the ground in front of them, and what it must not judge.

    ``ground`` is a trapezoid (far left, far right, near right, near left); ``ignore`` is the strip
    of sky and houses above the wall.
    """

    bins: tuple[BinView, ...]
    ground: tuple[tuple[float, float], ...]
    ground_area_m2: float
    ignore: tuple[tuple[float, float], ...]

    def ground_point(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of a point on the ground strip (see ``GroundItem``)."""
        far_left, far_right, near_right, near_left = self.ground
        left = _between(far_left, near_left, y)
        right = _between(far_right, near_right, y)
        return _between(left, right, x)

    def pixels_per_metre(self, y: float) -> float:
        """Return the scale at depth ``y`` of the ground strip; it grows towards the camera."""
        far_left, far_right, near_right, near_left = self.ground
        far_width, near_width = far_right[0] - far_left[0], near_right[0] - near_left[0]
        at_wall = self.bins[0].height / BIN_HEIGHT_M
        return at_wall * (1 + y * (near_width / far_width - 1))


def camera_view(container_ids: tuple[str, ...], rng: Random) -> CameraView:
    """Return a view of 1 to 3 bins in a row before a wall, placed by ``rng``."""
    height = rng.uniform(104, 116) - 8 * (len(container_ids) - 1)
    width = height * _BIN_WIDTH_RATIO
    gap = rng.uniform(16, 28)
    row = len(container_ids) * width + (len(container_ids) - 1) * gap
    first = (WIDTH_PX - row) / 2 + rng.uniform(-50, 50)
    floor = rng.uniform(192, 206)
    bins = tuple(
        BinView(
            container_id=container_id,
            left=round(first + index * (width + gap), 1),
            top=round(floor - height, 1),
            width=round(width, 1),
            height=round(height, 1),
        )
        for index, container_id in enumerate(container_ids)
    )
    ground = ((90.0, floor + 10), (550.0, floor + 10), (624.0, 346.0), (16.0, 346.0))
    return CameraView(
        bins=bins,
        ground=tuple((x, round(y, 1)) for x, y in ground),
        ground_area_m2=round(rng.uniform(16, 22), 1),
        ignore=((0.0, 0.0), (640.0, 0.0), (640.0, 34.0), (0.0, 34.0)),
    )


def zones_of(view: CameraView) -> tuple[Zone, ...]:
    """Return the registry's zones for a view: each bin with room for a heap, ground, ignore."""
    bin_zones = tuple(
        Zone(
            zone_id=f"bin-{index}",
            kind=ZoneKind.BIN,
            polygon=_relative(_bin_outline(bin_view)),
            container_id=bin_view.container_id,
        )
        for index, bin_view in enumerate(view.bins, start=1)
    )
    ground = Zone(
        zone_id="ground",
        kind=ZoneKind.GROUND,
        polygon=_relative(view.ground),
        area_m2=view.ground_area_m2,
    )
    ignore = Zone(zone_id="background", kind=ZoneKind.IGNORE, polygon=_relative(view.ignore))
    return (*bin_zones, ground, ignore)


def _bin_outline(bin_view: BinView) -> tuple[tuple[float, float], ...]:
    right, bottom = bin_view.left + bin_view.width, bin_view.top + bin_view.height
    return (
        (bin_view.left, bin_view.heap_top),
        (right, bin_view.heap_top),
        (right, bottom),
        (bin_view.left, bottom),
    )


def _relative(points: tuple[tuple[float, float], ...]) -> Polygon:
    return tuple((round(x / WIDTH_PX, 4), round(y / HEIGHT_PX, 4)) for x, y in points)


def _between(
    start: tuple[float, float], end: tuple[float, float], ratio: float
) -> tuple[float, float]:
    return (start[0] + (end[0] - start[0]) * ratio, start[1] + (end[1] - start[1]) * ratio)
