"""What a finder takes for people or vehicles at one spot for hours: a pillar, a statue, a poster.

Pure rules. A figure is learned by its spot *and* its look: who stands before it is none of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.checks import InvalidValueError, check_number, check_utc
from domain.devices import Lighting
from domain.reviews import Frame, shared_share

LOOK_ROWS, LOOK_COLUMNS = 8, 4
"""The cells of a look: 32 colours, by which nobody can be known again."""

MOST_FIGURES = 24
"""So many are kept of one camera; passers-by that were seen once give way first."""

ASKED_EVERY = timedelta(minutes=10)
PERMANENT_AFTER = 25
"""Seen at so many of its times, so for four hours at least, a figure is no mover."""

_PERMANENT_ASKED_EVERY = timedelta(hours=1)
_PERMANENT_SHARE = 0.8
_GONE_AFTER = 3
_GONE_FOR = timedelta(days=3)
_OUT_OF_MIND = timedelta(days=90)
_MOST_ASKED = 240

_SAME_FRAME = 0.5
_TELLING_ROWS = 5
_OTHER_CELL, _MOST_OTHER_CELLS = 24, 2
"""A bag may lie before the foot of a pillar; of its upper five eighths hardly a cell may change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingFigure:
    """A spot where a finder saw a figure. ``frame``: in relative picture coordinates; ``near``: the
    frame that was asked about when it was seen, since HOG answers by how it is asked; ``look``: the
    mean colours of its cells, row by row, in 8-bit Lab and the light of the reference.

    ``seen`` of ``asked`` times it was there and looked the same; ``missed`` times in a row not.
    """

    number: int
    lighting: Lighting
    frame: Frame
    near: Frame
    look: tuple[int, ...]
    first_seen: datetime
    last_seen: datetime
    last_asked: datetime
    seen: int = 1
    asked: int = 1
    missed: int = 0

    def __post_init__(self) -> None:
        check_number("number", self.number, 1, 1_000_000_000)
        for share in (*self.frame, *self.near):
            check_number("frame", share, -1, 2)
        if len(self.look) != LOOK_ROWS * LOOK_COLUMNS * 3:
            msg = f"look: {len(self.look)} numbers, not {LOOK_ROWS * LOOK_COLUMNS * 3}"
            raise InvalidValueError(msg)
        for level in self.look:
            check_number("look", level, 0, 255)
        for name in ("first_seen", "last_seen", "last_asked"):
            check_utc(name, getattr(self, name))
        for name in ("seen", "asked", "missed"):
            check_number(name, getattr(self, name), 0, 1_000_000)

    @property
    def is_permanent(self) -> bool:
        """Whether it has been there so long and so steadily that it is no mover."""
        return self.seen >= PERMANENT_AFTER and self.seen >= _PERMANENT_SHARE * self.asked


def known_at(
    figures: Sequence[StandingFigure], frame: Frame, lighting: Lighting
) -> list[StandingFigure]:
    """Return the figures at that spot in that light, however they look."""
    return [
        figure
        for figure in figures
        if figure.lighting is lighting and shared_share(figure.frame, frame) >= _SAME_FRAME
    ]


def looks_same(one: Sequence[int], other: Sequence[int]) -> bool:
    """Return whether two looks are of one thing."""
    changed = sum(
        _apart(one[at : at + 3], other[at : at + 3]) > _OTHER_CELL
        for at in range(0, _TELLING_ROWS * LOOK_COLUMNS * 3, 3)
    )
    return changed <= _MOST_OTHER_CELLS


def most_due(
    figures: Sequence[StandingFigure], lighting: Lighting, now: datetime
) -> StandingFigure | None:
    """Return the figure to look for now, None while none is due in that light."""
    due = [
        figure
        for figure in figures
        if figure.lighting is lighting and abs(now - figure.last_asked) >= _pause(figure)
    ]
    return min(due, key=lambda figure: figure.last_asked, default=None)


def asked_for(figure: StandingFigure, now: datetime, *, was_there: bool) -> StandingFigure | None:
    """Return a figure after one more look for it, None where it is forgotten."""
    seen, asked = figure.seen + was_there, figure.asked + 1
    if asked > _MOST_ASKED:
        # The past counts half: what has changed its habit is told by its present ones.
        seen, asked = seen // 2, asked // 2
    after = replace(
        figure,
        seen=seen,
        asked=asked,
        missed=0 if was_there else figure.missed + 1,
        last_seen=now if was_there else figure.last_seen,
        last_asked=now,
    )
    if was_there or not _is_gone(figure, after, now):
        return after
    return None


def still_known(figures: Sequence[StandingFigure], now: datetime) -> tuple[StandingFigure, ...]:
    """Return the figures without those of a light that has not been seen for months."""
    return tuple(figure for figure in figures if now - figure.last_asked < _OUT_OF_MIND)


def with_new(
    figures: Sequence[StandingFigure], figure: StandingFigure
) -> tuple[StandingFigure, ...]:
    """Return the figures with one more; where there are too many, without the least known one."""
    if len(figures) < MOST_FIGURES:
        return (*figures, figure)
    others = [other for other in figures if not other.is_permanent]
    if not others:
        return tuple(figures)
    least = min(others, key=lambda other: (other.seen, other.last_asked))
    return (*(other for other in figures if other is not least), figure)


def _pause(figure: StandingFigure) -> timedelta:
    return _PERMANENT_ASKED_EVERY if figure.is_permanent else ASKED_EVERY


def _is_gone(before: StandingFigure, after: StandingFigure, now: datetime) -> bool:
    """A passer-by is gone at once; what was permanent only after days of looking for it."""
    if before.is_permanent or before.seen >= PERMANENT_AFTER:
        return after.missed >= PERMANENT_AFTER and now - after.last_seen >= _GONE_FOR
    return after.missed >= (1 if after.seen == 1 else _GONE_AFTER)


def _apart(one: Sequence[int], other: Sequence[int]) -> int:
    lightness, green_red, blue_yellow = (abs(a - b) for a, b in zip(one, other, strict=True))
    return max(lightness, 2 * max(green_red, blue_yellow))
