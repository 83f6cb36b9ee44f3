"""Waste as a street camera sees it: lids propped up by bags, bags, litter and heaps on the ground.

Every thing is drawn from its own seed, so it looks the same in each snapshot it lies in.
"""

import cv2
import numpy as np

from firmware_sim.backdrop import Colour, Picture, polygon, shaded
from firmware_sim.camera_geometry import BinView, CameraView
from firmware_sim.ground import OVERFLOWS_FROM, GroundItem, GroundKind
from firmware_sim.scene import stable_seed

BAG_COLOURS: tuple[Colour, ...] = (
    (44, 42, 42),
    (52, 46, 40),
    (226, 228, 230),
    (70, 58, 176),
    (150, 96, 44),
    (88, 138, 72),
    (206, 214, 222),
)
PAPER_COLOURS: tuple[Colour, ...] = (
    (236, 238, 240),
    (222, 228, 234),
    (96, 146, 188),
    (60, 72, 196),
    (198, 132, 58),
    (78, 150, 92),
    (244, 240, 232),
    (70, 176, 214),
    (52, 56, 60),
)
_FULLEST = 1.15
_LOWEST_HEAP, _HIGHEST_HEAP = 0.13, 0.36
_LID_RATIO = 0.11

Point = tuple[float, float]


def level_step(level: float) -> int:
    """Return what a lid shows of a level: 0 closed, from 1 (just full) to 16 (heaped)."""
    if level < OVERFLOWS_FROM:
        return 0
    return 1 + round(15 * min(1.0, (level - OVERFLOWS_FROM) / (_FULLEST - OVERFLOWS_FROM)))


def draw_bin_top(picture: Picture, bin_view: BinView, colour: Colour, step: int) -> None:
    """Draw what is at the rim: the closed lid, or the heap with the lid propped up on it."""
    if step == 0:
        _draw_closed_lid(picture, bin_view, colour)
        return
    share = (step - 1) / 15
    rise = (_LOWEST_HEAP + (_HIGHEST_HEAP - _LOWEST_HEAP) * share) * bin_view.height
    # A lid on a heap stands open, so the heap is seen against the lid's dark inside.
    _draw_propped_lid(picture, bin_view, colour, rise)
    _draw_heap_in_bin(picture, bin_view, rise)


def draw_ground(picture: Picture, view: CameraView, ground: tuple[GroundItem, ...]) -> None:
    """Draw everything on the ground, the farthest first."""
    for item in sorted(ground, key=lambda item: (item.y, item.item_id)):
        x, y = view.ground_point(item.x, item.y)
        size = item.size_m * view.pixels_per_metre(item.y)
        rng = np.random.default_rng(stable_seed("item", item.item_id))
        if item.kind is GroundKind.BAG:
            draw_bag(picture, (x, y), size, rng)
        elif item.kind is GroundKind.HEAP:
            _draw_heap(picture, (x, y), size, rng)
        else:
            draw_litter(picture, (x, y), size, rng)


def draw_bag(picture: Picture, foot: Point, size: float, rng: np.random.Generator) -> None:
    """Draw a tied rubbish bag that stands at ``foot`` and is ``size`` pixels wide."""
    x, y = foot
    colour = BAG_COLOURS[int(rng.integers(len(BAG_COLOURS)))]
    height = size * float(rng.uniform(0.72, 0.95))
    _draw_contact_shadow(picture, (x, y), size)
    middle = (x, y - height * 0.46)
    outline = _blob(middle, size * 0.52, height * 0.5, rng, roughness=0.07)
    # A bag is flat where it stands.
    outline[:, 1] = np.minimum(outline[:, 1], y)
    polygon(picture, outline, shaded(colour, 0.86))
    lit = _blob(
        (x - size * 0.08, y - height * 0.55), size * 0.36, height * 0.34, rng, roughness=0.1
    )
    polygon(picture, lit, shaded(colour, 1.12))
    neck = (x + float(rng.uniform(-0.1, 0.1)) * size, y - height * 0.94)
    for side in (-1, 1):
        ear = [
            (neck[0], neck[1] + 0.10 * height),
            (neck[0] + side * 0.20 * size, neck[1] - 0.13 * height),
            (neck[0] + side * 0.05 * size, neck[1] - 0.16 * height),
        ]
        polygon(picture, ear, shaded(colour, 0.98 + 0.12 * side))
    for _ in range(4):
        turn = float(rng.uniform(-0.38, 0.38))
        start = (neck[0], neck[1] + 0.08 * height)
        end = (x + turn * size, y - height * float(rng.uniform(0.15, 0.5)))
        gain = 0.62 if sum(colour) > 300 else 1.7  # noqa: PLR2004  folds are light on dark plastic
        _line(picture, start, end, shaded(colour, gain))


