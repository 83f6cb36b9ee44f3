"""``huanwei vision train | rescore | zones``: their errors are told as what stands in the way."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import msgspec

from domain.calibration import CameraCalibration, UnknownCameraError
from domain.cases import Actor
from domain.checks import InvalidValueError
from huanwei.business_clock import SystemClock
from huanwei.camera_work import registry_editor
from huanwei.errors import StandsInTheWayError
from huanwei.run_files import PICTURES, REVIEWS
from huanwei.run_stores import registry_of
from huanwei.settings import Settings
from storage.picture_folder import PictureFolder
from vision.calibration_folder import CalibrationFolder
from vision.overflow_network import RUN_HEAD, run_overflow_network
from vision.rescore import Progress, rescore, segments_of, usable_cores
from vision.review_file import read_reviews
from vision.training.district_head import train_head, write_head
from vision.training.overflow_examples import (
    UnusableExamplesError,
    folder_examples,
    review_examples,
)


class VisionWorkError(StandsInTheWayError):
    """A folder, a camera or a file that cannot be used. The text says which and why."""


def train(
    settings: Settings, folder: Path, *, with_reviews: bool, out: Path | None
) -> tuple[dict[str, object], bool]:
    """Train a head; return the report, and whether the head was written."""
    run = settings.run
    present = run_overflow_network(run.references)
    try:
        examples = folder_examples(folder)
        if with_reviews:
            pictures = PictureFolder(run.data / PICTURES)
            examples += review_examples(read_reviews(run.data / REVIEWS), pictures.get)
        source = f"{folder.name}{' and reviews' if with_reviews else ''}"
        trained = train_head(
            examples, present.network, present.head, source=source, must_compare=out is None
        )
    except (UnusableExamplesError, OSError) as error:
        raise VisionWorkError(str(error)) from error
    comparison = trained.comparison
    keeps_old = comparison is None or comparison.keeps_old
    target = out or run.references / RUN_HEAD
    is_written = out is not None or not keeps_old
    if is_written:
        write_head(target, trained)
    compared = None
    if comparison is not None:
        compared = {name: round(value, 4) for name, value in asdict(comparison).items()}
    return {
        "written": str(target) if is_written else None,
        "kept_the_present_head": keeps_old,
        "left_out_groups": msgspec.to_builtins(trained.head.provenance),
        "beside_the_present_head": compared,
        "present_head_pictures_known": bool(present.head.trained_on),
    }, is_written


def rescore_archive(
    settings: Settings,
    archive: Path,
    out: Path,
    *,
    workers: int | None,
    on_progress: Callable[[Progress], None],
) -> Progress:
    """Judge an archive again with the cameras as they are set up now."""
    registry = registry_of(settings, SystemClock()).current()
    if not archive.is_dir():
        msg = f"{archive}: no such folder"
        raise VisionWorkError(msg)
    segments = segments_of(
        archive,
        out,
        tuple(registry.cameras.values()),
        references_folder=settings.run.references,
        overflow_network=settings.edge.overflow_network,
    )
    if not segments:
        msg = f"{archive}: no folder of a camera of the registry with pictures in it"
        raise VisionWorkError(msg)
    return rescore(segments, workers=workers or usable_cores(), on_progress=on_progress)


def export_zones(settings: Settings, camera_id: str) -> bytes:
    """Return a camera's calibration as JSON, in the form that :func:`import_zones` takes."""
    try:
        current = _calibrations(settings).current(camera_id)
    except UnknownCameraError as error:
        raise VisionWorkError(_unknown(camera_id)) from error
    return msgspec.json.format(msgspec.json.encode(current), indent=1) + b"\n"


def import_zones(settings: Settings, camera_id: str, raw: bytes, *, note: str) -> int:
    """Put a calibration in force as a new version; return its number."""
    try:
        calibration = msgspec.json.decode(raw, type=CameraCalibration)
        version = _calibrations(settings).save(
            camera_id,
            calibration,
            saved_by=Actor.OPERATOR,
            saved_at=SystemClock().now(),
            note=note,
        )
    except UnknownCameraError as error:
        raise VisionWorkError(_unknown(camera_id)) from error
    except (msgspec.DecodeError, InvalidValueError) as error:
        raise VisionWorkError(str(error)) from error
    return version.number


def _unknown(camera_id: str) -> str:
    return f"the registry has no camera {camera_id[:40]!r}"


def _calibrations(settings: Settings) -> CalibrationFolder:
    clock = SystemClock()
    editor, _ = registry_editor(settings, clock)
    return CalibrationFolder(
        folder=settings.run.references, registry=registry_of(settings, clock), editor=editor
    )
