"""From what differs and has stayed to one verdict per zone and problem class."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from domain.problems import ProblemClass
from domain.records import MOST_BOXES, Verdict, VerdictState
from vision.ground_difference import Blob, class_of, class_scores, join_pieces
from vision.limited_cv2 import Mask
from vision.overflow_score import RIM_HALF, combined_score
from vision.persistence import SeenPixels
from vision.reasons import Reason
from vision.unknown_verdicts import GROUND_ZONE_CLASSES, unknown
from vision.zones import BinZone, Box, GroundZone, ZoneMasks

PRESENT_FROM, CLEAR_BELOW = 0.5, 0.35
_MOST_UNSEEN_SHARE = 0.10
_MOST_COVERED_SHARE = 0.60
_MOST_UNCLEAR_RIM = 0.10
_FULL_FROM = 0.04
"""So much of the strip above the rim is covered by what looks over the rim of a full bin."""
_MOST_PASSING_BIN = 0.30
_PASSING_PX = 25
_FEWEST_ZONE_PX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class BinLook:
    """What the head says of a bin: log odds now and of its clean reference."""

    logit: float
    clean_logit: float


def rim_share_of(bin_zone: BinZone, seen: SeenPixels) -> float:
    """Return the share of the strip above the rim that differs from the reference and stays."""
    return _share(seen.staying[bin_zone.crop.slices], bin_zone.rim_strip)


def judge_bin(  # noqa: PLR0911  a ladder of reasons, the first that holds answers
    bin_zone: BinZone,
    seen: SeenPixels,
    look: BinLook,
    masks: ZoneMasks,
    *,
    present_from: float = PRESENT_FROM,
) -> Verdict:
    """Return the verdict on ``bin_overflow`` of one bin; overfull is it from ``present_from`` on,
    which people's rejections have raised.
    """
    zone_id, problem = bin_zone.zone.zone_id, ProblemClass.BIN_OVERFLOW
    if min(np.count_nonzero(bin_zone.rim_strip), np.count_nonzero(bin_zone.body)) < _FEWEST_ZONE_PX:
        return unknown(zone_id, problem, Reason.ZONE_TOO_SMALL)
    staying, passing = seen.staying[bin_zone.crop.slices], seen.passing[bin_zone.crop.slices]
    rim_share = rim_share_of(bin_zone, seen)
    score = combined_score(rim_share=rim_share, logit=look.logit, clean_logit=look.clean_logit)
    if _share(staying, bin_zone.body) > _MOST_COVERED_SHARE:
        return unknown(zone_id, problem, Reason.BIN_NOT_AS_IN_REFERENCE, score)
    if PRESENT_FROM <= score < present_from:
        return unknown(zone_id, problem, Reason.REJECTED_BEFORE, score)
    if score >= PRESENT_FROM:
        reasons = [Reason.RIM_STRIP_DIFFERENCE]
        if look.logit > max(0.0, look.clean_logit) or rim_share < RIM_HALF:
            reasons.append(Reason.LOOKS_OVERFULL)
        return Verdict(
            zone_id=zone_id,
            problem_class=problem,
            state=VerdictState.PRESENT,
            score=round(score, 3),
            reasons=tuple(reasons),
            boxes=_boxes([_frame(staying & bin_zone.rim_strip, bin_zone.crop)], masks),
        )
    if _share(passing, bin_zone.rim_strip) > _MOST_UNCLEAR_RIM:
        return unknown(zone_id, problem, Reason.NOT_YET_PERSISTENT, score)
    if _share(passing, bin_zone.whole) > _MOST_PASSING_BIN:
        return unknown(zone_id, problem, Reason.ZONE_COVERED, score)
    is_full = (Reason.BIN_FULL,) if rim_share >= _FULL_FROM else ()
    if score >= CLEAR_BELOW or rim_share > _MOST_UNCLEAR_RIM:
        doubtful = unknown(zone_id, problem, Reason.BORDERLINE, score)
        return replace(doubtful, reasons=(*doubtful.reasons, *is_full))
    return Verdict(
        zone_id=zone_id,
        problem_class=problem,
        state=VerdictState.CLEAR,
        score=round(score, 3),
        reasons=is_full or (Reason.SEEN_CLEAN,),
    )


def judge_ground(
    ground: GroundZone,
    seen: SeenPixels,
    masks: ZoneMasks,
    blobs: Sequence[Blob],
    *,
    dropped: bool = False,
) -> list[Verdict]:
    """Return the verdicts of one ground zone, one for each class of
    ``GROUND_ZONE_CLASSES``, by the pieces that lie there. Clear only where the ground itself was
    seen in this snapshot or, behind who walks by, in one of the last K; and where nothing was
    ``dropped`` because people had rejected it.
    """
    zone_id = ground.zone.zone_id
    doubt = _ground_doubt(ground, seen)
    if doubt in (Reason.ZONE_TOO_SMALL, Reason.ZONE_COVERED):
        return [unknown(zone_id, problem, doubt) for problem in GROUND_ZONE_CLASSES]
    if dropped and doubt is None:
        doubt = Reason.REJECTED_BEFORE
    scores = class_scores(blobs)
    if doubt is None and max(scores.values()) >= PRESENT_FROM:
        # Bags that touch look like a heap, and under either nothing can be seen: while there is
        # waste of one kind, nobody can call the place clear of another.
        doubt = Reason.OTHER_WASTE_THERE
    verdicts = []
    for problem in GROUND_ZONE_CLASSES:
        score = scores[problem]
        if score >= PRESENT_FROM:
            verdicts.append(_present_on_ground(zone_id, problem, score, blobs, masks))
        elif doubt is not None:
            verdicts.append(unknown(zone_id, problem, doubt, score))
        else:
            verdicts.append(
                Verdict(
                    zone_id=zone_id,
                    problem_class=problem,
                    state=VerdictState.CLEAR,
                    score=round(score, 3),
                    reasons=(Reason.SEEN_CLEAN,),
                )
            )
    return verdicts


def _ground_doubt(ground: GroundZone, seen: SeenPixels) -> Reason | None:
    """Return why this ground cannot be called clear now, None where it can."""
    if ground.pixels < _FEWEST_ZONE_PX:
        return Reason.ZONE_TOO_SMALL
    # Under a shadow the ground is seen, so it is no reason for doubt; things hide the ground.
    unclear = seen.passing & ~seen.lit
    staying, passing = _share(seen.staying, ground.mask), _share(unclear, ground.mask)
    if staying + passing > _MOST_COVERED_SHARE:
        return Reason.ZONE_COVERED
    # Who walks by hides ground that was seen clean just before; what has stopped there may lie.
    doubtful = np.count_nonzero(join_pieces(unclear & seen.doubtful & ground.mask))
    if passing > _MOST_UNSEEN_SHARE or doubtful >= _PASSING_PX:
        return Reason.NOT_YET_PERSISTENT
    return None


def _present_on_ground(
    zone_id: str, problem: ProblemClass, score: float, blobs: Sequence[Blob], masks: ZoneMasks
) -> Verdict:
    return Verdict(
        zone_id=zone_id,
        problem_class=problem,
        state=VerdictState.PRESENT,
        score=round(score, 3),
        reasons=(Reason.REFERENCE_DIFFERENCE,),
        boxes=_boxes([blob.box for blob in blobs if class_of(blob) is problem], masks),
    )


def _share(mask: Mask, zone: Mask) -> float:
    return float(np.count_nonzero(mask & zone)) / max(1, int(np.count_nonzero(zone)))


def _frame(mask: Mask, crop: Box) -> tuple[int, int, int, int]:
    """Return (x, y, width, height) in the whole picture of all pixels set in ``crop``; of
    an empty mask an empty frame.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return 0, 0, 0, 0
    left, top = int(columns[0]), int(rows[0])
    width, height = int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
    return crop.left + left, crop.top + top, width, height


def _boxes(
    frames: Iterable[tuple[int, int, int, int]], masks: ZoneMasks
) -> tuple[tuple[float, float, float, float], ...]:
    width, height = masks.width_px, masks.height_px
    relative = [
        (round(x / width, 4), round(y / height, 4), round(w / width, 4), round(h / height, 4))
        for x, y, w, h in frames
        if w and h
    ]
    return tuple(relative[:MOST_BOXES])
