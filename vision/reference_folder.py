"""A camera's clean reference pictures as files named by their SHA-256."""

import hashlib
from pathlib import Path

import structlog

from domain.devices import Camera, Lighting
from vision.limited_cv2 import Picture
from vision.picture_input import UnreadablePictureError, decode_picture

_log = structlog.get_logger()


def load_references(folder: Path, camera: Camera) -> dict[Lighting, Picture]:
    """Return the references that are there, whole and readable.

    One that is not is logged and left out: its light then has no reference, and verdicts are
    unknown for that reason. Of two for one light the last counts.
    """
    found: dict[Lighting, Picture] = {}
    for reference in camera.references:
        path = folder / f"{reference.sha256}.jpg"
        try:
            raw = path.read_bytes()
            if hashlib.sha256(raw).hexdigest() != reference.sha256:
                _log.error("reference_changed", device_id=camera.device_id, path=str(path))
                continue
            found[reference.lighting] = decode_picture(raw)
        except (OSError, UnreadablePictureError) as error:
            _log.error(
                "reference_unreadable",
                device_id=camera.device_id,
                path=str(path),
                error=str(error),
            )
    return found
