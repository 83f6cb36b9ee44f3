"""From what differs and has stayed to what was left there: without shadows, without those who only
stand there for a while.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vision.ground_difference import join_pieces, smallest_piece_px
from vision.limited_cv2 import Mask, bytes_of, cv2
from vision.movers import Frame, MoverFinder
from vision.persistence import SeenPixels
from vision.surroundings import MARGIN_PX, Compared, is_ground
from vision.tone import thinned

Labels = NDArray[np.uint16]

_LEAST_STILL = 0.6
"""A thing stands still as a whole; of a person who waits, arms, head and shadow move."""

_ON_MOVER = 0.5
_SAME_MOVER = 0.5
_PERMANENT_AFTER = 12
_SAME_SPOT = 0.3
_REMEMBERED_FOR = 3
"""Who walks by hides a thing for a snapshot or two; it need not pass all tests again."""

_MOVING_LIGHT = 0.01
"""Of the picture: when so much of it has come into other light or out of it since the last
snapshot, remains can be anywhere."""

_LOOKS, _LOOKS_IN_SHADE = 2, 3
"""So many snapshots a new piece has to pass the tests in before it counts. At the edge of a
wandering shadow remains look like things, hence once more there."""

_IN_SHADE, _SHADE_REACH_PX = 0.3, 13

_SMALLEST_MOVER = 0.07
"""Of the picture's width: what is shorter is nobody whom a finder could recognise."""

