"""Bringing a picture to the light of its reference: exposure by a factor; haze, rain and night by a
curve, since a veil lifts the dark parts and leaves the bright ones, and sensors bend their tones.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vision.limited_cv2 import Mask, Picture, bytes_of, cv2

LOWEST_GAIN, HIGHEST_GAIN = 0.4, 4.0
"""Light beyond these ratios to the reference is another light; nothing is compared then."""

_THIN = 4
_SAME_LIGHT, _SAME_LIGHT_SHARE = 0.15, 0.33
_BLACK = 4.0
_FITS = 10.0
_WELL_FITTED, _BETTER_BY = 0.9, 0.06
"""A curve with two numbers is believed where it explains so much more of the picture: a shadow on
a part of it looks like a curve too, but explains that part only half.
"""

_ROUNDS = 8
_FLATTEST, _STEEPEST = 0.4, 2.5
_BLOWN_OUT = 250
_FEWEST_TOLD, _FIT_TO = 24, 2_000
"""Pixels a curve is fitted to: fewer say little, more cost time and change nothing."""

Samples = NDArray[np.float64]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """What brings a picture to its reference's light. ``table``: (256, 3) float64, for each level
    of blue, green and red the level in that light; ``gains``: (3,), the factors it is on the whole;
    ``lift``: how many times as bright as it was taken the reference is compared.
    """

    table: Samples
    gains: Samples
    lift: float = 1.0

    @property
    def as_taken(self) -> "Tone":
        """What brings the picture to the light in which the reference was taken."""
        return Tone(table=self.table / self.lift, gains=self.gains / self.lift)


def thinned(values: NDArray[T]) -> NDArray[T]:
    """Return every fourth row and column, which is enough for medians."""
    return values[::_THIN, ::_THIN]


def tone_between(
    picture: Picture,
    thin_reference: Picture,
    watched: Mask,
    before: Tone | None = None,
    *,
    lift: float = 1.0,
) -> Tone | None:
    """Return what brings the picture to the light of the reference, None where that is too far.

    ``picture`` and ``watched`` at work size, the reference :func:`thinned`. Medians over what is
    watched, so that waste on less than half of it does not count; over what still has the light of
    ``before``, the last snapshot's, where that is a third: a shadow that covers most of a place is
    no new light. ``lift``: how many times as bright as it was taken the reference is.
    """
    where = thinned(watched)
    if not where.any():
        return _by_gains(np.ones(3))
    now = thinned(picture)[where]
    clean = thin_reference[where].astype(np.float64) + _BLACK
    if before is not None:
        lit = np.take_along_axis(before.table, now.astype(np.intp), axis=0) + _BLACK
        alike = (np.abs(clean / np.maximum(lit, 1.0) - 1.0) < _SAME_LIGHT).all(axis=1)
        if np.count_nonzero(alike) >= _SAME_LIGHT_SHARE * alike.size:
            now, clean = now[alike], clean[alike]
    levels = now.astype(np.float64) + _BLACK
    gains = np.median(clean / levels, axis=0)
    if gains.min() < LOWEST_GAIN * lift or gains.max() > HIGHEST_GAIN * lift:
        return None
    return replace(_best_of(levels, clean, gains), lift=lift)


def apply_tone(picture: Picture, tone: Tone) -> Picture:
    """Return the picture in the light of the reference."""
    table = np.clip(tone.table, 0, 255).astype(np.uint8)
    return bytes_of(cv2.LUT(picture, table.reshape(256, 1, 3)))


def blown_out(picture: Picture, lit: Picture, clean: Picture, tone: Tone) -> Mask | None:
    """Return (height, width) bool, what is so bright that the sensor cannot tell whether it is as
    bright as the clean ground, with the pixels around it; None where there is nothing of that.

    ``lit`` is the picture in the light of the reference, ``clean`` the reference in Lab.
    """
    if tone.table[255].min() >= _BLOWN_OUT:
        return None
    at_end = bytes_of(cv2.inRange(picture.max(axis=2), _BLOWN_OUT, 255))
    if not at_end.any():
        return None
    around = cv2.dilate(at_end, np.ones((3, 3), dtype=np.uint8)) > 0
    lightness = cv2.cvtColor(lit, cv2.COLOR_BGR2LAB)[..., 0]
    return np.asarray(around & (lightness < clean[..., 0]), dtype=np.bool_)


def _by_gains(gains: Samples) -> Tone:
    levels = np.arange(256, dtype=np.float64)[:, None] + _BLACK
    return Tone(table=levels * gains - _BLACK, gains=gains)


def _best_of(levels: Samples, clean: Samples, gains: Samples) -> Tone:
    """Return factors where they do, else a straight line or a power where it does better."""
    plain = _by_gains(gains)
    # What is blown out has no level of its own any more.
    told = (levels < _BLOWN_OUT + _BLACK).all(axis=1)
    if np.count_nonzero(told) < _FEWEST_TOLD:
        return plain
    levels, clean = levels[told], clean[told]
    share = _explained(levels, clean, plain)
    if share >= _WELL_FITTED:
        return plain
    apart = 1 + levels.shape[0] // _FIT_TO
    levels, clean = levels[::apart], clean[::apart]
    best, best_share = plain, share + _BETTER_BY
    for curve in (_line(levels, clean, gains), _power(levels, clean, gains)):
        if curve is not None and (explained := _explained(levels, clean, curve)) >= best_share:
            best, best_share = curve, explained
    return best


def _explained(levels: Samples, clean: Samples, tone: Tone) -> float:
    index = np.clip(levels - _BLACK, 0, 255).astype(np.intp)
    left = np.abs(np.take_along_axis(tone.table, index, axis=0) + _BLACK - clean).max(axis=1)
    return float(np.mean(left <= _FITS * max(1.0, float(tone.gains.max()))))


def _line(levels: Samples, clean: Samples, gains: Samples) -> Tone | None:
    """A veil of haze, rain or stray light, or one that the reference had."""
    slopes, offsets = _robust_lines(levels, clean)
    if not _is_plausible(slopes / gains):
        return None
    table = (np.arange(256, dtype=np.float64)[:, None] + _BLACK) * slopes + offsets - _BLACK
    return Tone(table=table, gains=gains)


def _power(levels: Samples, clean: Samples, gains: Samples) -> Tone | None:
    """A sensor that bends its tones otherwise, as many do at night."""
    powers, factors = _robust_lines(np.log(levels), np.log(clean))
    if not _is_plausible(powers):
        return None
    steps = np.log(np.arange(256, dtype=np.float64)[:, None] + _BLACK)
    return Tone(table=np.exp(steps * powers + factors) - _BLACK, gains=gains)


def _is_plausible(slopes: Samples) -> bool:
    return bool(slopes.min() >= _FLATTEST and slopes.max() <= _STEEPEST)


def _robust_lines(across: Samples, along: Samples) -> tuple[Samples, Samples]:
    """Return (3,) slopes and offsets of the lines with the least absolute differences."""
    weights = np.ones_like(across)
    slopes, offsets = np.ones(3), np.zeros(3)
    scale = np.maximum(np.median(np.abs(along - np.median(along, axis=0)), axis=0), 1e-3)
    for _ in range(_ROUNDS):
        total = weights.sum(axis=0)
        middle, level = (
            (weights * across).sum(axis=0) / total,
            (weights * along).sum(axis=0) / total,
        )
        off = across - middle
        slopes = (weights * off * (along - level)).sum(axis=0) / np.maximum(
            (weights * off * off).sum(axis=0), 1e-9
        )
        offsets = level - slopes * middle
        weights = 1.0 / np.maximum(np.abs(along - slopes * across - offsets), 0.05 * scale)
    return slopes, offsets
