"""A clean reference made anew, for a place that a person has just called clean: pure.

The person's word is the occasion, never a verdict: what the camera itself calls clear could drift
by a little waste at a time. Nor is the word enough alone: what the judge calls waste, measured by
the references so far, is in no new one, unless a person has rejected that very detection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from domain.devices import Lighting
from domain.ports.camera_bench import BenchRefusal
from domain.records import CameraHealth, Verdict, VerdictState
from domain.reviews import RejectedSpot
from vision.alignment import Shift, set_right
from vision.bench_messages import PICTURES_TO_RENEW
from vision.camera_setup import CameraSetup
from vision.ground_difference import DIFFERENCE, Blob, lab_distance
from vision.judge_snapshot import CameraState, JudgedSnapshot, judge_snapshot
from vision.limited_cv2 import Mask, Picture, bytes_of, cv2
from vision.local_light import in_local_light
from vision.median import median_picture
from vision.reasons import Reason
from vision.references import PreparedReference, smooth_lab
from vision.rejected import DROPPED_FROM, without_rejected
from vision.tone import apply_tone
from vision.zones import GroundZone

SETTLED = 5
"""The last so many of them make the new reference."""

MOST_CHANGED_GROUND = 0.25
"""Where more of a ground differs from its reference, a technician decides."""

_MOVING_PX = 25
_SOMEBODY = frozenset({Reason.NOT_YET_PERSISTENT, Reason.ZONE_COVERED})
_AS_IT_IS = frozenset({Reason.SEEN_CLEAN, Reason.BIN_NOT_AS_IN_REFERENCE, Reason.REJECTED_BEFORE})
"""A bin with one of these is taken over as it looks now; any other stays as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewedPicture:
    """The reference for that light: (height, width, 3) uint8 BGR, in the light of the one before;
    outside of the zones it is the one before.
    """

    lighting: Lighting
    picture: Picture


