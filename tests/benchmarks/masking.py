"""How much of people and vehicles stays visible in the pictures that are kept of a camera.

Two measures, each with the whole picture as watched ground, the worst case: people that OpenCV's
HOG finds in the unmasked snapshots of clips (it misses those who are small, bent or half hidden,
and so does the measure), and all that moves by the masks that people drew (CDnet "highway").
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from domain.devices import Camera, Lighting, Zone, ZoneKind
from vision.camera_setup import prepare_camera
from vision.evaluation.clips import WHOLE_PICTURE, Clip, snapshots_of
from vision.judge_snapshot import CameraState, judge_snapshot
from vision.limited_cv2 import Mask, Picture, bytes_of, cv2
from vision.masking import pixelate
from vision.overflow_score import shipped_head
from vision.photo_process import find_people

_DIFFERS = 25
_BLOCKS_TELL = 30
"""Only where blocks would look different can one say whether there are blocks."""
_SHARP = 20
_SHOWN_FROM = 0.25
"""A figure counts as left visible when so much of it is sharp."""


@dataclass
class Visible:
    """Pixels and figures of those who should not be seen, and how many of them are sharp; beside
    them, as a control, what looks like the reference and should be seen.
    """

    snapshots: int = 0
    without_picture: int = 0
    pixels: int = 0
    sharp_pixels: int = 0
    figures: int = 0
    sharp_figures: int = 0
    still_pixels: int = 0
    sharp_still_pixels: int = 0

    def add(self, figure: Mask, sharp: Mask, told: Mask) -> None:
        """Add one figure, or all that moves in one snapshot."""
        pixels = int(np.count_nonzero(figure & told))
        if not pixels:
            return
        seen = int(np.count_nonzero(figure & sharp))
        self.pixels += pixels
        self.sharp_pixels += seen
        self.figures += 1
        self.sharp_figures += seen >= _SHOWN_FROM * pixels

    def add_still(self, still: Mask, sharp: Mask, told: Mask) -> None:
        """Add what looks like the reference in one snapshot."""
        self.still_pixels += int(np.count_nonzero(still & told))
        self.sharp_still_pixels += int(np.count_nonzero(still & sharp))

    def row(self, name: str) -> str:
        """Return a line of the table."""
        share = self.sharp_pixels / self.pixels if self.pixels else 0.0
        still = self.sharp_still_pixels / self.still_pixels if self.still_pixels else 0.0
        return (
            f"{name} | {self.snapshots} | {self.without_picture} | {self.figures} | "
            f"{self.sharp_figures} | {self.pixels} | {share:.2%} | {still:.0%}"
        )


def print_masking(clips: tuple[Clip, ...], folder: Path) -> None:
    """Print how much is left visible in each clip, and in the annotated pictures if there are."""
    print("\n## What stays visible of people and of what moves, all of the picture watched\n")
    print(
        "pictures | snapshots | none kept | figures | left visible | their pixels | sharp"
        " | ground sharp"
    )
    for clip in clips:
        print(_people_in(clip).row(f"{clip.name}, people by HOG"), flush=True)
    annotated = folder / "fixed_camera" / "highway"
    if annotated.exists():
        print(_movers_in(annotated).row("highway, all that moves by hand-drawn masks"), flush=True)


def _people_in(clip: Clip) -> Visible:
    reference, snapshots = snapshots_of(replace(clip, roi=WHOLE_PICTURE))
    found = Visible()
    for picture, kept in _kept(reference, (picture for _, picture in snapshots)):
        found.snapshots += 1
        if kept is None:
            found.without_picture += 1
            continue
        differs = np.asarray(cv2.absdiff(picture, reference)).max(axis=2) > _DIFFERS
        sharp, told = _sharp(picture, kept)
        found.add_still(~differs, sharp, told)
        for x, y, width, height in find_people(picture):
            box = np.zeros(differs.shape, dtype=np.bool_)
            box[max(0, y) : y + height, max(0, x) : x + width] = True
            found.add(box & differs, sharp, told)
    return found


def _movers_in(folder: Path) -> Visible:
    names = sorted(path.stem for path in (folder / "input").iterdir())
    pictures = [_read(next((folder / "input").glob(f"{name}.*"))) for name in names]
    reference = np.median(np.stack(pictures), axis=0).astype(np.uint8)
    truths = sorted((folder / "truth").iterdir())
    found = Visible()
    for truth, (picture, kept) in zip(truths, _kept(reference, pictures), strict=True):
        found.snapshots += 1
        if kept is None:
            found.without_picture += 1
            continue
        moving = bytes_of(cv2.imread(str(truth), cv2.IMREAD_GRAYSCALE)) == 255
        sharp, told = _sharp(picture, kept)
        found.add_still(~moving, sharp, told)
        count, labels = cv2.connectedComponents(np.ascontiguousarray(moving).view(np.uint8))
        for label in range(1, count):
            found.add(np.asarray(labels == label), sharp, told)
    return found


def _kept(
    reference: Picture, pictures: Iterable[Picture]
) -> Iterable[tuple[Picture, Picture | None]]:
    """Yield each snapshot with what is kept of it, None where nothing is."""
    height, width = reference.shape[:2]
    camera = Camera(
        device_id="clip",
        place_id="clip",
        gateway_id="clip",
        snapshot_url="http://clip.invalid/snapshot.jpg",
        snapshot_interval_s=1,
        zones=(Zone(zone_id="ground", kind=ZoneKind.GROUND, polygon=WHOLE_PICTURE),),
        sign_posted=False,
        legal_basis="a recorded clip",
    )
    setup = prepare_camera(
        camera, {Lighting.DAY: reference}, width_px=width, height_px=height, head=shipped_head()
    )
    state = CameraState()
    for picture in pictures:
        judged = judge_snapshot(setup, state, picture)
        state = judged.state
        coded = None if judged.picture is None else np.frombuffer(judged.picture.jpeg, np.uint8)
        yield picture, None if coded is None else bytes_of(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def _sharp(picture: Picture, kept: Picture) -> tuple[Mask, Mask]:
    """Return where the kept picture shows the snapshot itself, and where one can tell."""
    told = np.asarray(cv2.absdiff(picture, pixelate(picture))).max(axis=2) > _BLOCKS_TELL
    same = np.asarray(cv2.absdiff(picture, kept)).max(axis=2) < _SHARP
    return told & same, told


def _read(path: Path) -> Picture:
    return bytes_of(cv2.imread(str(path), cv2.IMREAD_COLOR))
