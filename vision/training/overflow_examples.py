"""Examples of a district's own bins: a folder of crops, and what people confirmed and rejected."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from domain.problems import ProblemClass
from domain.reviews import Review, ReviewAnswer
from vision.evaluation.overflow import CROP_LIMITS, NORMAL_FOLDER, OVERFLOW_FOLDER
from vision.limited_cv2 import Picture, bytes_of, cv2
from vision.picture_input import UnreadablePictureError, decode_picture

_NEAR_COPY_BITS = 6
_ENDINGS = frozenset({".jpg", ".jpeg", ".png"})


class UnusableExamplesError(Exception):
    """There is not enough to train or to compare with. The text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One crop of one bin: ``picture`` (height, width, 3) uint8 BGR. Pictures of one ``group``
    are never on both sides of a measurement.
    """

    identity: str
    picture: Picture
    overflow: bool
    group: str


def folder_examples(folder: Path) -> list[Example]:
    """Read ``overflow/`` and ``not_overflow/``; raise :class:`UnusableExamplesError`.

    A folder inside them is a group (a camera, a place); of pictures that lie there directly,
    near-copies are one. A picture that cannot be read is an error: it would change the result.
    """
    found: list[Example] = []
    for name, overflow in ((OVERFLOW_FOLDER, True), (NORMAL_FOLDER, False)):
        paths = sorted(p for p in (folder / name).rglob("*") if p.suffix.lower() in _ENDINGS)
        for path in paths:
            inner = path.relative_to(folder / name).parent
            raw = path.read_bytes()
            try:
                picture = decode_picture(raw, CROP_LIMITS)
            except UnreadablePictureError as error:
                msg = f"{path}: {error}"
                raise UnusableExamplesError(msg) from error
            found.append(
                Example(
                    identity=identity_of(raw),
                    picture=picture,
                    overflow=overflow,
                    group=str(inner) if inner.parts else "",
                )
            )
    return _grouped(found)


def review_examples(
    reviews: Sequence[Review], picture_of: Callable[[str], bytes | None]
) -> list[Example]:
    """Return the bins that people have said yes or no to, each camera a group.

    Reviews whose picture is gone, or of other problems than overflow, give none.
    """
    found = []
    for review in reviews:
        detection = review.detection
        raw = None
        if detection.key.problem_class is ProblemClass.BIN_OVERFLOW and detection.picture_sha256:
            raw = picture_of(detection.picture_sha256)
        if raw is None:
            continue
        picture = decode_picture(raw)
        height, width = picture.shape[:2]
        x, y, across, along = detection.zone_frame
        crop = picture[
            round(y * height) : max(round((y + along) * height), round(y * height) + 8),
            round(x * width) : max(round((x + across) * width), round(x * width) + 8),
        ]
        frame = repr(detection.zone_frame).encode()
        found.append(
            Example(
                identity=identity_of(raw + frame),
                picture=bytes_of(np.ascontiguousarray(crop)),
                overflow=review.answer is ReviewAnswer.CONFIRMED,
                group=f"camera {detection.key.device_id}",
            )
        )
    return found


def identity_of(raw: bytes) -> str:
    """Return what a picture is known by."""
    return hashlib.sha256(raw).hexdigest()[:16]


def _grouped(examples: Sequence[Example]) -> list[Example]:
    """Name the groups of those that have none: near-copies of each other are one."""
    prints: list[tuple[int, str]] = []
    named = []
    for one in examples:
        group = one.group
        if not group:
            print_of = _fingerprint(one.picture)
            near = (
                name for other, name in prints if (other ^ print_of).bit_count() <= _NEAR_COPY_BITS
            )
            group = next(near, f"picture {one.identity}")
            prints.append((print_of, group))
        named.append(
            Example(identity=one.identity, picture=one.picture, overflow=one.overflow, group=group)
        )
    return named


def _fingerprint(picture: Picture) -> int:
    """Return 64 bits that near-copies share: whether each of 8 x 8 cells is brighter than the one
    to its left.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    bits = np.packbits((small[:, 1:] > small[:, :-1]).ravel())
    return int.from_bytes(bits.tobytes())
