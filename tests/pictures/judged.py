"""Pictures of a simulated camera as they are stored, with the boxes that the judge drew.

Every box, mask and verdict is the judge's own; a scene in which it does not say what the caption
says raises, so that no caption can become untrue.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from domain.problems import ProblemClass
from domain.records import CameraHealth, SnapshotVerdicts, VerdictState
from firmware_sim.camera_server import CameraFault, with_fault
from firmware_sim.ground import GroundItem, GroundKind, PlaceTruth
from firmware_sim.renderer import encode_jpeg
from firmware_sim.scene import walkers_at
from tests.fakes.rendered_camera import RenderedCamera
from vision.judging import CameraJudge
from vision.limited_cv2 import Picture
from vision.overflow_score import shipped_head
from vision.picture_input import decode_picture

_SEED = 11
_NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_LOOKS = 6
_GAP_PX = 6
_QUALITY = 80
_COLOURS = {VerdictState.PRESENT: (40, 40, 220), VerdictState.UNKNOWN: (160, 160, 160)}
_BAG = GroundItem(item_id="bag", kind=GroundKind.BAG, x=0.3, y=0.3, size_m=0.5, dropped_at=_NOON)
_LITTER = tuple(
    GroundItem(
        item_id=f"litter-{number}",
        kind=GroundKind.LITTER,
        x=0.5 + 0.08 * number,
        y=(0.7, 0.45, 0.8, 0.55, 0.35)[number],
        size_m=0.2,
        dropped_at=_NOON,
    )
    for number in range(5)
)


class UntrueCaptionError(Exception):
    """The judge does not say what the documentation says of this picture."""


class _Scene:
    """One simulated camera, judged from a clean start."""

    def __init__(self) -> None:
        self._rendered = RenderedCamera(_SEED)
        self._judge = CameraJudge(
            self._rendered.camera, lambda _: self._rendered.references(), head=shipped_head()
        )

    def picture(self, at: datetime, level: float, ground: Sequence[GroundItem]) -> Picture:
        """Return what the camera sees."""
        levels = {"container-1": level, "container-2": 0.3}
        truth = PlaceTruth(place_id="place-1", at=at, levels=levels, ground=tuple(ground))
        return self._rendered.snapshot(truth)

    def judged(self, picture: Picture) -> tuple[SnapshotVerdicts, Picture | None]:
        """Return what is said of it and what is stored of it."""
        said, stored = self._judge.judge(encode_jpeg(picture))
        return said, None if stored is None else decode_picture(stored)

    def stayed(
        self, at: datetime, level: float, ground: Sequence[GroundItem]
    ) -> tuple[SnapshotVerdicts, Picture]:
        """Return the same after some snapshots, with boxes drawn."""
        for number in range(_LOOKS - 1):
            self.judged(self.picture(at + number * _MINUTE, level, ground))
        last = self.picture(at + (_LOOKS - 1) * _MINUTE, level, ground)
        said, stored = self.judged(last)
        if stored is None:
            raise UntrueCaptionError
        return said, _with_boxes(stored, said)


def judged_pictures() -> dict[str, bytes]:
    """Return every picture by its name, as JPEG."""
    return {
        "overfull.jpg": _overfull(),
        "litter-and-bag.jpg": _litter_and_bag(),
        "passer-by.jpg": _passer_by(),
        "emptied-not-swept.jpg": _emptied_not_swept(),
        "camera-health.jpg": _camera_health(),
    }


def _overfull() -> bytes:
    said, shown = _Scene().stayed(_NOON, 1.1, ())
    _require(said, ProblemClass.BIN_OVERFLOW)
    return _jpeg([shown])


def _litter_and_bag() -> bytes:
    said, shown = _Scene().stayed(_NOON, 0.4, (_BAG, *_LITTER))
    _require(said, ProblemClass.BAGGED_WASTE_ON_GROUND, ProblemClass.SCATTERED_LITTER)
    return _jpeg([shown])


def _passer_by() -> bytes:
    """What the camera sees, and what is kept of it: a drawn figure beside a bag that stays."""
    scene, at = _Scene(), _NOON
    scene.stayed(at - _LOOKS * _MINUTE, 0.4, (_BAG,))
    while not walkers_at(_SEED, "cam-01", at):
        at += timedelta(seconds=5)
    seen = scene.picture(at, 0.4, (_BAG,))
    said, stored = scene.judged(seen)
    if stored is None or said.camera_health is not CameraHealth.OK:
        raise UntrueCaptionError
    return _jpeg([seen, stored])


def _emptied_not_swept() -> bytes:
    before = _Scene().stayed(_NOON, 1.1, (_BAG,))
    after = _Scene().stayed(_NOON, 0.05, (_BAG, *_LITTER))
    _require(before[0], ProblemClass.BIN_OVERFLOW)
    _require(after[0], ProblemClass.SCATTERED_LITTER)
    if _present(after[0]) & {ProblemClass.BIN_OVERFLOW}:
        raise UntrueCaptionError
    return _jpeg([before[1], after[1]])


def _camera_health() -> bytes:
    shown = []
    for fault, health in (
        (CameraFault.BLACK, CameraHealth.DARK),
        (CameraFault.BLURRED, CameraHealth.BLURRED),
        (CameraFault.MOVED, CameraHealth.MOVED),
    ):
        scene = _Scene()
        scene.stayed(_NOON, 0.4, ())
        broken = with_fault(scene.picture(_NOON + _LOOKS * _MINUTE, 0.4, ()), fault)
        said, stored = scene.judged(broken)
        if said.camera_health is not health or stored is not None or _present(said):
            raise UntrueCaptionError(fault, said.camera_health)
        shown.append(cv2.resize(broken, None, fx=2 / 3, fy=2 / 3, interpolation=cv2.INTER_AREA))
    return _jpeg([np.asarray(one, dtype=np.uint8) for one in shown])


def _present(said: SnapshotVerdicts) -> set[ProblemClass]:
    return {v.problem_class for v in said.verdicts if v.state is VerdictState.PRESENT}


def _require(said: SnapshotVerdicts, *problems: ProblemClass) -> None:
    if not set(problems) <= _present(said):
        raise UntrueCaptionError(problems, _present(said))


def _with_boxes(picture: Picture, said: SnapshotVerdicts) -> Picture:
    shown = picture.copy()
    height, width = shown.shape[:2]
    for verdict in said.verdicts:
        for x, y, across, down in verdict.boxes:
            corner = (round(x * width), round(y * height))
            other = (round((x + across) * width), round((y + down) * height))
            cv2.rectangle(shown, corner, other, _COLOURS.get(verdict.state, (80, 160, 60)), 2)
    return shown


def _jpeg(panels: Sequence[Picture]) -> bytes:
    gap = np.full((panels[0].shape[0], _GAP_PX, 3), 255, dtype=np.uint8)
    parts = [part for panel in panels for part in (gap, panel)][1:]
    return encode_jpeg(np.hstack(parts), quality=_QUALITY)
