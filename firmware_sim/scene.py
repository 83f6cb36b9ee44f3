"""What a camera would see besides the place itself: the light of the hour, and people walking by.

Pure functions of business time and a seed. Hours of the day are Asia/Shanghai's.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

import numpy as np

from domain.devices import Lighting
from firmware_sim.seconds import DAY_S, HOUR_S, SHANGHAI_S, seconds_of

SUNRISE_H, SUNSET_H = 5.4, 18.9
BUCKET_S = 600
"""The light changes in steps of ten business minutes, so that a lit scene can be kept."""

REFERENCE_HOUR: Mapping[Lighting, float] = {Lighting.DAY: 12.0, Lighting.NIGHT: 22.0}

_WALKER_SLOT_S = 60.0
_CROSSING_M = 6.5
_OPEN_ENDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """The light of one bucket of time.

    ``gain_bgr`` multiplies the colours; ``shadow_x`` and ``shadow_y`` are the length of a shadow in
    heights of what throws it (x to the right, y towards the camera); ``shadow_depth`` is the share
    of light it takes away. At night the camera's infra-red lamp lights a grey picture.
    """

    bucket: int
    lighting: Lighting
    gain_bgr: tuple[float, float, float]
    shadow_x: float
    shadow_y: float
    shadow_depth: float

    def on(self, colour: tuple[float, float, float]) -> tuple[float, float, float]:
        """Return a colour (blue, green, red) as it looks in this light."""
        blue, green, red = colour
        if self.lighting is Lighting.NIGHT:
            blue = green = red = 0.114 * blue + 0.587 * green + 0.299 * red
        gains = self.gain_bgr
        return (blue * gains[0], green * gains[1], red * gains[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """Somebody passing. ``x`` and ``y`` are on the ground strip (x may lie a little outside);
    ``stride`` runs from -1 to 1 with the step; ``look`` seeds clothes and build.
    """

    x: float
    y: float
    height_m: float
    facing: int
    stride: float
    look: int


def stable_seed(*parts: object) -> int:
    """Return a seed that is the same in every process and on every machine."""
    return crc32("/".join(str(part) for part in parts).encode())


def light_at(at: datetime) -> Light:
    """Return the light of the bucket that contains this time."""
    bucket = int(seconds_of(at) // BUCKET_S)
    return _light(bucket, ((bucket + 0.5) * BUCKET_S + SHANGHAI_S) % DAY_S / HOUR_S)


def reference_light(lighting: Lighting) -> Light:
    """Return the light that clean reference pictures are taken in."""
    return _light(-1, REFERENCE_HOUR[lighting])


def _light(bucket: int, hour: float) -> Light:
    if not SUNRISE_H <= hour < SUNSET_H:
        return Light(
            bucket=bucket,
            lighting=Lighting.NIGHT,
            gain_bgr=(0.62, 0.62, 0.62),
            shadow_x=0.0,
            shadow_y=0.0,
            shadow_depth=0.0,
        )
    way = (hour - SUNRISE_H) / (SUNSET_H - SUNRISE_H)
    height = math.sin(math.pi * way)
    bright = 0.70 + 0.38 * min(1.0, height * 1.9)
    warm = max(0.0, 1.0 - height * 2.4)
    return Light(
        bucket=bucket,
        lighting=Lighting.DAY,
        gain_bgr=(bright * (1 - 0.20 * warm), bright * (1 - 0.07 * warm), bright),
        # The sun rises on the right of the picture and goes behind the camera's back.
        shadow_x=-math.cos(math.pi * way) * 0.85,
        shadow_y=0.16 + 0.10 * height,
        shadow_depth=0.13 * min(1.0, height * 3),
    )


def walkers_at(seed: int, camera_id: str, at: datetime) -> tuple[Walker, ...]:
    """Return who passes at this instant; almost always nobody, or one person for some seconds."""
    now_s = seconds_of(at)
    slot = int(now_s // _WALKER_SLOT_S)
    # A crossing may reach into the next slot.
    found = (_walker(seed, camera_id, index, now_s) for index in (slot - 1, slot))
    return tuple(walker for walker in found if walker is not None)


def _walker(seed: int, camera_id: str, slot: int, now_s: float) -> Walker | None:
    rng = np.random.default_rng(stable_seed(seed, camera_id, "walker", slot))
    hour = (slot * _WALKER_SLOT_S + SHANGHAI_S) % DAY_S / HOUR_S
    if rng.random() >= _passing_chance(hour):
        return None
    starts_s = (slot + rng.random()) * _WALKER_SLOT_S
    speed_m_s = rng.uniform(0.8, 1.5)
    share = (now_s - starts_s) * speed_m_s / _CROSSING_M
    facing = 1 if rng.random() < 0.5 else -1  # noqa: PLR2004  either way alike
    depth, height_m = rng.uniform(0.12, 0.9), rng.uniform(1.55, 1.78)
    if not 0.0 <= share <= 1.0:
        return None
    way = share * (1 + 2 * _OPEN_ENDS) - _OPEN_ENDS
    return Walker(
        x=way if facing > 0 else 1 - way,
        y=depth,
        height_m=height_m,
        facing=facing,
        stride=math.sin(2 * math.pi * share * _CROSSING_M / 1.4),
        look=int(rng.integers(2**31)),
    )


def _passing_chance(hour: float) -> float:
    """Return the chance that somebody passes within a minute: busy mornings and evenings."""
    if not 5.0 <= hour < 23.0:  # noqa: PLR2004  the street sleeps
        return 0.04
    rush = math.exp(-((hour - 7.8) ** 2) / 2.5) + math.exp(-((hour - 18.0) ** 2) / 4)
    return 0.45 + 0.5 * min(1.0, rush)
