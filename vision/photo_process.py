"""Opens one photo in a process of its own: ``python -m vision.photo_process PARENT_PID``.

Reads the photo from standard input; writes ``+``, a line of JSON with what the photo told of itself
and a JPEG, or ``-`` and the code of a refusal.
"""

import json
import sys

import numpy as np

from vision.encoding import encode_picture, fit_within
from vision.exif import read_origin
from vision.fingerprint import fingerprint_of
from vision.limited_cv2 import Picture, bytes_of, cv2
from vision.masking import pixelate
from vision.picture_input import PHOTO_LIMITS, UnreadablePictureError, decode_picture
from vision.process_limits import allow_cpu, end_with_parent, limit_memory

LONGEST_SIDE_PX = 1280
ADDRESS_SPACE_BYTES = 1024 * 1024 * 1024
PHOTO_CPU_S = 8

_SEARCH_WIDTH_PX = 560
_SURE = 0.35
_MARGIN = 0.08


def find_people(picture: Picture) -> list[tuple[int, int, int, int]]:
    """Return (x, y, width, height) of standing people, as far as OpenCV's HOG finds them.

    It finds whole upright figures of about a fifth of the picture's height and more, not faces,
    and not everybody: a help, no promise.
    """
    finder = cv2.HOGDescriptor()
    finder.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector()))
    small = fit_within(picture, _SEARCH_WIDTH_PX)
    scale = picture.shape[1] / small.shape[1]
    frames, weights = finder.detectMultiScale(small, winStride=(8, 8), padding=(8, 8), scale=1.06)
    return [
        tuple(round(float(side) * scale) for side in frame)
        for frame, weight in zip(frames, weights, strict=True)
        if float(weight) >= _SURE
    ]


def admit(raw: bytes) -> bytes:
    """Return what the photo told of itself as a line, and what may be kept of it: upright, small,
    people in blocks, nothing hung on.

    Raises :class:`vision.picture_input.UnreadablePictureError`.
    """
    picture = fit_within(decode_picture(raw, PHOTO_LIMITS), LONGEST_SIDE_PX)
    evidence = _evidence_line(raw, picture)
    for x, y, width, height in find_people(picture):
        margin_x, margin_y = round(width * _MARGIN), round(height * _MARGIN)
        rows = slice(max(0, y - margin_y), y + height + margin_y)
        columns = slice(max(0, x - margin_x), x + width + margin_x)
        picture[rows, columns] = pixelate(bytes_of(picture[rows, columns]), blocks_across=6)
    return evidence + b"\n" + encode_picture(picture).jpeg


def _evidence_line(raw: bytes, picture: Picture) -> bytes:
    origin = read_origin(raw)
    told: dict[str, object] = {"fingerprint": f"{fingerprint_of(picture):032x}"}
    if origin.taken_at is not None:
        told["taken_at"] = origin.taken_at.isoformat()
    if origin.location is not None:
        told["location"] = [origin.location.latitude_deg, origin.location.longitude_deg]
    return json.dumps(told).encode()


def main(parent_pid: int) -> None:
    """Read one photo, answer, end."""
    end_with_parent(parent_pid)
    limit_memory(ADDRESS_SPACE_BYTES)
    allow_cpu(PHOTO_CPU_S)
    raw = sys.stdin.buffer.read(PHOTO_LIMITS.most_bytes + 1)
    try:
        answer = b"+" + admit(raw)
    except UnreadablePictureError as error:
        answer = b"-" + error.reason.encode()
    except MemoryError:
        answer = b"-too_many_pixels"
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main(int(sys.argv[1]))
