"""Judges an archive of pictures again: ``ARCHIVE/CAMERA/*.jpg`` in the order of their names.

Each camera's pictures are cut into segments; a segment is judged by one limited process, behind a
few pictures that only remind the judge of what has stayed. So a result does not depend on how many
processes there are, and a run that was ended goes on with the segments that are not there yet.
"""

import os
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from domain.devices import Camera
from vision.process_limits import child_command, child_environment

_log = structlog.get_logger()

SEGMENT, REMINDER = 500, 16
PICTURE_PATIENCE_S = 5.0
_ENDINGS = frozenset({".jpg", ".jpeg", ".png"})


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Some pictures of one camera. The first ``reminders`` are judged but not told."""

    camera: Camera
    references_folder: str
    overflow_network: bool
    pictures: tuple[str, ...]
    reminders: int
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is; counts are of pictures, ``failed`` of segments whose process died."""

    done: int
    of: int
    failed: int


def segments_of(
    archive: Path,
    out: Path,
    cameras: Sequence[Camera],
    *,
    references_folder: Path,
    overflow_network: bool,
    length: int = SEGMENT,
) -> list[Segment]:
    """Return every segment, of at most ``length`` pictures, of the cameras that the archive has a
    folder of.
    """
    found = []
    for camera in cameras:
        folder = archive / camera.device_id
        if not folder.is_dir():
            continue
        pictures = sorted(str(path) for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)
        for start in range(0, len(pictures), length):
            first = max(0, start - REMINDER)
            found.append(
                Segment(
                    camera=camera,
                    references_folder=str(references_folder),
                    overflow_network=overflow_network,
                    pictures=tuple(pictures[first : start + length]),
                    reminders=start - first,
                    result=str(out / camera.device_id / f"{start // length:06d}.jsonl"),
                )
            )
    return found


def rescore(
    segments: Sequence[Segment], *, workers: int, on_progress: Callable[[Progress], None]
) -> Progress:
    """Judge the segments that have no result yet, so many at once; return how it ended."""
    of = sum(_told(segment) for segment in segments)
    waiting = [segment for segment in segments if not Path(segment.result).exists()]
    progress = Progress(done=of - sum(_told(one) for one in waiting), of=of, failed=0)
    on_progress(progress)
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        turns = {pool.submit(_judge, segment): segment for segment in waiting}
        for turn in as_completed(turns):
            is_done = turn.result()
            progress = Progress(
                done=progress.done + (_told(turns[turn]) if is_done else 0),
                of=of,
                failed=progress.failed + (0 if is_done else 1),
            )
            on_progress(progress)
    return progress


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def _told(segment: Segment) -> int:
    return len(segment.pictures) - segment.reminders


def _judge(segment: Segment) -> bool:
    try:
        done = subprocess.run(  # noqa: S603  our own module, fixed arguments
            child_command("vision.rescore_process"),
            input=msgspec.msgpack.encode(segment),
            stdout=subprocess.DEVNULL,
            env=child_environment(),
            timeout=60.0 + PICTURE_PATIENCE_S * len(segment.pictures),
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        _log.error("rescore_segment_failed", result=segment.result, error=str(error))
        return False
    if done.returncode != 0:
        _log.error("rescore_segment_failed", result=segment.result, exit_code=done.returncode)
        return False
    return True
