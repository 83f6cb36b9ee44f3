"""Scores a real photograph: the pure core of ``huanwei vision check``."""

from dataclasses import dataclass

from domain.records import CameraHealth
from vision.camera_health import health_of, texture_of
from vision.overflow_score import OverflowHead, chance_of, overflow_logit, shipped_head
from vision.picture_input import PHOTO_LIMITS, decode_picture
from vision.references import grey_of, light_of
from vision.zones import Box

_SMALLEST_BIN_PX = 16


class BinBoxError(ValueError):
    """The bin's box does not lie in the picture, or is too small to judge. The text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureCheck:
    """What can be said of one photograph without a reference.

    ``overflow_score``: 0 to 1 of the head alone, None without a bin's box; it ranks pictures, its
    0.5 is no verdict (see docs/vision.md). ``brightness`` and ``saturation``: means, 0 to 255.
    """

    width_px: int
    height_px: int
    camera_health: CameraHealth
    brightness: float
    saturation: float
    sharpness: float
    bin_box: tuple[int, int, int, int] | None
    overflow_score: float | None

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "width_px": self.width_px,
            "height_px": self.height_px,
            "camera_health": self.camera_health.value,
            "brightness": round(self.brightness, 1),
            "saturation": round(self.saturation, 1),
            "sharpness": round(self.sharpness, 1),
            "bin": None if self.bin_box is None else list(self.bin_box),
            "overflow_score": (
                None if self.overflow_score is None else round(self.overflow_score, 3)
            ),
        }


def parse_bin_box(text: str) -> tuple[int, int, int, int]:
    """Read ``x,y,width,height`` in pixels; raise :class:`BinBoxError`."""
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError as error:
        msg = f"not a box x,y,width,height in whole pixels: {text[:40]!r}"
        raise BinBoxError(msg) from error
    return x, y, width, height


def check_picture(
    raw: bytes,
    *,
    bin_box: tuple[int, int, int, int] | None = None,
    head: OverflowHead | None = None,
) -> PictureCheck:
    """Check a JPEG or PNG; ``bin_box`` is (x, y, width, height) in pixels of the picture upright.

    The box holds one bin with what rises above its rim. Raises
    :class:`vision.picture_input.UnreadablePictureError` and :class:`BinBoxError`.
    """
    picture = decode_picture(raw, PHOTO_LIMITS)
    height, width = picture.shape[:2]
    grey = grey_of(picture)
    texture, light = texture_of(grey), light_of(picture)
    score = None
    if bin_box is not None:
        crop = picture[_box_within(bin_box, width, height).slices]
        score = chance_of(overflow_logit(crop, head or shipped_head()))
    return PictureCheck(
        width_px=width,
        height_px=height,
        camera_health=health_of(grey, texture, None),
        brightness=light.brightness,
        saturation=light.saturation,
        sharpness=texture.sharpness,
        bin_box=bin_box,
        overflow_score=score,
    )


def _box_within(bin_box: tuple[int, int, int, int], width: int, height: int) -> Box:
    x, y, box_width, box_height = bin_box
    if min(box_width, box_height) < _SMALLEST_BIN_PX:
        msg = f"a bin of {box_width} x {box_height} pixels is too small to judge"
        raise BinBoxError(msg)
    if x < 0 or y < 0 or x + box_width > width or y + box_height > height:
        msg = f"the box {x},{y},{box_width},{box_height} leaves the picture ({width} x {height})"
        raise BinBoxError(msg)
    return Box(left=x, top=y, right=x + box_width, bottom=y + box_height)