_MOST_LOOKS = 3
"""So many unsettled pieces are looked at for people in one snapshot; others wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingMemory:
    """Frames at work size: ``tried`` passed the tests so many times, and for how many snapshots
    they have been hidden; ``settled`` are known to lie there, and for how many snapshots they have
    not been seen; ``stubborn`` were taken for people so many times in a row; ``shade`` is where
    the light was another, every fourth row and column.
    """

    tried: tuple[tuple[Frame, int, int], ...] = ()
    settled: tuple[tuple[Frame, int], ...] = ()
    stubborn: tuple[tuple[Frame, int], ...] = ()
    shade: Mask | None = None


@dataclass(slots=True, kw_only=True)
class _Trial:
    """What is tested in one snapshot, and what comes of it."""

    compared: Compared
    finder: MoverFinder | None
    memory: ThingMemory
    near_light: Mask
    light_moves: bool
    looks: int = 0
    stubborn: list[tuple[Frame, int]] = field(default_factory=list)


def sort_out(
    seen: SeenPixels,
    memory: ThingMemory,
    *,
    shade: Mask,
    compared: Compared,
    finder: MoverFinder | None,
) -> tuple[SeenPixels, ThingMemory]:
    """Return what stays without light and movers, and what to remember of it.

    ``seen``: with what only light explains; ``shade``: (height, width) bool, where the light is
    another. What is taken from ``staying`` is then ``passing``, so that it is hidden in a stored
    picture, and no ground is called clear of it unless only light differs there.
    """
    differs = seen.staying | seen.passing
    lit = seen.lit
    things = join_pieces(seen.nearly & ~lit)
    trial = _Trial(
        compared=compared,
        finder=finder,
        memory=memory,
        near_light=_around(shade),
        light_moves=_moves(shade, memory.shade),
    )
    whole = _labels(join_pieces(differs & ~lit))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        things.view(np.uint8), connectivity=8, ltype=cv2.CV_16U
    )
    smallest = smallest_piece_px(differs.shape[1])
    known_frames = tuple(frame for frame, _ in memory.settled)
    kept, explained = np.zeros_like(differs), np.zeros_like(differs)
    tested: list[Frame] = []
    passed: list[tuple[Frame, int, int]] = []
    settled: list[Frame] = []
    for label in range(1, count):
        left, top, width, height, pixels = (int(value) for value in stats[label])
        if pixels < smallest:
            continue
        frame = (left, top, width, height)
        cut = (slice(top, top + height), slice(left, left + width))
        piece = np.asarray(labels[cut] == label)
        known = _meets(frame, known_frames)
        tested.append(frame)
        if not known and _is_ground(frame, np.asarray(labels), label, whole, trial):
            explained[cut] |= piece
            continue
        if not known and not _stands_alone(piece, whole, cut, trial):
            continue
        looks = 1 + max((n for other, n, _ in memory.tried if _meets(frame, (other,))), default=0)
        passed.append((frame, looks, 0))
        if known or looks >= _looks_needed(piece, cut, trial):
            kept[cut] |= piece
            if np.count_nonzero(piece & seen.staying[cut]) >= smallest:
                settled.append(frame)
    staying = _closed(kept & seen.staying) & differs & ~lit
    hidden = tuple(
        (frame, unseen + 1)
        for frame, unseen in memory.settled
        if unseen < _REMEMBERED_FOR and not _meets(frame, tuple(settled))
    )
    waiting = tuple(
        (frame, looks, unseen + 1)
        for frame, looks, unseen in memory.tried
        if unseen < _REMEMBERED_FOR and not _meets(frame, tuple(tested))
    )
    return (
        replace(seen, staying=staying, passing=differs & ~staying, lit=seen.lit | explained),
        ThingMemory(
            tried=(*passed, *waiting),
            settled=(*((frame, 0) for frame in settled), *hidden),
            stubborn=tuple(trial.stubborn),
            shade=thinned(shade).copy(),
        ),
    )


def _is_ground(frame: Frame, labels: Labels, label: int, whole: Labels, trial: _Trial) -> bool:
    left, top = max(0, frame[0] - MARGIN_PX), max(0, frame[1] - MARGIN_PX)
    right, bottom = frame[0] + frame[2] + MARGIN_PX, frame[1] + frame[3] + MARGIN_PX
    near = (slice(top, bottom), slice(left, right))
    piece, ground = np.asarray(labels[near] == label), np.asarray(whole[near] == 0)
    return is_ground(piece, ground, left, top, trial.compared)


def _stands_alone(
    piece: Mask,
    whole: Labels,
    cut: tuple[slice, slice],
    trial: _Trial,
) -> bool:
    """Whether nothing that belongs to a new piece moves, and nobody is seen there."""
    label = int(np.bincount(whole[cut][piece]).argmax())
    if label == 0:
        return False
    body = np.asarray(whole == label)
    if np.count_nonzero(piece) < _LEAST_STILL * np.count_nonzero(body):
        return False
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    frame = (
        int(columns[0]),
        int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )
    if trial.finder is None or max(frame[2:]) < _SMALLEST_MOVER * whole.shape[1]:
        return True
    if trial.looks >= _MOST_LOOKS:
        return False
    trial.looks += 1
    return not _is_mover(frame, trial.finder, trial)


def _looks_needed(piece: Mask, cut: tuple[slice, slice], trial: _Trial) -> int:
    in_shade = np.count_nonzero(piece & trial.near_light[cut])
    if trial.light_moves or in_shade >= _IN_SHADE * np.count_nonzero(piece):
        return _LOOKS_IN_SHADE
    return _LOOKS


def _is_mover(frame: Frame, finder: MoverFinder, trial: _Trial) -> bool:
    found = finder.movers_near(trial.compared.picture, (frame,))
    on_it = [mover for mover in found if _shared(frame, mover) >= _ON_MOVER * frame[2] * frame[3]]
    if not on_it:
        return False
    # What looks like a figure on the clean reference too, a pillar or a bollard, is none.
    there_before = finder.movers_near(
        bytes_of(cv2.cvtColor(trial.compared.clean, cv2.COLOR_LAB2BGR)), (frame,)
    )
    moving = False
    for mover in on_it:
        if any(_alike(mover, other) for other in there_before):
            continue
        times = 1 + max(
            (n for other, n in trial.memory.stubborn if _alike(mover, other)), default=0
        )
        trial.stubborn.append((mover, times))
        moving = moving or times < _PERMANENT_AFTER
    return moving


def _closed(mask: Mask) -> Mask:
    """Join what lies within a few pixels: one thing is one piece, though parts of it look like the
    ground.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    return np.asarray(
        cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, kernel), dtype=np.bool_
    )


def _around(shade: Mask) -> Mask:
    if not shade.any():
        return shade
    kernel = np.ones((2 * _SHADE_REACH_PX + 1, 2 * _SHADE_REACH_PX + 1), dtype=np.uint8)
    return np.asarray(cv2.dilate(shade.view(np.uint8), kernel), dtype=np.bool_)


def _moves(shade: Mask, before: Mask | None) -> bool:
    now = thinned(shade)
    if before is None:
        return False
    return bool(np.count_nonzero(now ^ before) > _MOVING_LIGHT * now.size)


def _labels(mask: Mask) -> Labels:
    _, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8, ltype=cv2.CV_16U)
    return np.asarray(labels, dtype=np.uint16)


def _shared(one: Frame, other: Frame) -> int:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    along = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0, across) * max(0, along)


def _alike(one: Frame, other: Frame) -> bool:
    shared = _shared(one, other)
    return shared >= _SAME_MOVER * (one[2] * one[3] + other[2] * other[3] - shared)


def _meets(frame: Frame, others: tuple[Frame, ...]) -> bool:
    return any(
        _shared(frame, other) >= _SAME_SPOT * min(frame[2] * frame[3], other[2] * other[3])
        for other in others
    )
