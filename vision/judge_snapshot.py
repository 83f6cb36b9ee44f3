"""One snapshot in, verdicts and a masked picture out: the pure core of this part."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from domain.devices import Lighting
from domain.records import MOST_VERDICTS, CameraHealth, SnapshotVerdicts, Verdict
from vision.alignment import Shift, find_shift, is_correctable, set_right, within_view
from vision.camera_health import FreezeWatch, health_of, texture_of
from vision.camera_setup import CameraSetup
from vision.encoding import EncodedPicture, encode_picture
from vision.figure_memory import FigureMemory
from vision.ground_difference import Blob, find_blobs, join_pieces
from vision.left_things import ThingMemory, sort_out
from vision.lens import LensWatch, lens_view
from vision.limited_cv2 import Mask, Picture, bytes_of, cv2
from vision.local_light import in_local_light
from vision.masking import mask_picture
from vision.overflow_score import head_can_tip, overflow_logit
from vision.persistence import (
    SeenPixels,
    StayingPixels,
    look_again,
    nothing_yet,
)
from vision.piles import bags_put_down, no_bags_yet, piles_marked
from vision.reasons import Reason, reason_of_health
from vision.references import (
    PreparedReference,
    choose_reference,
    grey_of,
    light_of,
    smooth_lab,
)
from vision.rejected import needed_for_a_bin, without_rejected
from vision.surroundings import Compared
from vision.tone import Tone, apply_tone, blown_out, tone_between
from vision.unknown_verdicts import all_unknown
from vision.zone_verdicts import PRESENT_FROM, BinLook, judge_bin, judge_ground, rim_share_of
from vision.zones import BinZone

_DIM_GAIN, _PALER = 2.0, 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """What is remembered of a camera from one snapshot to the next.

    ``staying`` and ``things`` belong to the reference of ``lighting``; another light starts them
    anew. ``bags`` is where bags were put down one by one, in any light; ``tone`` brought the last
    snapshot to its reference's light.
    """

    freeze: FreezeWatch = field(default_factory=FreezeWatch)
    lens: LensWatch = field(default_factory=LensWatch)
    staying: StayingPixels | None = None
    things: ThingMemory = field(default_factory=ThingMemory)
    bags: Mask | None = None
    lighting: Lighting | None = None
    tone: Tone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSnapshot:
    """Verdicts, the masked picture where one may be kept, and the camera's next state.

    ``pieces``: everything that lies on the ground and has stayed, at work size, also what is too
    little for a verdict; ``passing``: what is hidden for not having stayed, (height, width) bool at
    work size, and ``shift`` what set the picture right, both None where nothing was compared.
    """

    values: SnapshotVerdicts
    picture: EncodedPicture | None
    state: CameraState
    pieces: tuple[Blob, ...] = ()
    passing: Mask | None = None
    shift: Shift | None = None


def judge_snapshot(setup: CameraSetup, state: CameraState, snapshot: Picture) -> JudgedSnapshot:
    """Judge one snapshot: (height, width, 3) uint8 BGR of the size the setup was prepared for.

    Never raises for what a picture shows: what cannot be judged is unknown.
    """
    work = _at_work_size(snapshot, setup)
    grey = grey_of(work)
    freeze = state.freeze.next(grey)
    remembered = replace(state, freeze=freeze)
    reference = choose_reference(work, setup.references, state.lighting)
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
        # Parts of another view may look smeared: the lens is told by what lies upon the reference.
        health = CameraHealth.MOVED
        return _not_judged(setup, remembered, health, reason_of_health(health))
    remembered = replace(remembered, lens=state.lens.next(lens_view(grey), reference.lens))
    if remembered.lens.is_smeared:
        health = CameraHealth.BLURRED
        return _not_judged(setup, remembered, health, reason_of_health(health))
    aligned = set_right(snapshot, shift, setup.masks.width_px)
    if aligned is not snapshot:
        work = _at_work_size(aligned, setup)
    in_view = within_view(shift, work)
    judged = _judge_against(setup, remembered, reference, aligned, work, in_view)
    return replace(judged, shift=shift)


def _judge_against(
    setup: CameraSetup,
    state: CameraState,
    reference: PreparedReference,
    aligned: Picture,
    work: Picture,
    in_view: Mask | None,
) -> JudgedSnapshot:
    """Judge a picture that lies upon the reference, at its own size and at work size."""
    same = state.lighting is reference.lighting
    tone = tone_between(
        work,
        reference.thin_picture,
        setup.masks.watched,
        state.tone if same else None,
        lift=reference.lift,
    )
    if tone is None:
        return _not_judged(setup, state, CameraHealth.OK, Reason.LIGHTING_UNLIKE_REFERENCE)
    lit = apply_tone(work, tone)
    if isinstance(setup.finder, FigureMemory):
        setup.finder.begin(lit, reference.lighting, reference.smooth_lab)
    blown = blown_out(work, lit, reference.smooth_lab, tone)
    staying, things, seen = _look(
        setup,
        state,
        reference,
        lit,
        colours_lost=_colours_lost(work, tone.gains, reference),
        blown=blown,
        in_view=in_view,
    )
    # Where nothing could be compared somebody may be: it is hidden in the picture.
    hidden = seen.passing
    for untold in (blown, None if in_view is None else ~in_view):
        hidden = hidden if untold is None else hidden | untold
    bags, pieces = _pieces(setup, state, seen)
    picture = None
    if setup.masks.watched.any():
        picture = encode_picture(mask_picture(aligned, setup.masks.watched, hidden))
    return JudgedSnapshot(
        values=SnapshotVerdicts(
            camera_health=CameraHealth.OK,
            verdicts=_verdicts(setup, reference, lit, seen, pieces),
            picture_sha256=None if picture is None else picture.sha256,
        ),
        picture=picture,
        state=replace(
            state,
            staying=staying,
            things=things,
            bags=bags,
            lighting=reference.lighting,
            tone=tone,
        ),
        pieces=tuple(piece for on_ground in pieces for piece in on_ground),
        passing=hidden,
    )


def _pieces(
    setup: CameraSetup, state: CameraState, seen: SeenPixels
) -> tuple[Mask, list[tuple[Blob, ...]]]:
    """Return where bags were put down, and the pieces on each ground."""
    before = state.bags
    if before is None:
        before = no_bags_yet(setup.masks.height_px, setup.masks.width_px)
    bags = bags_put_down(before, seen, setup.masks.grounds)
    whole = join_pieces(seen.staying)
    return bags, [
        piles_marked(find_blobs(whole, ground, setup.masks.bins), seen.staying, bags)
        for ground in setup.masks.grounds
    ]


def _colours_lost(work: Picture, gains: NDArray[np.float64], reference: PreparedReference) -> bool:
    """Whether the picture is so dark or pale beside its reference that colours mean nothing."""
    pale = light_of(work).saturation * _PALER < reference.light.saturation
    return pale or float(gains.max()) > _DIM_GAIN


def _look(
    setup: CameraSetup,
    state: CameraState,
    reference: PreparedReference,
    lit: Picture,
    *,
    colours_lost: bool,
    blown: Mask | None,
    in_view: Mask | None,
) -> tuple[StayingPixels, ThingMemory, SeenPixels]:
    """Compare with the reference; where the light takes the colours away, only in lightness."""
    remembered, things = state.staying, state.things
    if remembered is None or state.lighting is not reference.lighting:
        remembered = nothing_yet(setup.masks.height_px, setup.masks.width_px)
        things = ThingMemory()
    look = smooth_lab(lit)
    if colours_lost:
        look[..., 1:] = reference.smooth_lab[..., 1:]
    clean = reference.smooth_lab
    if blown is not None:
        # It makes nothing new; what lay there before still does.
        untold = blown & (remembered.snapshots == 0)
        look[untold] = clean[untold]
    watched = setup.masks.watched if in_view is None else setup.masks.watched & in_view
    light = in_local_light(look, clean, watched, lit)
    uncertain = light.uncertain if in_view is None else light.uncertain | ~in_view
    staying, seen = look_again(
        remembered, light.look, clean, watched, setup.snapshots_needed, uncertain
    )
    seen, things = sort_out(
        replace(seen, passing=(seen.passing | light.differed) & ~seen.staying, lit=light.lit),
        things,
        shade=light.shade,
        compared=Compared(picture=lit, look=look, clean=clean),
        finder=setup.finder,
    )
    return staying, things, seen


def _verdicts(
    setup: CameraSetup,
    reference: PreparedReference,
    lit: Picture,
    seen: SeenPixels,
    pieces: Sequence[tuple[Blob, ...]],
) -> tuple[Verdict, ...]:
    verdicts = []
    for bin_zone in setup.masks.bins:
        look = _look_at_bin(setup, reference, lit, seen, bin_zone)
        needed = needed_for_a_bin(PRESENT_FROM, setup.rejected, bin_zone.zone.zone_id)
        verdicts.append(judge_bin(bin_zone, seen, look, setup.masks, present_from=needed))
    for ground, blobs in zip(setup.masks.grounds, pieces, strict=True):
        left = without_rejected(
            blobs,
            setup.rejected,
            zone_id=ground.zone.zone_id,
            width_px=setup.masks.width_px,
            height_px=setup.masks.height_px,
        )
        verdicts.extend(judge_ground(ground, seen, setup.masks, left.counted, dropped=left.dropped))
    return tuple(verdicts[:MOST_VERDICTS])


def _look_at_bin(
    setup: CameraSetup,
    reference: PreparedReference,
    lit: Picture,
    seen: SeenPixels,
    bin_zone: BinZone,
) -> BinLook:
    """Ask the head; one that is slow only where it can change the verdict."""
    if not setup.head.is_quick and not head_can_tip(rim_share_of(bin_zone, seen)):
        return BinLook(logit=0.0, clean_logit=0.0)
    clean_logit = setup.normal_logit
    if clean_logit is None:
        clean_logit = reference.clean_logits[bin_zone.zone.zone_id]
    return BinLook(
        logit=overflow_logit(lit[bin_zone.crop.slices], setup.head), clean_logit=clean_logit
    )


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
