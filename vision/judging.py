"""A camera with its memory: bytes in, verdicts and a masked picture out."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from domain.devices import Camera, Lighting
from domain.records import CameraHealth, SnapshotVerdicts
from vision.camera_setup import CameraSetup, prepare_camera
from vision.judge_snapshot import CameraState, JudgedSnapshot, judge_snapshot
from vision.learned import NOTHING_LEARNED, Learned
from vision.limited_cv2 import Picture
from vision.movers import MoverFinder
from vision.overflow_score import CropClassifier
from vision.persistence import DEFAULT_SNAPSHOTS, is_bare
from vision.picture_input import decode_picture
from vision.quick_look import SETTLED_AFTER, QuietScene, is_all_clear, quiet_scene
from vision.unknown_verdicts import failed_camera


class CameraJudge:
    """Judges the snapshots of one camera, in their order, from one thread.

    ``load_references`` is asked with the first picture, and when pictures come in another size;
    ``learned`` with every picture. With ``quick_looks`` a clean place in which nothing has changed
    is only looked at small. ``finder`` finds people and vehicles; None is OpenCV's HOG; a
    :class:`vision.figure_memory.FigureMemory` belongs to this one camera.
    """

    def __init__(
        self,
        camera: Camera,
        load_references: Callable[[Camera], Mapping[Lighting, Picture]],
        *,
        head: CropClassifier,
        snapshots_needed: int = DEFAULT_SNAPSHOTS,
        learned: Callable[[], Learned] = lambda: NOTHING_LEARNED,
        finder: MoverFinder | None = None,
        quick_looks: bool = False,
    ) -> None:
        self.camera = camera
        self._load_references = load_references
        self._head = head
        self._needed = snapshots_needed
        self.learned = learned
        self._finder = finder
        self._quick_looks = quick_looks
        self._quiet: QuietScene | None = None
        self._quiet_looks = 0
        self._size: tuple[int, int] | None = None
        self._setup: CameraSetup | None = None
        self._state = CameraState()

    def judge(self, raw: bytes) -> tuple[SnapshotVerdicts, bytes | None]:
        """Return verdicts and the masked JPEG, if one is kept; of a quick look it is small.

        Raises :class:`vision.picture_input.UnreadablePictureError`; the memory stays as it was.
        """
        if self._quiet is not None:
            look = self._quiet.seen_again(raw)
            if look is not None:
                self._quiet = look.scene
                return look.values, look.jpeg
        picture = decode_picture(raw)
        setup = self._setup_for(picture)
        judged = judge_snapshot(setup, self._state, picture)
        self._state = judged.state
        if self._quick_looks:
            self._quiet = self._quiet_after(raw, setup, judged)
        return judged.values, None if judged.picture is None else judged.picture.jpeg

    def fail(self, health: CameraHealth) -> SnapshotVerdicts:
        """Return what is said of a camera that gave no picture: everything is unknown."""
        return failed_camera(self.camera, health)

    def _quiet_after(
        self, raw: bytes, setup: CameraSetup, judged: JudgedSnapshot
    ) -> QuietScene | None:
        """Return the scene that a quick look may go on from, None until the place has settled."""
        remembered = judged.state.staying
        # What was put down in this very picture is not told yet: only bare ground is quiet.
        if remembered is None or not is_bare(remembered) or not is_all_clear(judged.values):
            self._quiet_looks = 0
            return None
        self._quiet_looks += 1
        if self._quiet_looks < SETTLED_AFTER or judged.shift is None or judged.passing is None:
            return None
        return quiet_scene(
            raw,
            judged.values,
            watched=setup.masks.watched,
            passing=judged.passing,
            shift=judged.shift,
        )

    def _setup_for(self, picture: Picture) -> CameraSetup:
        size = (picture.shape[1], picture.shape[0])
        if self._setup is None or size != self._size:
            # Another size is another framing: what has stayed there cannot be carried over.
            self._size, self._state = size, CameraState()
            self._setup = prepare_camera(
                self.camera,
                self._load_references(self.camera),
                width_px=size[0],
                height_px=size[1],
                head=self._head,
                snapshots_needed=self._needed,
                finder=self._finder,
            )
        learned = self.learned()
        if (self._setup.normal_logit, self._setup.rejected) != (
            learned.normal_logit,
            learned.rejected,
        ):
            self._setup = replace(
                self._setup, normal_logit=learned.normal_logit, rejected=learned.rejected
            )
        return self._setup
