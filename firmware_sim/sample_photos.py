"""Photos as a crew member's phone takes them at a place: overview and close-up, now or clean."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random

import cv2
import numpy as np

from firmware_sim.backdrop import Picture
from firmware_sim.camera_geometry import HEIGHT_PX, WIDTH_PX, BinView, camera_view
from firmware_sim.camera_server import camera_viewpoint
from firmware_sim.district import SimDistrict
from firmware_sim.ground import PlaceTruth
from firmware_sim.renderer import SceneRenderer, Viewpoint, encode_jpeg
from firmware_sim.scene import stable_seed
from firmware_sim.world import UnknownInWorldError, World

_PHOTO_SIZE = (1024, 768)
_QUALITY = 82
_ASKEW = 0.09
"""How far each corner lies elsewhere than the time before, as a share of the photo's side."""


class Shot(StrEnum):
    """What a photo shows."""

    OVERVIEW = "overview"
    CLOSE_UP = "close_up"


class Condition(StrEnum):
    """Which state of the place a sample shows."""

    CURRENT = "current"
    CLEAN = "clean"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPhotos:
    """The two photos of a proof, JPEG."""

    overview: bytes
    close_up: bytes


class SamplePhotos:
    """Takes photos of places from their truth, and of how they would look clean."""

    def __init__(self, *, world: World, renderer: SceneRenderer) -> None:
        self._world = world
        self._renderer = renderer

    def photo(self, place_id: str, condition: Condition, shot: Shot, at: datetime) -> bytes:
        """Return one photo as JPEG; raise ``UnknownInWorldError`` for an unknown place."""
        truth = self._world.truth(place_id, at)
        if condition is Condition.CLEAN:
            truth = PlaceTruth(place_id=place_id, at=at, levels={}, ground=())
        viewpoint = place_viewpoint(self._world.district, place_id)
        picture = self._renderer.quiet_snapshot(viewpoint, truth, at)
        seed = stable_seed("photo", place_id, condition, shot, at)
        return encode_jpeg(_framed(picture, viewpoint, shot, seed), quality=_QUALITY)

    def proof(self, place_id: str, at: datetime) -> ProofPhotos:
        """Return overview and close-up of the place as it is at that time."""
        return ProofPhotos(
            overview=self.photo(place_id, Condition.CURRENT, Shot.OVERVIEW, at),
            close_up=self.photo(place_id, Condition.CURRENT, Shot.CLOSE_UP, at),
        )


def place_viewpoint(district: SimDistrict, place_id: str) -> Viewpoint:
    """Return where somebody with a phone stands: at the camera's place where there is a camera."""
    if place_id not in district.registry.places:
        msg = f"no place {place_id[:40]!r} in this district"
        raise UnknownInWorldError(msg)
    for camera in district.registry.cameras_at[place_id]:
        return camera_viewpoint(district, camera.device_id)
    containers = tuple(
        container.container_id
        for container in district.registry.containers.values()
        if container.place_id == place_id
    )
    rng = Random(f"{district.seed}/phone/{place_id}")  # noqa: S311 - a simulation
    return Viewpoint(scene_id=place_id, view=camera_view(containers, rng))


def _framed(picture: Picture, viewpoint: Viewpoint, shot: Shot, seed: int) -> Picture:
    """Cut what the phone sees out of the scene: from another spot each time, askew, with noise.

    Two photos of one place must not look like the same photo, as they do not in the hand.
    """
    rng = np.random.default_rng(seed)
    x, y, width = _frame(viewpoint.view.bins, shot, rng)
    height = width * _PHOTO_SIZE[1] / _PHOTO_SIZE[0]
    corners = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    seen_from = corners + rng.uniform(-_ASKEW, _ASKEW, corners.shape)
    turn = cv2.getPerspectiveTransform(
        np.array((x, y) + seen_from * (width, height), dtype=np.float32),
        np.array(corners * _PHOTO_SIZE, dtype=np.float32),
    )
    photo = cv2.warpPerspective(
        picture, turn, _PHOTO_SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    noise = rng.normal(0, 2.0, (_PHOTO_SIZE[1], _PHOTO_SIZE[0], 1)).astype(np.float32)
    seen: Picture = np.clip(photo + noise, 0, 255).astype(np.uint8)
    return seen


def _frame(
    bins: tuple[BinView, ...], shot: Shot, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return left, top and width of the part of the scene that the photo shows."""
    middle = (bins[0].left + bins[-1].left + bins[-1].width) / 2 + rng.uniform(-30, 30)
    row = bins[-1].left + bins[-1].width - bins[0].left
    full = HEIGHT_PX * _PHOTO_SIZE[0] / _PHOTO_SIZE[1]
    width = full * 0.96 if shot is Shot.OVERVIEW else min(full * 0.8, row + 130)
    width *= rng.uniform(0.8, 1.0)
    height = width * _PHOTO_SIZE[1] / _PHOTO_SIZE[0]
    left = min(max(0.0, middle - width / 2), WIDTH_PX - width)
    top = min(max(0.0, bins[0].heap_top - 14), HEIGHT_PX - height)
    return left, top, width
