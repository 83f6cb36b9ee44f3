"""The clean reference pictures that a technician would take of every simulated camera."""

import hashlib
from dataclasses import replace
from pathlib import Path

from domain.devices import Lighting, ReferencePicture
from domain.registry import RegistrySnapshot
from firmware_sim.camera_server import camera_viewpoint
from firmware_sim.district import SimDistrict
from firmware_sim.renderer import SceneRenderer, encode_jpeg
from firmware_sim.scene import REFERENCE_HOUR

REFERENCE_QUALITY = 92


def write_references(district: SimDistrict, folder: Path) -> RegistrySnapshot:
    """Write the clean picture of every camera by day and by night as ``{sha256}.jpg``.

    Returns the district's registry with the cameras' references filled in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    renderer = SceneRenderer(seed=district.seed)
    cameras = {
        camera_id: replace(
            camera,
            references=tuple(
                _write_reference(renderer, district, camera_id, lighting, folder)
                for lighting in REFERENCE_HOUR
            ),
        )
        for camera_id, camera in district.registry.cameras.items()
    }
    return replace(district.registry, cameras=cameras)


def _write_reference(
    renderer: SceneRenderer,
    district: SimDistrict,
    camera_id: str,
    lighting: Lighting,
    folder: Path,
) -> ReferencePicture:
    picture = renderer.clean_reference(camera_viewpoint(district, camera_id), lighting)
    jpeg = encode_jpeg(picture, quality=REFERENCE_QUALITY)
    sha256 = hashlib.sha256(jpeg).hexdigest()
    path = folder / f"{sha256}.jpg"
    new = path.with_suffix(".new")
    new.write_bytes(jpeg)
    new.replace(path)
    return ReferencePicture(lighting=lighting, sha256=sha256)