class RenewalRefusedError(Exception):
    """No reference may be made of these pictures; ``reason`` is for people to look up."""

    def __init__(self, reason: BenchRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A judged picture that lies upon its reference and in its light; ``small`` at work size, as
    bright as it is compared.
    """

    picture: Picture
    small: Picture
    verdicts: tuple[Verdict, ...]
    pieces: tuple[Blob, ...]


def renewed_picture(
    setup: CameraSetup, references: Mapping[Lighting, Picture], pictures: Sequence[Picture]
) -> RenewedPicture:
    """Return the reference that these pictures give, the oldest first, all of the setup's size.

    ``references`` are those the setup was prepared with. Raises :class:`RenewalRefusedError`.
    """
    if not references:
        raise RenewalRefusedError(BenchRefusal.NO_REFERENCE)
    if len(pictures) < PICTURES_TO_RENEW:
        raise RenewalRefusedError(BenchRefusal.NO_PICTURES)
    setup = replace(setup, rejected=tuple(_once_is_enough(spot) for spot in setup.rejected))
    lighting, looks = _judged(setup, pictures)
    settled = looks[-SETTLED:]
    _refuse_waste(setup, looks)
    now = median_picture([look.small for look in settled])
    reference = next(one for one in setup.references if one.lighting is lighting)
    _refuse_other_ground(setup, reference, now)
    _refuse_movement(setup, now, settled)
    renewed = _what_may_change(setup, settled[-1])
    fresh = median_picture([look.picture for look in settled])
    return RenewedPicture(
        lighting=lighting, picture=_composed(fresh, references[lighting], renewed)
    )


def _judged(setup: CameraSetup, pictures: Sequence[Picture]) -> tuple[Lighting, list[_Look]]:
    """Judge the pictures as the district is watched; refuse where one cannot be compared."""
    state = CameraState()
    looks: list[_Look] = []
    for picture in pictures:
        judged = judge_snapshot(setup, state, picture)
        if judged.values.camera_health is CameraHealth.MOVED:
            raise RenewalRefusedError(BenchRefusal.MOVED)
        if judged.values.camera_health is not CameraHealth.OK:
            raise RenewalRefusedError(BenchRefusal.UNHEALTHY)
        if judged.shift is None or judged.passing is None:
            raise RenewalRefusedError(BenchRefusal.LIGHT_UNLIKE)
        if looks and judged.state.lighting is not state.lighting:
            raise RenewalRefusedError(BenchRefusal.LIGHT_UNLIKE)
        state = judged.state
        looks.append(_look(setup, judged, judged.shift, picture))
    if state.lighting is None:
        raise RenewalRefusedError(BenchRefusal.LIGHT_UNLIKE)
    return state.lighting, looks


def _once_is_enough(spot: RejectedSpot) -> RejectedSpot:
    """A person has said of this very thing that it is no waste."""
    return replace(spot, times=max(spot.times, DROPPED_FROM))


def _look(setup: CameraSetup, judged: JudgedSnapshot, shift: Shift, picture: Picture) -> _Look:
    masks, tone = setup.masks, judged.state.tone
    upon = set_right(picture, shift, masks.width_px)
    small = _resized(upon, masks.width_px, masks.height_px)
    return _Look(
        picture=upon if tone is None else apply_tone(upon, tone.as_taken),
        small=small if tone is None else apply_tone(small, tone),
        verdicts=judged.values.verdicts,
        pieces=judged.pieces,
    )


def _rejected_bins(setup: CameraSetup) -> frozenset[str]:
    return frozenset(spot.zone_id for spot in setup.rejected if spot.frame is None)


def _refuse_waste(setup: CameraSetup, looks: Sequence[_Look]) -> None:
    """Refuse where any picture shows waste that nobody has rejected."""
    rejected_bins = _rejected_bins(setup)
    for look in looks:
        for verdict in look.verdicts:
            if verdict.state is VerdictState.PRESENT and verdict.zone_id not in rejected_bins:
                raise RenewalRefusedError(BenchRefusal.WASTE_SEEN)


def _refuse_other_ground(setup: CameraSetup, reference: PreparedReference, now: Picture) -> None:
    """Refuse where too much of a ground looks otherwise, beyond what shadows explain."""
    light = in_local_light(smooth_lab(now), reference.smooth_lab, setup.masks.watched, now)
    differs = lab_distance(light.look, reference.smooth_lab) > DIFFERENCE
    for ground in setup.masks.grounds:
        if np.count_nonzero(differs & ground.mask) > MOST_CHANGED_GROUND * ground.pixels:
            raise RenewalRefusedError(BenchRefusal.TOO_DIFFERENT)


def _refuse_movement(setup: CameraSetup, now: Picture, settled: Sequence[_Look]) -> None:
    """Refuse where somebody moves, or stands: the pictures differ, or their verdicts wait."""
    middle = smooth_lab(now)
    for look in settled:
        moved = (lab_distance(smooth_lab(look.small), middle) > DIFFERENCE) & setup.masks.watched
        if np.count_nonzero(moved) >= _MOVING_PX:
            raise RenewalRefusedError(BenchRefusal.SOMEBODY_THERE)
        if any(_SOMEBODY.intersection(verdict.reasons) for verdict in look.verdicts):
            raise RenewalRefusedError(BenchRefusal.SOMEBODY_THERE)


def _what_may_change(setup: CameraSetup, look: _Look) -> Mask:
    """Return what is taken over: the ground but for what lies there, too little for a verdict, and
    the bins that are beyond doubt; (height, width) bool at work size. Refuses where no zone is
    clear by the references so far, or by people's word.
    """
    verdicts, rejected_bins = look.verdicts, _rejected_bins(setup)
    taken = np.zeros_like(setup.masks.watched)
    certain = False
    for ground in setup.masks.grounds:
        taken |= _without_pieces(setup, ground, look.pieces)
        said = [one for one in verdicts if one.zone_id == ground.zone.zone_id]
        certain |= all(
            one.state is VerdictState.CLEAR or Reason.REJECTED_BEFORE in one.reasons for one in said
        )
    for bin_zone in setup.masks.bins:
        said = [one for one in verdicts if one.zone_id == bin_zone.zone.zone_id]
        certain |= all(one.state is VerdictState.CLEAR for one in said)
        if bin_zone.zone.zone_id in rejected_bins or all(
            _AS_IT_IS.issuperset(one.reasons) for one in said
        ):
            taken[bin_zone.crop.slices] |= bin_zone.whole
    if not certain:
        raise RenewalRefusedError(BenchRefusal.NOT_CLEAR)
    return taken


def _without_pieces(setup: CameraSetup, ground: GroundZone, pieces: Sequence[Blob]) -> Mask:
    """Return the ground without the frames of what lies there and nobody has rejected."""
    left = without_rejected(
        pieces,
        setup.rejected,
        zone_id=ground.zone.zone_id,
        width_px=setup.masks.width_px,
        height_px=setup.masks.height_px,
    )
    free = ground.mask.copy()
    for piece in left.counted:
        x, y, width, height = piece.box
        free[max(0, y - 1) : y + height + 1, max(0, x - 1) : x + width + 1] = False
    return free


def _composed(fresh: Picture, before: Picture, renewed: Mask) -> Picture:
    """Return ``fresh`` where it is taken over, the reference before everywhere else."""
    height, width = fresh.shape[:2]
    result = _resized(before, width, height).copy()
    whole = cv2.resize(
        renewed.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    ).astype(np.bool_)
    result[whole] = fresh[whole]
    return bytes_of(result)


def _resized(picture: Picture, width_px: int, height_px: int) -> Picture:
    if (picture.shape[1], picture.shape[0]) == (width_px, height_px):
        return picture
    return bytes_of(cv2.resize(picture, (width_px, height_px), interpolation=cv2.INTER_AREA))
