"""From a picture to the JPEG that is kept: at most 256 KiB, named by its SHA-256.

Encoding anew is what removes EXIF, thumbnails and whatever was hung on behind the picture.
"""

import hashlib
from dataclasses import dataclass

from vision.limited_cv2 import Picture, bytes_of, cv2

MOST_JPEG_BYTES = 256 * 1024
_QUALITIES = (82, 70, 55, 40)
_SMALLEST_WIDTH_PX = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedPicture:
    """A JPEG of ours and its name."""

    sha256: str
    jpeg: bytes


def encode_picture(picture: Picture) -> EncodedPicture:
    """Encode at the best quality that fits, at a smaller size when none does.

    ``picture``: (height, width, 3) uint8, BGR. Raises ``ValueError`` when even a tiny picture does
    not fit, which no picture does.
    """
    shown = picture
    while shown.shape[1] >= _SMALLEST_WIDTH_PX or shown is picture:
        for quality in _QUALITIES:
            done, coded = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if done and coded.size <= MOST_JPEG_BYTES:
                jpeg = coded.tobytes()
                return EncodedPicture(sha256=hashlib.sha256(jpeg).hexdigest(), jpeg=jpeg)
        shown = fit_within(shown, shown.shape[1] * 3 // 4)
    msg = f"no JPEG of at most {MOST_JPEG_BYTES} bytes from a picture of {picture.shape}"
    raise ValueError(msg)


def fit_within(picture: Picture, longest_side_px: int) -> Picture:
    """Return the picture with no side longer than that, proportions kept."""
    height, width = picture.shape[:2]
    longest = max(height, width)
    if longest <= longest_side_px:
        return picture
    size = (
        max(1, round(width * longest_side_px / longest)),
        max(1, round(height * longest_side_px / longest)),
    )
    return bytes_of(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
