"""A camera's clean references, prepared once, and the choice of one by the light of a picture."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.devices import Lighting
from vision.alignment import AlignmentTarget, alignment_target
from vision.camera_health import Texture, texture_of
from vision.lens import LensView, lens_view
from vision.limited_cv2 import Picture, Plane, bytes_of, cv2
from vision.overflow_score import CropClassifier, overflow_logit
from vision.tone import thinned
from vision.zones import ZoneMasks

_GREY_BELOW = 6.0
_DARK, _USUAL, _MOST_LIFT = 50.0, 90.0, 4.0
"""A reference of a mean brightness below the first, as at night, is lifted to the second before
anything is compared: differences are counted in levels, of which the same thing has few there."""

_HABIT = 0.15
"""By so many doublings of light another reference must be nearer to take the place of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """How a picture is lit: ``brightness`` and ``saturation`` are means from 0 to 255."""

    brightness: float
    saturation: float

    @property
    def is_grey(self) -> bool:
        """Whether there is hardly any colour, as under an infrared lamp."""
        return self.saturation < _GREY_BELOW


class CleanLogits(Mapping[str, float]):
    """What a head says of clean bins, by zone id. Each is asked for once, and only when needed: a
    network takes tens of milliseconds a bin, and most bins are never hard to tell.
    """

    def __init__(self, crops: Mapping[str, Picture], head: CropClassifier) -> None:
        self._crops = crops
        self._head = head
        self._known: dict[str, float] = {}

    def __getitem__(self, zone_id: str) -> float:
        """Return the log odds of a bin's clean crop."""
        if zone_id not in self._known:
            self._known[zone_id] = overflow_logit(self._crops[zone_id], self._head)
        return self._known[zone_id]

    def __iter__(self) -> Iterator[str]:
        """Go over the zone ids."""
        return iter(self._crops)

    def __len__(self) -> int:
        """Count the bins."""
        return len(self._crops)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedReference:
    """A clean reference at work size: ``smooth_lab`` (height, width, 3) uint8; ``thin_picture``
    every fourth row and column in BGR; where it is dark, both are ``lift`` times as bright as it.
    ``clean_logits`` by zone id: what the head says of clean bins, asked when first needed.
    """

    lighting: Lighting
    light: Light
    lift: float
    thin_picture: Picture
    smooth_lab: Picture
    texture: Texture
    lens: LensView
    target: AlignmentTarget
    clean_logits: Mapping[str, float]


def light_of(picture: Picture) -> Light:
    """Measure the light of a picture: (height, width, 3) uint8 BGR."""
    small = cv2.resize(picture, (32, 18), interpolation=cv2.INTER_AREA).astype(np.int16)
    highest = small.max(axis=2)
    spread = (highest - small.min(axis=2)) / np.maximum(highest, 1)
    return Light(brightness=float(highest.mean()), saturation=float(spread.mean() * 255.0))


def prepare_reference(
    lighting: Lighting, picture: Picture, masks: ZoneMasks, head: CropClassifier
) -> PreparedReference:
    """Prepare a clean picture of any size for comparing at the size of ``masks``."""
    size = (masks.width_px, masks.height_px)
    as_it_is = bytes_of(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    grey, light = grey_of(as_it_is), light_of(as_it_is)
    lift = _lift_of(light)
    at_work = as_it_is if lift == 1.0 else bytes_of(cv2.convertScaleAbs(as_it_is, alpha=lift))
    return PreparedReference(
        lighting=lighting,
        light=light,
        lift=lift,
        thin_picture=thinned(at_work).copy(),
        smooth_lab=smooth_lab(at_work),
        texture=texture_of(grey),
        lens=lens_view(grey),
        target=alignment_target(grey),
        clean_logits=CleanLogits(
            {
                bin_zone.zone.zone_id: at_work[bin_zone.crop.slices].copy()
                for bin_zone in masks.bins
            },
            head,
        ),
    )


def _lift_of(light: Light) -> float:
    if light.brightness >= _DARK:
        return 1.0
    return min(_USUAL / max(light.brightness, 1.0), _MOST_LIFT)


def choose_reference(
    picture: Picture,
    references: Sequence[PreparedReference],
    current: Lighting | None = None,
) -> PreparedReference | None:
    """Return the reference whose light is nearest to that of a picture at work size, None where
    there is none.

    A grey picture (infrared lamp) and a coloured one are never compared while there is a reference
    of its own kind: at dusk a coloured picture is as dark as a grey one. Then brightness decides,
    by ratio, since gain is corrected later, together with how alike both look in one light, which
    tells wet ground from dry. ``current`` is kept while no other is clearly nearer: what has
    stayed is only known against one reference.
    """
    light = light_of(picture)
    of_its_kind = [one for one in references if one.light.is_grey == light.is_grey]
    bank = of_its_kind or list(references)
    if len(bank) <= 1:
        return bank[0] if bank else None
    thin = thinned(picture)

    def farness(reference: PreparedReference) -> float:
        ratio = (light.brightness + 8.0) / (reference.light.brightness + 8.0)
        habit = _HABIT if reference.lighting is current else 0.0
        return abs(float(np.log2(ratio))) + _unlikeness(thin, reference.thin_picture) - habit

    return min(bank, key=farness)


def _unlikeness(thin: Picture, thin_reference: Picture) -> float:
    """Return how far two thinned pictures look from each other in one light: doublings of light
    that the median pixel differs by.
    """
    now, clean = thin.astype(np.float64) + 8.0, thin_reference.astype(np.float64) + 8.0
    ratios = np.log2(now / clean)
    return float(np.median(np.abs(ratios - np.median(ratios, axis=(0, 1)))))


def grey_of(picture: Picture) -> Plane:
    """Return (height, width) uint8 of a BGR picture."""
    return bytes_of(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


def smooth_lab(picture: Picture) -> Picture:
    """Return the picture in 8-bit Lab, smoothed over 3 x 3 against coding noise."""
    return bytes_of(cv2.cvtColor(cv2.blur(picture, (3, 3)), cv2.COLOR_BGR2LAB))
