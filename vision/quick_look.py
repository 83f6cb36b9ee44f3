"""A cheap look at a picture of a place that was clean: if nothing has changed, nothing is judged.

The picture is decoded at a quarter or half of its size, in colour, since a thing may differ from
the ground in colour alone, and compared with one that was judged in full. It is kept in that size,
masked as a full one is.
"""

from dataclasses import dataclass, replace

import numpy as np

from domain.records import CameraHealth, SnapshotVerdicts, VerdictState
from vision.alignment import Shift, set_right
from vision.encoding import encode_picture
from vision.limited_cv2 import Mask, Picture, bytes_of, cv2
from vision.masking import mask_picture
from vision.picture_input import (
    SNAPSHOT_LIMITS,
    PictureFormat,
    Refusal,
    UnreadablePictureError,
    read_header,
)

MOST_QUICK_LOOKS = 14
"""Behind so many the fifteenth picture is judged in full, come what may."""

SETTLED_AFTER = 5
"""So many full looks in a row must have found nothing: what was just cleaned is evidence, and is
kept at its full size."""

_FEWEST_ACROSS_PX = 300
_CHANGED, _CHANGED_PX = 8, 4
_OTHER_LIGHT = 5.0
_SAME_PIXELS = 0.995


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietScene:
    """A place that was clean: what was said, and how it looked small and smoothed, (height, width,
    3) uint8; ``newest``: every second row and column as it was seen last. ``watched`` and
    ``passing``: (height, width) bool, what may be shown and what of it was hidden then. ``shift``
    brings a picture onto the reference, at ``work_width_px``.
    """

    values: SnapshotVerdicts
    smooth: Picture
    newest: Picture
    watched: Mask
    passing: Mask
    shift: Shift
    work_width_px: int
    looks: int = 0

    def seen_again(self, raw: bytes) -> "QuickLook | None":
        """Return one more look, None where the picture must be judged in full.

        Raises :class:`UnreadablePictureError`.
        """
        small = None if self.looks >= MOST_QUICK_LOOKS else small_picture(raw)
        if small is None or small.shape != self.smooth.shape:
            return None
        # A living sensor always has noise; a picture that stands still is looked at in full.
        thin = small[::2, ::2].copy()
        if np.count_nonzero(thin == self.newest) >= _SAME_PIXELS * thin.size:
            return None
        aligned = set_right(small, self.shift, self.work_width_px)
        changed = self._changed(aligned)
        if changed is None:
            return None
        picture = encode_picture(mask_picture(aligned, self.watched, self.passing | changed))
        return QuickLook(
            values=replace(self.values, picture_sha256=picture.sha256),
            jpeg=picture.jpeg,
            scene=replace(self, newest=thin, looks=self.looks + 1),
        )

    def _changed(self, small: Picture) -> Mask | None:
        """Return what has changed of what is watched, None where that is more than grain."""
        change = cv2.absdiff(cv2.blur(small, (3, 3)), self.smooth)
        if max(cv2.mean(change)) > _OTHER_LIGHT:
            return None
        changed = cv2.inRange(change, (0, 0, 0), (_CHANGED, _CHANGED, _CHANGED)) == 0
        changed &= self.watched
        return None if np.count_nonzero(changed) >= _CHANGED_PX else changed


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickLook:
    """What a quick look says and keeps, and the scene to look at next."""

    values: SnapshotVerdicts
    jpeg: bytes
    scene: QuietScene


def is_all_clear(values: SnapshotVerdicts) -> bool:
    """Whether a healthy camera called everything clear."""
    states = {verdict.state for verdict in values.verdicts}
    return values.camera_health is CameraHealth.OK and states == {VerdictState.CLEAR}


def quiet_scene(
    raw: bytes,
    values: SnapshotVerdicts,
    *,
    watched: Mask,
    passing: Mask,
    shift: Shift,
) -> QuietScene | None:
    """Return what to compare the next pictures with, None where that cannot be done.

    ``values``: what a full look said, all clear; ``watched``, ``passing`` and ``shift`` at its
    work size.
    """
    small = small_picture(raw)
    if small is None or not is_all_clear(values):
        return None
    aligned = set_right(small, shift, watched.shape[1])
    return QuietScene(
        values=replace(values, picture_sha256=None),
        smooth=bytes_of(cv2.blur(aligned, (3, 3))),
        newest=small[::2, ::2].copy(),
        watched=_at_size_of(small, watched),
        passing=_at_size_of(small, passing),
        shift=shift,
        work_width_px=watched.shape[1],
    )


def small_picture(raw: bytes) -> Picture | None:
    """Return the picture at a quarter or half of its size, None where that would be too small."""
    header = read_header(raw, SNAPSHOT_LIMITS)
    if header.format is not PictureFormat.JPEG or header.width_px < 2 * _FEWEST_ACROSS_PX:
        return None
    quarter = header.width_px >= 4 * _FEWEST_ACROSS_PX
    flag = cv2.IMREAD_REDUCED_COLOR_4 if quarter else cv2.IMREAD_REDUCED_COLOR_2
    try:
        decoded = cv2.imdecode(np.frombuffer(raw, dtype=np.uint8), flag)
    except cv2.error as error:
        raise UnreadablePictureError(Refusal.UNDECODABLE) from error
    if decoded is None:
        raise UnreadablePictureError(Refusal.UNDECODABLE)
    return bytes_of(decoded)


def _at_size_of(small: Picture, mask: Mask) -> Mask:
    size = (small.shape[1], small.shape[0])
    there = cv2.resize(
        np.ascontiguousarray(mask).view(np.uint8), size, interpolation=cv2.INTER_NEAREST
    )
    return np.asarray(there, dtype=np.bool_)
