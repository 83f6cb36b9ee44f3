"""What is fixed about a camera, made ready once for judging its snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.devices import Camera, Lighting
from domain.reviews import RejectedSpot
from vision.limited_cv2 import Picture
from vision.movers import MoverFinder, people_by_hog
from vision.overflow_score import CropClassifier
from vision.persistence import DEFAULT_SNAPSHOTS
from vision.references import PreparedReference, prepare_reference
from vision.zones import ZoneMasks, work_size, zone_masks


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSetup:
    """All that is fixed about a camera, prepared for one size of its pictures.

    ``normal_logit``: the head's log odds above which a bin of this camera is not normal, where it
    is calibrated; ``rejected`` is where people have rejected detections.
    """

    camera: Camera
    masks: ZoneMasks
    references: tuple[PreparedReference, ...]
    head: CropClassifier
    snapshots_needed: int
    finder: MoverFinder | None
    normal_logit: float | None = None
    rejected: tuple[RejectedSpot, ...] = ()


def prepare_camera(
    camera: Camera,
    references: Mapping[Lighting, Picture],
    *,
    width_px: int,
    height_px: int,
    head: CropClassifier,
    snapshots_needed: int = DEFAULT_SNAPSHOTS,
    finder: MoverFinder | None = None,
) -> CameraSetup:
    """Prepare a camera whose snapshots have that size; references may have any size.

    ``finder`` finds people and vehicles; None is OpenCV's HOG for people. A figure memory is told
    of every picture before it is asked.
    """
    masks = zone_masks(camera, *work_size(width_px, height_px))
    return CameraSetup(
        camera=camera,
        masks=masks,
        references=tuple(
            prepare_reference(lighting, picture, masks, head)
            for lighting, picture in references.items()
        ),
        head=head,
        snapshots_needed=snapshots_needed,
        finder=finder or people_by_hog(),
    )
