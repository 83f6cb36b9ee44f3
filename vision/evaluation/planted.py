"""Small things rendered onto real clips, since few clips hold any: ten pixels wide at 320."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vision.evaluation.clips import Clip, LeftObject
from vision.evaluation.disturbances import Disturbance
from vision.limited_cv2 import Picture, cv2
from vision.zones import polygon_mask

_LITTER_SHARE = 10 / 320
_MATERIALS = ((225, 230, 232), (38, 36, 34), (70, 110, 150), (190, 120, 50), (60, 60, 190))
"""Paper, dark plastic, carton, blue film, a red wrapper: blue, green, red."""

_SUPERSAMPLED = 4


def plant(clip: Clip, seed: int, *, width_px: int, height_px: int) -> tuple[Clip, Disturbance]:
    """Return the clip with one thing more from a second after the reference on, and what draws it.

    The thing lies wholly inside the clip's ground; material, form and place follow from the seed.
    """
    rng = np.random.default_rng(seed)
    side = max(4, round(_LITTER_SHARE * width_px))
    ground = cv2.erode(
        polygon_mask(clip.roi, width_px, height_px).astype(np.uint8),
        np.ones((side + 2, side + 2), dtype=np.uint8),
        borderValue=0,
    )
    rows, columns = np.nonzero(ground)
    spot = int(rng.integers(rows.size))
    left, top = int(columns[spot]) - side // 2, int(rows[spot]) - side // 2
    sprite, cover = _sprite(side, rng)
    planted = LeftObject(
        start=round(clip.reference_to + clip.fps),
        end=10**9,
        box=(float(left), float(top), float(side), float(side)),
    )

    def draw(picture: Picture, number: int) -> Picture:
        if number < 1:
            return picture
        shown = picture.copy()
        under = shown[top : top + side, left : left + side].astype(np.float32)
        shown[top : top + side, left : left + side] = (
            under * (1.0 - cover) + sprite * cover
        ).astype(np.uint8)
        return shown

    return replace(clip, objects=(*clip.objects, planted)), draw


def _sprite(side: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a crumpled piece in one material, and how far each pixel is covered, both float32."""
    fine = side * _SUPERSAMPLED
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radii = rng.uniform(0.38, 0.5, 9) * fine
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None] + fine / 2
    outline = np.zeros((fine, fine), dtype=np.float32)
    cv2.fillPoly(outline, [np.rint(corners).astype(np.int32)], 1.0)
    folds = cv2.resize(rng.uniform(0.75, 1.15, (3, 3)).astype(np.float32), (side, side))
    colour = np.array(_MATERIALS[int(rng.integers(len(_MATERIALS)))], dtype=np.float32)
    cover = cv2.resize(outline, (side, side), interpolation=cv2.INTER_AREA)[..., None]
    crumpled = np.clip(colour * np.asarray(folds)[..., None], 0, 255)
    return crumpled.astype(np.float32), np.asarray(cover, dtype=np.float32)
