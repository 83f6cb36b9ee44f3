"""Clips of fixed cameras with known left objects: the file that lists them, and their pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import msgspec

from domain.checks import InvalidValueError
from domain.places import Polygon, polygon_of
from vision.alignment import Shift, alignment_target, find_shift, is_correctable, set_right
from vision.limited_cv2 import Picture, Plane, bytes_of, cv2
from vision.median import median_picture
from vision.references import grey_of
from vision.zones import work_size

_MOST_EVENTS_BYTES = 8 * 1024 * 1024
_SLOWEST_FPS, _FASTEST_FPS = 0.1, 1000.0
_REFERENCE_FRAMES = 31
"""A median of so many frames spread over the clean range; more change nothing one can see."""

WHOLE_PICTURE: Polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


class UnusableClipError(Exception):
    """The list of clips, or a clip, cannot be evaluated. The text says which and why."""


class LeftObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object that lies there from frame ``start`` to ``end``; ``box`` is (x, y, width, height)
    in native pixels.
    """

    start: int
    end: int
    box: tuple[float, float, float, float]


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    fps: float
    clean_frames: tuple[int, int]
    roi: list[tuple[float, float]] | None = None
    events: list[LeftObject] | None = None


class _EventsFile(msgspec.Struct, frozen=True, kw_only=True):
    videos: dict[str, _Listed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A clip: frames ``clean_from`` to ``clean_to`` hold no left object; ``roi`` is the ground."""

    name: str
    path: Path
    fps: float
    clean_from: int
    clean_to: int
    roi: Polygon
    objects: tuple[LeftObject, ...]

    @property
    def reference_to(self) -> int:
        """The frame before which the clean reference is taken: half of the clean range."""
        return self.clean_from + max(1, (self.clean_to - self.clean_from) // 2)


def load_clips(path: Path) -> tuple[Clip, ...]:
    """Read a list of clips; they lie beside it. Raises :class:`UnusableClipError`."""
    try:
        raw = path.read_bytes()
        if len(raw) > _MOST_EVENTS_BYTES:
            msg = f"{path}: larger than {_MOST_EVENTS_BYTES} bytes"
            raise UnusableClipError(msg)
        listed = msgspec.json.decode(raw, type=_EventsFile)
        if not listed.videos:
            msg = f"{path}: lists no clip"
            raise UnusableClipError(msg)
        return tuple(_clip(path.parent, name, clip) for name, clip in listed.videos.items())
    except (OSError, msgspec.DecodeError, InvalidValueError) as error:
        msg = f"{path}: {error}"
        raise UnusableClipError(msg) from error


def _clip(folder: Path, name: str, listed: _Listed) -> Clip:
    clean_from, clean_to = listed.clean_frames
    if not (_SLOWEST_FPS <= listed.fps <= _FASTEST_FPS and 0 <= clean_from < clean_to):
        msg = f"{name}: fps {listed.fps} or clean_frames {listed.clean_frames} make no sense"
        raise UnusableClipError(msg)
    for truth in listed.events or ():
        if truth.start > truth.end or min(truth.box[2:]) <= 0:
            msg = (
                f"{name}: an object from {truth.start} to {truth.end} at {truth.box} makes no sense"
            )
            raise UnusableClipError(msg)
    return Clip(
        name=name,
        path=folder / name,
        fps=listed.fps,
        clean_from=clean_from,
        clean_to=clean_to,
        roi=polygon_of("roi", tuple(listed.roi)) if listed.roi else WHOLE_PICTURE,
        objects=tuple(listed.events or ()),
    )


def frames_of(clip: Clip) -> Iterator[tuple[int, Picture]]:
    """Yield (index, (height, width, 3) uint8) of every frame; raise where there is none."""
    capture = cv2.VideoCapture(str(clip.path))
    try:
        number = 0
        while True:
            read, frame = capture.read()
            if not read:
                break
            yield number, bytes_of(frame)
            number += 1
    finally:
        capture.release()
    if number == 0:
        msg = f"{clip.path}: no frame can be read"
        raise UnusableClipError(msg)


def snapshots_of(clip: Clip, every_s: float = 1.0) -> tuple[Picture, Iterator[tuple[int, Picture]]]:
    """Return the clean reference, and (index, picture) of one snapshot every ``every_s`` from the
    end of the reference's frames on, read as they are asked for: clips may be long and large.
    """
    spread = max(1, (clip.reference_to - clip.clean_from) // _REFERENCE_FRAMES)
    frames = frames_of(clip)
    clean: list[Picture] = []
    for number, frame in frames:
        if number >= clip.reference_to:
            break
        if number >= clip.clean_from and (number - clip.clean_from) % spread == 0:
            clean.append(frame)
    else:
        msg = f"{clip.path}: ends before frame {clip.reference_to}, half of its clean frames"
        raise UnusableClipError(msg)
    step = max(1.0, clip.fps * every_s)
    return clean_reference(clean), _every(chain([(number, frame)], frames), step)


def _every(frames: Iterator[tuple[int, Picture]], step: float) -> Iterator[tuple[int, Picture]]:
    due: float | None = None
    for number, frame in frames:
        if due is None or number >= due:
            due = (number if due is None else due) + step
            yield number, frame


def clean_reference(frames: Sequence[Picture]) -> Picture:
    """Return the median of frames of one size, laid upon each other: where a camera shakes, a plain
    median is a blurred picture that no snapshot looks like.
    """
    plain = median_picture(frames)
    height, width = plain.shape[:2]
    target = alignment_target(_grey_at_work_size(plain))
    work_width = work_size(width, height)[0]
    shifts = [find_shift(_grey_at_work_size(frame), target) for frame in frames]
    if not any(_is_shaken(shift, work_width) for shift in shifts):
        return plain
    laid = [
        set_right(frame, shift, work_width) if is_correctable(shift, work_width) else frame
        for frame, shift in zip(frames, shifts, strict=True)
    ]
    return median_picture(laid)


def _grey_at_work_size(picture: Picture) -> Plane:
    size = work_size(picture.shape[1], picture.shape[0])
    return grey_of(bytes_of(cv2.resize(picture, size, interpolation=cv2.INTER_AREA)))


def _is_shaken(shift: Shift, work_width: int) -> bool:
    return is_correctable(shift, work_width) and max(abs(shift.dx_px), abs(shift.dy_px)) >= 1.0
