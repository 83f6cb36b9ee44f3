"""Weather, light and shake rendered over real snapshots: pure functions of picture and time."""

from collections.abc import Callable, Mapping

import numpy as np

from vision.limited_cv2 import Picture, bytes_of, cv2

Disturbance = Callable[[Picture, int], Picture]
"""Takes (height, width, 3) uint8 BGR and the snapshot's number; returns the same shape."""

SHAKE_PX = 5
_STREAKS_PER_MEGAPIXEL = 1_500
_SWEEP_SNAPSHOTS = 24
_STEPS = (1.0, 1.0, 1.0, 1.45, 1.45, 1.45, 1.0, 0.6, 0.6, 0.6)


def undisturbed(picture: Picture, _number: int) -> Picture:
    """Return the picture as it is."""
    return picture


def rain(picture: Picture, number: int) -> Picture:
    """Return it behind bright slanted streaks, others in every snapshot, and a little haze."""
    rng = np.random.default_rng(number)
    height, width = picture.shape[:2]
    streaks = np.zeros((height, width), dtype=np.uint8)
    count = round(_STREAKS_PER_MEGAPIXEL * height * width / 1e6)
    length = max(6, height // 18)
    for x, y in zip(rng.integers(0, width, count), rng.integers(0, height, count), strict=True):
        end = (int(x) + length // 5, int(y) + int(rng.integers(length // 2, length)))
        cv2.line(streaks, (int(x), int(y)), end, int(rng.integers(70, 150)), 1, cv2.LINE_AA)
    veil = streaks.astype(np.float32)[..., None] / 255.0
    hazy = picture.astype(np.float32) * 0.9 + 15.0
    return _as_picture(hazy * (1.0 - veil) + 225.0 * veil)


def night(picture: Picture, number: int) -> Picture:
    """Return it at a quarter of its light in curved tones, bluish, pale, with a noisy sensor."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[..., None].astype(np.float32)
    pale = 0.4 * picture.astype(np.float32) + 0.6 * grey
    dim = 255.0 * (pale / 255.0) ** 1.15 * 0.4 * np.array([1.12, 1.0, 0.9], dtype=np.float32)
    noise = np.random.default_rng(number).normal(0, 4.0, picture.shape)
    return _as_picture(dim + noise.astype(np.float32))


def shadow_sweep(picture: Picture, number: int) -> Picture:
    """Return it with a hard slanted shadow, a third of the width, that wanders across and round."""
    height, width = picture.shape[:2]
    left = (number % _SWEEP_SNAPSHOTS) / _SWEEP_SNAPSHOTS * 1.6 * width - 0.5 * width
    lean, band = 0.2 * width, 0.33 * width
    corners = [(left + lean, 0), (left + lean + band, 0), (left + band, height), (left, height)]
    shade = np.ones((height, width), dtype=np.float32)
    cv2.fillPoly(shade, [np.rint(np.array(corners)).astype(np.int32)], 0.55)
    return _as_picture(picture * cv2.GaussianBlur(shade, (0, 0), 1.2)[..., None])


def exposure_steps(picture: Picture, number: int) -> Picture:
    """Return it as a camera gives it that steps its exposure up and down every three snapshots."""
    return _as_picture(picture.astype(np.float32) * _STEPS[number % len(_STEPS)])


def shake(picture: Picture, number: int) -> Picture:
    """Return it shifted by up to five pixels each way, by parts of pixels, as a mast in wind."""
    dx, dy = np.random.default_rng(number).uniform(-SHAKE_PX, SHAKE_PX, 2)
    move = np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]])
    size = (picture.shape[1], picture.shape[0])
    return bytes_of(cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REPLICATE))


def _as_picture(values: object) -> Picture:
    return bytes_of(np.clip(np.rint(np.asarray(values)), 0, 255).astype(np.uint8))


DISTURBANCES: Mapping[str, Disturbance] = {
    "none": undisturbed,
    "rain": rain,
    "night": night,
    "shadow_sweep": shadow_sweep,
    "exposure_steps": exposure_steps,
    "shake": shake,
}
