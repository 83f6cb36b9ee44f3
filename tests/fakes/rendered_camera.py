"""One camera of the simulator over two containers: what it sees and its clean references."""

from collections.abc import Mapping
from random import Random

from domain.devices import Camera, Lighting
from firmware_sim.camera_geometry import camera_view, zones_of
from firmware_sim.ground import PlaceTruth
from firmware_sim.renderer import SceneRenderer, Viewpoint
from firmware_sim.scene import REFERENCE_HOUR
from tests.fakes.sample_pictures import jpeg_of
from vision.limited_cv2 import Picture
from vision.picture_input import decode_picture


class RenderedCamera:
    """``cam-01`` of ``place-1``, over ``container-1`` and ``container-2``."""

    def __init__(self, seed: int) -> None:
        view = camera_view(("container-1", "container-2"), Random(seed))
        self.viewpoint = Viewpoint(scene_id="cam-01", view=view)
        self.renderer = SceneRenderer(seed=seed)
        self.camera = Camera(
            device_id="cam-01",
            place_id="place-1",
            gateway_id="gw-1",
            snapshot_url="http://camera.test/snapshot.jpg",
            snapshot_interval_s=60,
            zones=zones_of(view),
            sign_posted=True,
            legal_basis="rendered",
        )

    def references(self) -> Mapping[Lighting, Picture]:
        """Return a clean reference for every light that is rendered."""
        return {
            lighting: decode_picture(
                jpeg_of(self.renderer.clean_reference(self.viewpoint, lighting))
            )
            for lighting in REFERENCE_HOUR
        }

    def snapshot(self, truth: PlaceTruth) -> Picture:
        """Return what the camera sees."""
        return self.renderer.snapshot(self.viewpoint, truth, truth.at)
