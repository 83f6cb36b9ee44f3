"""A fixed street camera's picture of a place, drawn from the truth.

A picture is a pure function of seed, camera, truth and business time. What changes slowly is kept
between pictures (one backdrop and one lit stage per scene), so that a snapshot costs a copy, the
people in it and the sensor's noise.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from domain.devices import Lighting
from firmware_sim.backdrop import Backdrop, Picture, draw_backdrop
from firmware_sim.camera_geometry import HEIGHT_PX, WIDTH_PX, CameraView
from firmware_sim.ground import GroundItem, PlaceTruth
from firmware_sim.scene import Light, light_at, reference_light, stable_seed, walkers_at
from firmware_sim.seconds import SHANGHAI_S, datetime_of, seconds_of
from firmware_sim.walker_drawing import draw_walker
from firmware_sim.waste_drawing import draw_bin_top, draw_ground, level_step

JPEG_QUALITY = 85
KEPT_SCENES = 20
"""Every camera of a district and a few phones."""

_NOISE_MARGIN_PX = 64
_NOISE_SIGMA = {Lighting.DAY: 2.6, Lighting.NIGHT: 6.0}
_FOLIAGE_DEPTH = 0.08
_FOLIAGE_STEP_PX = 5

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """A camera to draw for: ``scene_id`` seeds the surroundings, ``view`` places the bins."""

    scene_id: str
    view: CameraView


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contents:
    """All of the truth that shows in a picture."""

    steps: tuple[int, ...]
    ground: tuple[GroundItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    light: Light
    contents: _Contents
    picture: Picture


class _Kept(OrderedDict[str, _Value]):
    """The values of the scenes drawn last; thread-safe."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._mutex = threading.Lock()

    def find(self, scene_id: str) -> _Value | None:
        with self._mutex:
            if scene_id in self:
                self.move_to_end(scene_id)
            return super().get(scene_id)

    def keep(self, scene_id: str, value: _Value) -> None:
        with self._mutex:
            self[scene_id] = value
            self.move_to_end(scene_id)
            if len(self) > self._most:
                self.popitem(last=False)


class SceneRenderer:
    """Draws snapshots. Thread-safe: what it keeps is replaced whole, never changed.

    The ``kept_scenes`` drawn last are kept, about 2 MB each.
    """

    def __init__(self, *, seed: int, kept_scenes: int = KEPT_SCENES) -> None:
        # A snapshot is small: a pool of threads would cost more than it gives, and on every core.
        cv2.setNumThreads(1)
        self._seed = seed
        self._backdrops: _Kept[Backdrop] = _Kept(kept_scenes)
        self._stages: _Kept[_Stage] = _Kept(kept_scenes)
        self._noise = {lighting: _noise_pools(seed, lighting) for lighting in _NOISE_SIGMA}
        self._lamp = _lamp_cone()

    def snapshot(self, viewpoint: Viewpoint, truth: PlaceTruth, at: datetime) -> Picture:
        """Return the picture of ``truth`` at business time ``at``: 360 x 640 x 3, BGR."""
        picture = self.quiet_snapshot(viewpoint, truth, at)
        light = light_at(at)
        for walker in walkers_at(self._seed, viewpoint.scene_id, at):
            draw_walker(picture, viewpoint.view, walker, light)
        self._add_noise(picture, light.lighting, stable_seed(self._seed, viewpoint.scene_id, at))
        _stamp(picture, viewpoint.scene_id, at)
        return picture

    def quiet_snapshot(self, viewpoint: Viewpoint, truth: PlaceTruth, at: datetime) -> Picture:
        """Return the place at that time without people, noise or stamp."""
        contents = _Contents(
            steps=tuple(
                level_step(truth.levels.get(bin_view.container_id, 0.0))
                for bin_view in viewpoint.view.bins
            ),
            ground=truth.ground,
        )
        light = light_at(at)
        stage = self._stages.find(viewpoint.scene_id)
        if stage is None or stage.light != light or stage.contents != contents:
            picture = self._lit(viewpoint, contents, light)
            stage = _Stage(light=light, contents=contents, picture=picture)
            self._stages.keep(viewpoint.scene_id, stage)
        return stage.picture.copy()

    def clean_reference(self, viewpoint: Viewpoint, lighting: Lighting) -> Picture:
        """Return the clean place with closed lids by day or by night: no people, no noise."""
        contents = _Contents(steps=(0,) * len(viewpoint.view.bins), ground=())
        return self._lit(viewpoint, contents, reference_light(lighting))

    def _backdrop(self, viewpoint: Viewpoint) -> Backdrop:
        backdrop = self._backdrops.find(viewpoint.scene_id)
        if backdrop is None:
            backdrop = draw_backdrop(self._seed, viewpoint.scene_id, viewpoint.view)
            self._backdrops.keep(viewpoint.scene_id, backdrop)
        return backdrop

    def _lit(self, viewpoint: Viewpoint, contents: _Contents, light: Light) -> Picture:
        view, backdrop = viewpoint.view, self._backdrop(viewpoint)
        albedo = backdrop.albedo.copy()
        draw_ground(albedo, view, contents.ground)
        for bin_view, colour, step in zip(
            view.bins, backdrop.bin_colours, contents.steps, strict=True
        ):
            draw_bin_top(albedo, bin_view, colour, step)
        soft = cv2.GaussianBlur(albedo, (3, 3), 0.7)
        if light.lighting is Lighting.NIGHT:
            grey = cv2.cvtColor(soft, cv2.COLOR_BGR2GRAY) * self._lamp
            return np.repeat(_as_picture(grey)[..., None], 3, axis=2)
        gains = np.array(light.gain_bgr, np.float32)
        return _as_picture(soft * _sunlight(view, backdrop, light)[..., None] * gains)

    def _add_noise(self, picture: Picture, lighting: Lighting, seed: int) -> None:
        """Add the sensor's noise: brighter specks from one pool, darker from another."""
        y, x = seed % _NOISE_MARGIN_PX, seed // _NOISE_MARGIN_PX % _NOISE_MARGIN_PX
        brighter, darker = (
            pool[y : y + HEIGHT_PX, x : x + WIDTH_PX] for pool in self._noise[lighting]
        )
        cv2.add(picture, brighter, dst=picture)
        cv2.subtract(picture, darker, dst=picture)


