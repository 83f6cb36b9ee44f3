"""The unchanging part of a camera's picture: houses, wall, pavement, kerb and bin bodies.

Drawn once per camera in full neutral light; what changes is drawn over it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from firmware_sim.camera_geometry import HEIGHT_PX, WIDTH_PX, BinView, CameraView
from firmware_sim.scene import stable_seed

Picture = npt.NDArray[np.uint8]
"""Height x width x 3, blue, green, red."""

Colour = tuple[float, float, float]

BIN_COLOURS: tuple[Colour, ...] = (
    (92, 128, 58),  # kitchen waste: green
    (108, 106, 104),  # other waste: grey
    (150, 98, 46),  # recyclables: blue
)
_WALLS: tuple[tuple[Colour, bool], ...] = (
    ((168, 190, 200), False),  # cream plaster
    ((96, 108, 152), True),  # brick
    ((182, 184, 184), True),  # white glazed tiles
    ((158, 164, 166), False),  # bare concrete
)
_PAVINGS: tuple[Colour, ...] = ((150, 156, 160), (138, 148, 158), (158, 160, 158))
_TILE_PX, _TEXTURE_PX = 40, 640


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """``albedo``: the scene in neutral light. ``foliage``: 0 to 255, twice as wide as the
    picture, a tree's shadow that wanders over the ground, which begins at the row ``wall_base``.
    """

    albedo: Picture
    foliage: npt.NDArray[np.uint8]
    wall_base: int
    bin_colours: tuple[Colour, ...]


def draw_backdrop(seed: int, scene_id: str, view: CameraView) -> Backdrop:
    """Return the backdrop of a scene; the same for the same seed, id and view."""
    rng = np.random.default_rng(stable_seed(seed, scene_id, "backdrop"))
    picture = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    wall_base = int(view.ground[0][1]) - 16
    _draw_sky_and_roofs(picture, rng)
    _draw_wall(picture, rng, wall_base)
    _draw_wall_things(picture, rng, view, wall_base)
    _draw_ground(picture, rng, view, wall_base)
    shift = int(rng.integers(len(BIN_COLOURS)))
    colours = tuple(BIN_COLOURS[(shift + i) % len(BIN_COLOURS)] for i in range(len(view.bins)))
    for bin_view, colour in zip(view.bins, colours, strict=True):
        _draw_bin(picture, bin_view, colour)
    return Backdrop(
        albedo=picture,
        foliage=(_cloud(rng, (HEIGHT_PX, 2 * WIDTH_PX), grain_px=46) * 255).astype(np.uint8),
        wall_base=wall_base,
        bin_colours=colours,
    )


def polygon(
    picture: Picture, points: npt.NDArray[np.float64] | list[tuple[float, float]], colour: Colour
) -> None:
    """Fill a polygon given in pixels with smooth edges (1/8 pixel)."""
    corners = np.round(np.asarray(points, np.float64) * 8).astype(np.int32)
    cv2.fillPoly(picture, [corners], colour, cv2.LINE_AA, 3)


def shaded(colour: Colour, gain: float) -> Colour:
    """Return a colour made darker or lighter, kept within 0 to 255."""
    blue, green, red = (min(255.0, max(0.0, part * gain)) for part in colour)
    return (blue, green, red)


def _cloud(
    rng: np.random.Generator, shape: tuple[int, int], *, grain_px: int
) -> npt.NDArray[np.float32]:
    """Return soft blotches from 0 to 1 of about ``grain_px``."""
    small = rng.random((shape[0] // grain_px + 2, shape[1] // grain_px + 2)).astype(np.float32)
    large = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(large, 0, 1).astype(np.float32)


def _mottle(area: Picture, rng: np.random.Generator, *, grain_px: int, depth: float) -> None:
    """Darken and lighten an area in blotches, in place, by up to ``depth`` of its brightness."""
    blotches = _cloud(rng, (area.shape[0], area.shape[1]), grain_px=grain_px)
    gains = 1 + depth * (blotches[..., None] * 2 - 1)
    area[:] = np.clip(area * gains, 0, 255).astype(np.uint8)


def _draw_sky_and_roofs(picture: Picture, rng: np.random.Generator) -> None:
    picture[:40] = (214, 204, 192)
    x = -20
    while x < WIDTH_PX:
        width, top = int(rng.integers(50, 120)), int(rng.integers(2, 26))
        tone = float(rng.uniform(110, 170))
        cv2.rectangle(picture, (x, top), (x + width, 40), (tone * 1.02, tone, tone * 0.98), -1)
        for window in range(x + 8, x + width - 10, 16):
            cv2.rectangle(picture, (window, top + 6), (window + 7, top + 16), (96, 90, 84), -1)
        x += width + int(rng.integers(0, 14))
    for _ in range(60):
        centre = (int(rng.normal(WIDTH_PX * 0.2, 60)), int(rng.normal(16, 9)))
        tone = float(rng.uniform(0.6, 1.1))
        cv2.circle(picture, centre, int(rng.integers(4, 10)), shaded((62, 104, 74), tone), -1)


def _draw_wall(picture: Picture, rng: np.random.Generator, wall_base: int) -> None:
    colour, coursed = _WALLS[int(rng.integers(len(_WALLS)))]
    wall = picture[36:wall_base]
    wall[:] = colour
    if coursed:
        _draw_courses(wall, rng, colour)
    _mottle(wall, rng, grain_px=70, depth=0.07)
    _mottle(wall, rng, grain_px=9, depth=0.03)
    dado = picture[wall_base - 46 : wall_base]
    dado[:] = (dado * np.array([0.80, 0.82, 0.83])).astype(np.uint8)
    cv2.rectangle(picture, (0, 34), (WIDTH_PX, 42), shaded(colour, 0.72), -1)
    cv2.line(picture, (0, 43), (WIDTH_PX, 43), shaded(colour, 0.5), 1)


def _draw_courses(wall: Picture, rng: np.random.Generator, colour: Colour) -> None:
    for row, y in enumerate(range(0, wall.shape[0], 10)):
        for x in range(-13 * (row % 2), WIDTH_PX, 26):
            tone = float(rng.uniform(0.9, 1.08))
            cv2.rectangle(
                wall, (max(x, 0), y), (x + 24, min(y + 8, wall.shape[0])), shaded(colour, tone), -1
            )
        cv2.line(wall, (0, y + 9), (WIDTH_PX, y + 9), shaded(colour, 0.86), 1)


def _draw_wall_things(
    picture: Picture, rng: np.random.Generator, view: CameraView, wall_base: int
) -> None:
    """Draw a notice board beside the bins and a rain pipe on the other side."""
    left_end, right_end = view.bins[0].left, view.bins[-1].left + view.bins[-1].width
    board_left = int(left_end - 112) if left_end > WIDTH_PX - right_end else int(right_end + 34)
    top = int(rng.integers(58, 70))
    cv2.rectangle(picture, (board_left, top), (board_left + 78, top + 54), (222, 226, 224), -1)
    cv2.rectangle(picture, (board_left, top), (board_left + 78, top + 15), (84, 124, 46), -1)
    cv2.rectangle(picture, (board_left, top), (board_left + 78, top + 54), (120, 124, 122), 1)
    for line in range(4):
        end = board_left + int(rng.integers(46, 70))
        y = top + 22 + line * 8
        cv2.line(picture, (board_left + 8, y), (end, y), (132, 134, 132), 2)
    pipe = int(rng.integers(14, 44)) if board_left > WIDTH_PX // 2 else int(rng.integers(590, 624))
    cv2.rectangle(picture, (pipe, 44), (pipe + 9, wall_base), (150, 150, 148), -1)
    cv2.line(picture, (pipe + 2, 44), (pipe + 2, wall_base), (186, 186, 184), 1)
    cv2.line(picture, (pipe + 9, 44), (pipe + 9, wall_base), (104, 104, 102), 1)


def _draw_ground(
    picture: Picture, rng: np.random.Generator, view: CameraView, wall_base: int
) -> None:
    """Draw paving in perspective, kerb and road."""
    texture = _paving(rng)
    # The unit square of the ground strip lies in the middle third of the texture's width.
    source = np.array([(213, 60), (427, 60), (427, 600), (213, 600)], np.float32)
    target = np.array(view.ground, np.float32)
    transform = cv2.getPerspectiveTransform(source, target)
    paved = cv2.warpPerspective(
        texture,
        transform,
        (WIDTH_PX, HEIGHT_PX),
        flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_REFLECT,
    )
    picture[wall_base:] = paved[wall_base:]
    cv2.line(picture, (0, wall_base), (WIDTH_PX, wall_base), (70, 74, 76), 2)
    cv2.rectangle(picture, (0, 349), (WIDTH_PX, 355), (188, 190, 190), -1)
    cv2.line(picture, (0, 348), (WIDTH_PX, 348), (120, 124, 126), 1)
    cv2.rectangle(picture, (0, 356), (WIDTH_PX, HEIGHT_PX), (84, 84, 82), -1)


def _paving(rng: np.random.Generator) -> Picture:
    colour = _PAVINGS[int(rng.integers(len(_PAVINGS)))]
    texture = np.zeros((_TEXTURE_PX, _TEXTURE_PX, 3), np.uint8)
    for row, y in enumerate(range(0, _TEXTURE_PX, _TILE_PX)):
        for x in range(-(_TILE_PX // 2) * (row % 2), _TEXTURE_PX, _TILE_PX):
            tone = float(rng.uniform(0.93, 1.05))
            corner = (min(x + _TILE_PX, _TEXTURE_PX), y + _TILE_PX)
            cv2.rectangle(texture, (max(x, 0), y), corner, shaded(colour, tone), -1)
            cv2.rectangle(texture, (max(x, 0), y), corner, shaded(colour, 0.82), 1)
    _mottle(texture, rng, grain_px=60, depth=0.06)
    _mottle(texture, rng, grain_px=4, depth=0.05)
    return texture


def _draw_bin(picture: Picture, bin_view: BinView, colour: Colour) -> None:
    """Draw a wheelie bin's body, wheels and label; its lid changes and is drawn elsewhere."""
    left, top, width, height = bin_view.left, bin_view.top, bin_view.width, bin_view.height
    floor = top + height
    for wheel in (left + 0.14 * width, left + 0.86 * width):
        centre = (int(wheel), int(floor - 2))
        cv2.circle(picture, centre, int(0.085 * height), (34, 34, 34), -1, cv2.LINE_AA)
        cv2.circle(picture, centre, int(0.035 * height), (96, 96, 96), -1, cv2.LINE_AA)
    body = list(bin_view.body)
    lifted = [*body[:2], (body[2][0], floor - 5), (body[3][0], floor - 5)]
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(np.array(lifted)).astype(np.int32)], 255, cv2.LINE_AA)
    # Rounded by light: brightest left of the middle, dark towards both edges and the floor.
    across = np.clip((np.arange(WIDTH_PX) - left) / width, 0, 1)
    down = np.clip((np.arange(HEIGHT_PX) - top) / height, 0, 1)
    gains = np.outer(1.06 - 0.30 * down, 1.10 - 1.15 * (across - 0.38) ** 2)
    body_colour = np.clip(gains[..., None] * np.array(colour), 0, 255)
    alpha = mask[..., None] / 255.0
    picture[:] = (picture * (1 - alpha) + body_colour * alpha).astype(np.uint8)
    for share in (0.30, 0.5, 0.70):
        x = int(left + share * width)
        cv2.line(
            picture, (x, int(top + 0.16 * height)), (x, int(floor - 9)), shaded(colour, 0.8), 1
        )
    label = (int(left + 0.32 * width), int(top + 0.26 * height))
    end = (int(left + 0.68 * width), int(top + 0.50 * height))
    cv2.rectangle(picture, label, end, (226, 228, 226), -1)
    middle = ((label[0] + end[0]) // 2, label[1] + int(0.10 * height))
    cv2.circle(picture, middle, int(0.06 * height), shaded(colour, 0.9), 2, cv2.LINE_AA)
    y = end[1] - 5
    cv2.line(picture, (label[0] + 5, y), (end[0] - 5, y), (120, 120, 120), 2)
    lip = [
        (left - 3, top),
        (left + width + 3, top),
        (left + width + 2, top + 7),
        (left - 2, top + 7),
    ]
    polygon(picture, lip, shaded(colour, 0.86))
