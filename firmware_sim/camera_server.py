"""The simulated cameras: snapshots as JPEG, and what can be wrong with a camera."""

import threading
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import structlog

from domain.devices import Camera
from domain.ports.clock import Clock
from firmware_sim.backdrop import Picture
from firmware_sim.district import SimDistrict
from firmware_sim.metrics import PagesMetrics
from firmware_sim.renderer import SceneRenderer, Viewpoint, encode_jpeg
from firmware_sim.world import World

_log = structlog.get_logger()


class CameraFault(StrEnum):
    """What can be wrong with a camera."""

    NONE = "none"
    BLACK = "black"
    FROZEN = "frozen"
    BLURRED = "blurred"
    MOVED = "moved"
    UNREACHABLE = "unreachable"


class UnknownCameraError(LookupError):
    """The district has no camera of that id."""


class UnreachableCameraError(Exception):
    """The camera gives no picture now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    fault: CameraFault
    frozen_jpeg: bytes | None = None


_SOUND = _Trouble(fault=CameraFault.NONE)


class CameraServer:
    """Answers for every camera of a district. Thread-safe."""

    def __init__(
        self, *, world: World, renderer: SceneRenderer, clock: Clock, metrics: PagesMetrics
    ) -> None:
        self._world = world
        self._renderer = renderer
        self._clock = clock
        self._metrics = metrics
        self._troubles: dict[str, _Trouble] = {}
        self._mutex = threading.Lock()

    def snapshot(self, camera_id: str) -> bytes:
        """Return the camera's picture of now as JPEG.

        Raises :class:`UnknownCameraError` and :class:`UnreachableCameraError`.
        """
        camera = self._camera(camera_id)
        trouble = self._trouble(camera_id)
        self._metrics.snapshots.labels(trouble.fault.value).inc()
        if trouble.fault is CameraFault.UNREACHABLE:
            raise UnreachableCameraError(camera_id)
        if trouble.frozen_jpeg is not None:
            return trouble.frozen_jpeg
        with self._metrics.render_s.time():
            return encode_jpeg(with_fault(self._picture(camera), trouble.fault))

    def fault(self, camera_id: str) -> CameraFault:
        """Return what is wrong with a camera; raise :class:`UnknownCameraError`."""
        self._camera(camera_id)
        return self._trouble(camera_id).fault

    def set_fault(self, camera_id: str, fault: CameraFault) -> None:
        """Break a camera, or mend it. A frozen one goes on showing the picture of now."""
        camera = self._camera(camera_id)
        frozen = encode_jpeg(self._picture(camera)) if fault is CameraFault.FROZEN else None
        with self._mutex:
            self._troubles[camera_id] = _Trouble(fault=fault, frozen_jpeg=frozen)
        _log.info("camera fault set", camera_id=camera_id, fault=fault.value)

    def _picture(self, camera: Camera) -> Picture:
        now = self._clock.now()
        viewpoint = camera_viewpoint(self._world.district, camera.device_id)
        truth = self._world.truth(camera.place_id, now)
        return self._renderer.snapshot(viewpoint, truth, now)

    def _camera(self, camera_id: str) -> Camera:
        camera = self._world.district.registry.cameras.get(camera_id)
        if camera is None:
            raise UnknownCameraError(camera_id)
        return camera

    def _trouble(self, camera_id: str) -> _Trouble:
        with self._mutex:
            return self._troubles.get(camera_id, _SOUND)


def camera_viewpoint(district: SimDistrict, camera_id: str) -> Viewpoint:
    """Return where a camera of the district stands."""
    return Viewpoint(scene_id=camera_id, view=district.views[camera_id])


def with_fault(picture: Picture, fault: CameraFault) -> Picture:
    """Return the picture as a camera with that fault delivers it."""
    height, width = picture.shape[:2]
    if fault is CameraFault.BLACK:
        return picture // np.uint8(40)
    if fault is CameraFault.BLURRED:
        return _same_type(cv2.GaussianBlur(picture, (0, 0), 8))
    if fault is CameraFault.MOVED:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), 7.0, 1.12)
        turn[:, 2] += np.array((92.0, -38.0))
        return _same_type(
            cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
        )
    return picture


def _same_type(picture: "cv2.typing.MatLike") -> Picture:
    return picture.astype(np.uint8, copy=False)