def _as_picture(values: npt.NDArray[np.float32]) -> Picture:
    return np.clip(values, 0, 255).astype(np.uint8)


def encode_jpeg(picture: Picture, *, quality: int = JPEG_QUALITY) -> bytes:
    """Return the picture as JPEG bytes."""
    fine, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not fine:
        msg = f"OpenCV could not encode a picture of shape {picture.shape}"
        raise ValueError(msg)
    return encoded.tobytes()


def _sunlight(view: CameraView, backdrop: Backdrop, light: Light) -> npt.NDArray[np.float32]:
    """Return each pixel's share of the light: soft shadows of the bins and of a tree."""
    shadow = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    for bin_view in view.bins:
        floor, inset = bin_view.top + bin_view.height, 0.06 * bin_view.width
        left, right = bin_view.left + inset, bin_view.left + bin_view.width - inset
        shift_x = light.shadow_x * bin_view.height
        shift_y = light.shadow_y * bin_view.height
        corners = [
            (left, floor - 4),
            (right, floor - 4),
            (right + shift_x, floor + shift_y),
            (left + shift_x, floor + shift_y),
        ]
        cv2.fillPoly(shadow, [np.round(np.array(corners)).astype(np.int32)], 1.0)
    shadow = cv2.GaussianBlur(shadow, (0, 0), 5) * light.shadow_depth
    start = light.bucket * _FOLIAGE_STEP_PX % WIDTH_PX
    tree = backdrop.foliage[:, start : start + WIDTH_PX]
    dark = shadow + tree * np.float32(_FOLIAGE_DEPTH * light.shadow_depth / 0.13 / 255)
    dark[: backdrop.wall_base] = 0
    left_over: npt.NDArray[np.float32] = 1 - dark
    return left_over


def _noise_pools(seed: int, lighting: Lighting) -> tuple[Picture, Picture]:
    rng = np.random.default_rng(stable_seed(seed, "noise", lighting))
    rows, columns = HEIGHT_PX + _NOISE_MARGIN_PX, WIDTH_PX + _NOISE_MARGIN_PX
    channels = 3 if lighting is Lighting.DAY else 1
    noise = rng.normal(0, _NOISE_SIGMA[lighting], (rows, columns, channels))
    whole = np.rint(np.repeat(noise, 3 // channels, axis=2))
    return np.clip(whole, 0, 255).astype(np.uint8), np.clip(-whole, 0, 255).astype(np.uint8)


def _lamp_cone() -> npt.NDArray[np.float32]:
    """Return how much of the infra-red lamp's light falls on each pixel: less at the edges."""
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    far = ((x - WIDTH_PX / 2) / (0.75 * WIDTH_PX)) ** 2 + ((y - 210) / (0.9 * HEIGHT_PX)) ** 2
    cone: npt.NDArray[np.float32] = (0.92 * np.exp(-1.5 * far)).astype(np.float32)
    return cone


def _stamp(picture: Picture, scene_id: str, at: datetime) -> None:
    """Write camera and local time into the upper left corner, as cameras do."""
    local = datetime_of(seconds_of(at) + SHANGHAI_S).strftime("%Y-%m-%d %H:%M:%S")
    text = f"{local}  {scene_id}"
    for colour, thickness in (((20, 20, 20), 3), ((240, 240, 240), 1)):
        cv2.putText(
            picture, text, (10, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness, cv2.LINE_AA
        )
