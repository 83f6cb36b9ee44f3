"""People who walk through a picture: human in outline, without a face."""

from collections.abc import Callable

import numpy as np

from firmware_sim.backdrop import Colour, Picture, polygon, shaded
from firmware_sim.camera_geometry import CameraView
from firmware_sim.scene import Light, Walker

_CLOTHES: tuple[Colour, ...] = (
    (60, 50, 46),
    (120, 92, 60),
    (68, 62, 150),
    (190, 190, 188),
    (84, 104, 70),
    (48, 96, 168),
    (110, 104, 100),
)
_SKIN: Colour = (138, 168, 204)
_HAIR: Colour = (34, 32, 32)

Point = tuple[float, float]
_Fill = Callable[[list[Point], Colour], None]


def draw_walker(picture: Picture, view: CameraView, walker: Walker, light: Light) -> None:
    """Draw a walking figure in that light."""
    x, foot = view.ground_point(walker.x, walker.y)
    tall = walker.height_m * view.pixels_per_metre(walker.y)
    rng = np.random.default_rng(walker.look)
    coat, trousers = (_CLOTHES[int(rng.integers(len(_CLOTHES)))] for _ in range(2))

    def fill(points: list[Point], colour: Colour) -> None:
        polygon(picture, points, light.on(colour))

    hip, shoulder, swing = foot - 0.48 * tall, foot - 0.81 * tall, walker.stride * 0.17 * tall
    for side, gain in ((-1, 0.8), (1, 1.0)):
        _limb(fill, (x, hip), (x + side * swing, foot), 0.052 * tall, shaded(trousers, gain))
        toe = x + side * swing + walker.facing * 0.05 * tall
        _limb(fill, (x + side * swing, foot), (toe, foot), 0.026 * tall, (40, 40, 42))
    _limb(fill, (x, shoulder + 3), (x - swing * 0.8, hip), 0.034 * tall, shaded(coat, 0.8))
    fill(
        [
            (x - 0.085 * tall, hip + 0.03 * tall),
            (x - 0.10 * tall, shoulder + 0.03 * tall),
            (x - 0.04 * tall, shoulder - 0.02 * tall),
            (x + 0.04 * tall, shoulder - 0.02 * tall),
            (x + 0.10 * tall, shoulder + 0.03 * tall),
            (x + 0.085 * tall, hip + 0.03 * tall),
        ],
        coat,
    )
    _limb(fill, (x, shoulder + 3), (x + swing * 0.8, hip), 0.034 * tall, shaded(coat, 1.12))
    head = (x + walker.facing * 0.012 * tall, foot - 0.91 * tall)
    fill(_oval(head, 0.055 * tall, 0.075 * tall), _SKIN)
    fill(_oval((x, head[1] - 0.028 * tall), 0.058 * tall, 0.05 * tall), _HAIR)


def _limb(fill: _Fill, start: Point, end: Point, half_width: float, colour: Colour) -> None:
    along = np.array(end) - np.array(start)
    length = float(np.hypot(*along)) or 1.0
    across = np.array([-along[1], along[0]]) / length * half_width
    corners = (start + across, end + across * 0.7, end - across * 0.7, start - across)
    fill([(float(cx), float(cy)) for cx, cy in corners], colour)


def _oval(centre: Point, half_width: float, half_height: float) -> list[Point]:
    turns = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    return [
        (float(centre[0] + np.cos(t) * half_width), float(centre[1] + np.sin(t) * half_height))
        for t in turns
    ]
