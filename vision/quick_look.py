"""A cheap look at a picture of a place that was clean: if nothing has changed, nothing is judged.

The picture is decoded at a quarter or half of its size, in colour, since a thing may differ from
the ground in colour alone, and compared with the last one that was judged in full.
"""

from dataclasses import dataclass, replace

import numpy as np

from domain.records import CameraHealth, SnapshotVerdicts, VerdictState
from vision.limited_cv2 import Mask, Picture, bytes_of, cv2
from vision.picture_input import (
    SNAPSHOT_LIMITS,
    PictureFormat,
    Refusal,
    UnreadablePictureError,
    read_header,
)

MOST_QUICK_LOOKS = 9
"""Behind so many the tenth picture is judged in full and its evidence kept, come what may."""

_FEWEST_ACROSS_PX = 300
_CHANGED, _CHANGED_PX = 8, 4
_OTHER_LIGHT = 5.0
_SAME_PIXELS = 0.995


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietScene:
    """A place that was clean: what was said, how it looked small, and small once more as it was
    seen last; (height, width, 3) uint8. ``watched``: (height, width) bool of that size.
    """

    values: SnapshotVerdicts
    small: Picture
    newest: Picture
    watched: Mask
    looks: int = 0

    def seen_again(self, raw: bytes) -> "QuietScene | None":
        """Return the scene after one more look, None where the picture must be judged in full.

        Raises :class:`UnreadablePictureError`.
        """
        small = None if self.looks >= MOST_QUICK_LOOKS else small_picture(raw)
        if small is None or small.shape != self.small.shape or not self._is_unchanged(small):
            return None
        return replace(self, newest=small, looks=self.looks + 1)

    def _is_unchanged(self, small: Picture) -> bool:
        # A living sensor always has noise; a picture that stands still is looked at in full.
        thin, before = small[::2, ::2], self.newest[::2, ::2]
        if np.count_nonzero(thin == before) >= _SAME_PIXELS * thin.size:
            return False
        change = cv2.absdiff(cv2.blur(small, (3, 3)), cv2.blur(self.small, (3, 3)))
        if max(cv2.mean(change)) > _OTHER_LIGHT:
            return False
        changed = cv2.inRange(change, (0, 0, 0), (_CHANGED, _CHANGED, _CHANGED)) == 0
        return bool(np.count_nonzero(changed & self.watched) < _CHANGED_PX)


def quiet_scene(raw: bytes, values: SnapshotVerdicts, watched: Mask) -> QuietScene | None:
    """Return what to compare the next pictures with, None unless all was clear in this one."""
    states = {verdict.state for verdict in values.verdicts}
    if values.camera_health is not CameraHealth.OK or states != {VerdictState.CLEAR}:
        return None
    small = small_picture(raw)
    if small is None:
        return None
    size = (small.shape[1], small.shape[0])
    there = cv2.resize(watched.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return QuietScene(
        values=replace(values, picture_sha256=None),
        small=small,
        newest=small,
        watched=np.asarray(there, dtype=np.bool_),
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
