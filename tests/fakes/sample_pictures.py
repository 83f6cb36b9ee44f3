"""Pictures made of numbers: a street-like scene with texture, noise as a sensor has it, waste."""

import numpy as np

from domain.devices import Camera, Zone, ZoneKind
from vision.limited_cv2 import Picture, bytes_of, cv2

WIDTH_PX, HEIGHT_PX = 640, 360
GROUND = ((0.05, 0.55), (0.95, 0.55), (0.95, 0.98), (0.05, 0.98))
BIN = ((0.40, 0.15), (0.55, 0.15), (0.55, 0.60), (0.40, 0.60))


def clean_scene(seed: int = 1) -> Picture:
    """Return a scene of walls, paving and a bin: (360, 640, 3) uint8."""
    rng = np.random.default_rng(seed)
    scene = np.full((HEIGHT_PX, WIDTH_PX, 3), (150, 145, 140), dtype=np.uint8)
    for _ in range(60):
        x, y = int(rng.integers(0, WIDTH_PX)), int(rng.integers(0, HEIGHT_PX // 2))
        size = int(rng.integers(10, 60))
        colour = tuple(int(part) for part in rng.integers(60, 200, 3))
        cv2.rectangle(scene, (x, y), (x + size, y + size // 2), colour, -1)
    for x in range(0, WIDTH_PX, 40):
        cv2.line(scene, (x, HEIGHT_PX // 2), (x, HEIGHT_PX), (120, 118, 116), 1)
    for y in range(HEIGHT_PX // 2, HEIGHT_PX, 30):
        cv2.line(scene, (0, y), (WIDTH_PX, y), (120, 118, 116), 1)
    # The bin's body begins where the room for a heap ends.
    top = round(HEIGHT_PX * (0.15 + 0.275 * 0.45))
    cv2.rectangle(scene, (257, top), (351, 215), (70, 110, 60), -1)
    return scene


def with_noise(picture: Picture, seed: int, sigma: float = 2.5) -> Picture:
    """Return the picture as a sensor gives it."""
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture.astype(np.float64) + noise, 0, 255).astype(np.uint8)


def with_bag(picture: Picture, x: int = 200, y: int = 290, radius: int = 26) -> Picture:
    """Return the picture with a dark bag on the ground."""
    shown = picture.copy()
    cv2.circle(shown, (x, y), radius, (35, 32, 30), -1)
    return shown


def with_heaped_bin(picture: Picture) -> Picture:
    """Return the picture with waste that rises above the rim of the bin."""
    shown = picture.copy()
    cv2.ellipse(shown, (304, 98), (44, 40), 0, 180, 360, (230, 232, 235), -1)
    cv2.ellipse(shown, (290, 98), (20, 26), 0, 180, 360, (30, 30, 180), -1)
    return shown


def jpeg_of(picture: Picture, quality: int = 85) -> bytes:
    """Return the picture as a JPEG."""
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes_of(coded).tobytes()


def png_of(picture: Picture) -> bytes:
    """Return the picture as a PNG."""
    _, coded = cv2.imencode(".png", picture)
    return bytes_of(coded).tobytes()


def street_camera(
    device_id: str = "cam-01", url: str = "http://camera.test/snapshot.jpg"
) -> Camera:
    """Return a camera that looks at the scene: one bin, 16 square metres of ground."""
    return Camera(
        device_id=device_id,
        place_id="place-1",
        gateway_id="gw-1",
        snapshot_url=url,
        snapshot_interval_s=60,
        zones=(
            Zone(zone_id="bin-1", kind=ZoneKind.BIN, polygon=BIN, container_id="container-1"),
            Zone(zone_id="ground", kind=ZoneKind.GROUND, polygon=GROUND, area_m2=16.0),
        ),
        sign_posted=True,
        legal_basis="test",
    )
