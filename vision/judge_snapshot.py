"""One snapshot in, verdicts and a masked picture out: the pure core of this part."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.devices import Camera, Lighting
from domain.records import MOST_VERDICTS, CameraHealth, SnapshotVerdicts, Verdict
from vision.alignment import find_shift, is_correctable, set_right
from vision.camera_health import FreezeWatch, health_of, texture_of
from vision.encoding import EncodedPicture, encode_picture
from vision.ground_difference import apply_gains, channel_gains
from vision.limited_cv2 import Picture, bytes_of, cv2
from vision.masking import mask_picture
from vision.overflow_score import OverflowHead, overflow_logit
from vision.persistence import (
    DEFAULT_SNAPSHOTS,
    SeenPixels,
    StayingPixels,
    look_again,
    nothing_yet,
)
from vision.reasons import Reason, reason_of_health
from vision.references import (
    PreparedReference,
    choose_reference,
    grey_of,
    light_of,
    prepare_reference,
    smooth_lab,
)
from vision.unknown_verdicts import all_unknown
from vision.zone_verdicts import BinLook, judge_bin, judge_ground
from vision.zones import ZoneMasks, work_size, zone_masks


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSetup:
    """All that is fixed about a camera, prepared for one size of its pictures."""

    camera: Camera
    masks: ZoneMasks
    references: tuple[PreparedReference, ...]
    head: OverflowHead
    snapshots_needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """What is remembered of a camera from one snapshot to the next.

    ``staying`` belongs to the reference of ``lighting``; another light starts it anew.
    """

    freeze: FreezeWatch = field(default_factory=FreezeWatch)
    staying: StayingPixels | None = None
    lighting: Lighting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSnapshot:
    """Verdicts, the masked picture where one may be kept, and the camera's next state."""

    values: SnapshotVerdicts
    picture: EncodedPicture | None
    state: CameraState


def prepare_camera(
    camera: Camera,
    references: Mapping[Lighting, Picture],
    *,
    width_px: int,
    height_px: int,
    head: OverflowHead,
    snapshots_needed: int = DEFAULT_SNAPSHOTS,
) -> CameraSetup:
    """Prepare a camera whose snapshots have that size; references may have any size."""
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
    )


def judge_snapshot(setup: CameraSetup, state: CameraState, snapshot: Picture) -> JudgedSnapshot:
    """Judge one snapshot: (height, width, 3) uint8 BGR of the size the setup was prepared for.

    Never raises for what a picture shows: what cannot be judged is unknown.
    """
    work = _at_work_size(snapshot, setup)
    grey = grey_of(work)
    freeze = state.freeze.next(grey)
    remembered = replace(state, freeze=freeze)
    reference = choose_reference(light_of(work), setup.references)
    texture = texture_of(grey)
    health = health_of(grey, texture, None if reference is None else reference.texture)
    if health is CameraHealth.OK and freeze.is_frozen:
        health = CameraHealth.FROZEN
    if health is not CameraHealth.OK:
        return _not_judged(setup, remembered, health, reason_of_health(health))
    if reference is None:
        return _not_judged(setup, remembered, health, Reason.NO_REFERENCE)
    shift = find_shift(grey, reference.target)
    if not is_correctable(shift, setup.masks.width_px):
        health = CameraHealth.MOVED
        return _not_judged(setup, remembered, health, reason_of_health(health))
    aligned = set_right(snapshot, shift, setup.masks.width_px)
    if aligned is not snapshot:
        work = _at_work_size(aligned, setup)
    return _judge_against(setup, remembered, reference, aligned, work)


def _judge_against(
    setup: CameraSetup,
    state: CameraState,
    reference: PreparedReference,
    aligned: Picture,
    work: Picture,
) -> JudgedSnapshot:
    """Judge a picture that lies upon the reference, at its own size and at work size."""
    gains = channel_gains(work, reference.thin_picture, setup.masks.watched)
    if gains is None:
        return _not_judged(setup, state, CameraHealth.OK, Reason.LIGHTING_UNLIKE_REFERENCE)
    lit = apply_gains(work, gains)
    staying, seen = _look(setup, state, reference, lit)
    picture = None
    if setup.masks.watched.any():
        picture = encode_picture(mask_picture(aligned, setup.masks.watched, seen.passing))
    return JudgedSnapshot(
        values=SnapshotVerdicts(
            camera_health=CameraHealth.OK,
            verdicts=_verdicts(setup, reference, lit, seen),
            picture_sha256=None if picture is None else picture.sha256,
        ),
        picture=picture,
        state=replace(state, staying=staying, lighting=reference.lighting),
    )


def _look(
    setup: CameraSetup, state: CameraState, reference: PreparedReference, lit: Picture
) -> tuple[StayingPixels, SeenPixels]:
    remembered = state.staying
    if remembered is None or state.lighting is not reference.lighting:
        remembered = nothing_yet(setup.masks.height_px, setup.masks.width_px)
    return look_again(
        remembered,
        smooth_lab(lit),
        reference.smooth_lab,
        setup.masks.watched,
        setup.snapshots_needed,
    )


def _verdicts(
    setup: CameraSetup, reference: PreparedReference, lit: Picture, seen: SeenPixels
) -> tuple[Verdict, ...]:
    verdicts = []
    for bin_zone in setup.masks.bins:
        look = BinLook(
            logit=overflow_logit(lit[bin_zone.crop.slices], setup.head),
            clean_logit=reference.clean_logits[bin_zone.zone.zone_id],
        )
        verdicts.append(judge_bin(bin_zone, seen, look, setup.masks))
    for ground in setup.masks.grounds:
        verdicts.extend(judge_ground(ground, seen, setup.masks))
    return tuple(verdicts[:MOST_VERDICTS])


def _not_judged(
    setup: CameraSetup, state: CameraState, health: CameraHealth, reason: Reason
) -> JudgedSnapshot:
    return JudgedSnapshot(
        values=SnapshotVerdicts(camera_health=health, verdicts=all_unknown(setup.camera, reason)),
        picture=None,
        state=state,
    )


def _at_work_size(picture: Picture, setup: CameraSetup) -> Picture:
    size = (setup.masks.width_px, setup.masks.height_px)
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    return bytes_of(cv2.resize(picture, size, interpolation=_shrinking(picture, size)))


def _shrinking(picture: Picture, size: tuple[int, int]) -> int:
    """Averaging costs four times what interpolation does, and gains nothing below a half."""
    return cv2.INTER_AREA if picture.shape[1] >= 2 * size[0] else cv2.INTER_LINEAR