def draw_litter(picture: Picture, foot: Point, size: float, rng: np.random.Generator) -> None:
    """Draw one loose piece: crumpled paper, a carton, a bottle or a wrapper."""
    x, y = foot
    colour = PAPER_COLOURS[int(rng.integers(len(PAPER_COLOURS)))]
    angle = float(rng.uniform(0, np.pi))
    shade = [(x - 0.55 * size, y), (x, y + 0.16 * size), (x + 0.62 * size, y + 0.05 * size)]
    polygon(picture, shade, (70, 72, 74))
    if rng.random() < 0.22:  # noqa: PLR2004  about every fifth piece is a bottle
        _draw_bottle(picture, (x, y - 0.15 * size), size, angle)
        return
    flat = 0.62
    outline = _blob(
        (x, y - 0.2 * size), size * 0.56, size * 0.56 * flat, rng, roughness=0.3, corners=7
    )
    polygon(picture, outline, colour)
    half = outline[: len(outline) // 2 + 1]
    polygon(picture, half, shaded(colour, 0.76))
    _line(picture, tuple(outline[1]), tuple(outline[4]), shaded(colour, 0.6))


def _draw_closed_lid(picture: Picture, bin_view: BinView, colour: Colour) -> None:
    left, right, top = bin_view.left - 5, bin_view.left + bin_view.width + 5, bin_view.top
    rise = _LID_RATIO * bin_view.height
    lid = [
        (left, top + 2),
        (left + 5, top - rise * 0.8),
        (left + 14, top - rise),
        (right - 14, top - rise),
        (right - 5, top - rise * 0.8),
        (right, top + 2),
    ]
    polygon(picture, lid, shaded(colour, 1.14))
    front = [(left, top - 2), (right, top - 2), (right, top + 4), (left, top + 4)]
    polygon(picture, front, shaded(colour, 0.70))
    for share in (0.36, 0.64):
        x = left + share * (right - left)
        _line(picture, (x, top - rise + 1), (x, top - 3), shaded(colour, 0.95))


def _draw_propped_lid(picture: Picture, bin_view: BinView, colour: Colour, rise: float) -> None:
    rng = np.random.default_rng(stable_seed("lid", bin_view.container_id))
    tilt = float(rng.uniform(-0.07, 0.07)) * bin_view.width
    left, right = bin_view.left - 2, bin_view.left + bin_view.width + 2
    top = bin_view.top
    inside = [
        (left + 4, top + 2),
        (left + 2, top - rise * 0.95 - tilt),
        (right - 2, top - rise * 0.95 + tilt),
        (right - 4, top + 2),
    ]
    polygon(picture, inside, shaded(colour, 0.34))
    edge = [
        (left - 3, top - rise - tilt),
        (left + 5, top - rise - 9 - tilt),
        (right - 5, top - rise - 9 + tilt),
        (right + 3, top - rise + tilt),
        (right + 2, top - rise + 4 + tilt),
        (left - 2, top - rise + 4 - tilt),
    ]
    polygon(picture, edge, shaded(colour, 1.10))
    _line(
        picture, (left, top - rise + 3 - tilt), (right, top - rise + 3 + tilt), shaded(colour, 0.6)
    )


def _draw_heap_in_bin(picture: Picture, bin_view: BinView, rise: float) -> None:
    """Draw bags and papers between rim and lid, some hanging over the rim."""
    rng = np.random.default_rng(stable_seed("heap", bin_view.container_id))
    left, width, top = bin_view.left, bin_view.width, bin_view.top
    size = 0.36 * width
    for share in (0.5, 0.2, 0.8, 0.36, 0.66):
        x = left + width * (share + float(rng.uniform(-0.04, 0.04)))
        peak = rise * (1.0 - 0.7 * abs(share - 0.5)) * float(rng.uniform(0.82, 1.0))
        colour = BAG_COLOURS[int(rng.integers(len(BAG_COLOURS)))]
        body = _blob((x, top - peak * 0.42), size * 0.56, peak * 0.58 + 4, rng, roughness=0.08)
        polygon(picture, body, shaded(colour, 0.9))
        lit = _blob((x - 3, top - peak * 0.55), size * 0.34, peak * 0.3, rng, roughness=0.1)
        polygon(picture, lit, shaded(colour, 1.15))
    for _ in range(7):
        foot = (
            left + width * float(rng.uniform(0.06, 0.94)),
            top - rise * float(rng.uniform(0, 0.6)),
        )
        draw_scrap(picture, foot, float(rng.uniform(0.10, 0.2)) * width, rng)
    hang = left + width * float(rng.uniform(0.2, 0.7))
    colour = BAG_COLOURS[2 + int(rng.integers(len(BAG_COLOURS) - 2))]
    flap = [
        (hang, top - 4),
        (hang + 0.24 * width, top - 4),
        (hang + 0.20 * width, top + 0.13 * bin_view.height),
        (hang + 0.07 * width, top + 0.18 * bin_view.height),
    ]
    polygon(picture, flap, shaded(colour, 1.0))


def draw_scrap(picture: Picture, centre: Point, size: float, rng: np.random.Generator) -> None:
    """Draw a scrap of paper or plastic that stands out of a heap."""
    # What stands out of a heap is soiled: duller than a fresh wrapper on the ground.
    fresh = PAPER_COLOURS[int(rng.integers(len(PAPER_COLOURS)))]
    grey = sum(fresh) / 3
    colour = (
        fresh[0] * 0.5 + grey * 0.4,
        fresh[1] * 0.55 + grey * 0.38,
        fresh[2] * 0.6 + grey * 0.35,
    )
    outline = _blob(centre, size * 0.55, size * 0.42, rng, roughness=0.34, corners=6)
    polygon(picture, outline, colour)
    polygon(picture, outline[:4], shaded(colour, 0.8))


def _draw_heap(picture: Picture, foot: Point, size: float, rng: np.random.Generator) -> None:
    """Draw a heap of loose waste, ``size`` pixels wide."""
    x, y = foot
    height = size * 0.46
    _draw_contact_shadow(picture, (x, y), size * 0.92)
    mound = _blob((x, y - height * 0.3), size * 0.5, height * 0.62, rng, roughness=0.06, corners=22)
    mound[:, 1] = np.minimum(mound[:, 1], y + 3)
    polygon(picture, mound, (66, 74, 80))
    # From the top of the back to the foot of the front, so that nearer pieces cover farther ones.
    for down in np.sqrt(np.linspace(0.03, 1.0, 46)):
        spread = float(rng.uniform(-0.47, 0.47) * down)
        where = (x + spread * size, y - height * 0.9 * (1 - down) + float(rng.normal(0, 1.5)))
        if rng.random() < 0.24:  # noqa: PLR2004  every fourth piece is a small bag
            draw_bag(picture, where, size * float(rng.uniform(0.14, 0.22)), rng)
        else:
            draw_scrap(picture, where, size * float(rng.uniform(0.07, 0.15)), rng)


def _draw_bottle(picture: Picture, middle: Point, size: float, angle: float) -> None:
    along = np.array([np.cos(angle), np.sin(angle) * 0.6]) * size * 0.55
    across = np.array([-np.sin(angle), np.cos(angle) * 0.6]) * size * 0.17
    centre = np.array(middle)
    body = np.array(
        [
            centre - along + across,
            centre + along * 0.6 + across,
            centre + along * 0.6 - across,
            centre - along - across,
        ]
    )
    polygon(picture, body, (206, 198, 176))
    neck = np.array(
        [
            centre + along * 0.6 + across * 0.4,
            centre + along + across * 0.4,
            centre + along - across * 0.4,
            centre + along * 0.6 - across * 0.4,
        ]
    )
    polygon(picture, neck, (186, 92, 40))
    _line(picture, tuple(centre - along * 0.9), tuple(centre + along * 0.5), (238, 236, 228))


def _draw_contact_shadow(picture: Picture, foot: Point, size: float) -> None:
    x, y = foot
    centre = (round(x + size * 0.05), round(y - size * 0.02))
    axes = (max(2, round(size * 0.58)), max(1, round(size * 0.15)))
    cv2.ellipse(picture, centre, axes, 0, 0, 360, (74, 76, 78), -1, cv2.LINE_AA)


def _blob(
    centre: Point,
    half_width: float,
    half_height: float,
    rng: np.random.Generator,
    *,
    roughness: float,
    corners: int = 16,
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return an irregular round outline as corners x 2 pixels."""
    turns = np.arange(corners) * (2 * np.pi / corners)
    reach = 1 + rng.uniform(-roughness, roughness, corners)
    xs = centre[0] + np.cos(turns) * half_width * reach
    ys = centre[1] + np.sin(turns) * half_height * reach
    return np.stack([xs, ys], axis=1)


def _line(picture: Picture, start: Point, end: Point, colour: Colour) -> None:
    cv2.line(
        picture,
        (round(start[0]), round(start[1])),
        (round(end[0]), round(end[1])),
        colour,
        1,
        cv2.LINE_AA,
    )
