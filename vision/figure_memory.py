"""A finder of movers that learns what at one spot never moves, camera by camera."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from domain.devices import Lighting
from domain.reviews import Frame as Share
from vision.figure_file import read_figures, write_figures
from vision.limited_cv2 import Picture, bytes_of, cv2
from vision.movers import Frame, MoverFinder
from vision.standing_figures import (
    LOOK_COLUMNS,
    LOOK_ROWS,
    StandingFigure,
    asked_for,
    known_at,
    looks_same,
    most_due,
    still_known,
    with_new,
)

_log = structlog.get_logger()
_SAVED_EVERY = timedelta(minutes=10)
_Mark = tuple[int, int] | None


class FigureMemory:
    """Fulfils :class:`vision.movers.MoverFinder` over another one, for one camera.

    Where the finder has seen a figure it is asked again every ten minutes, whether or not anything
    lies there: passers-by are then gone. What is still there, looking the same, for four hours, and
    stands on the clean reference too, is left out of what it finds from then on. ``path`` keeps
    that across restarts; another writer, who forgets figures, is noticed.
    """

    def __init__(self, finder: MoverFinder, *, path: Path, now: Callable[[], datetime]) -> None:
        self._finder = finder
        self._path = path
        self._now = now
        self._mark: _Mark = None
        self._figures: tuple[StandingFigure, ...] = ()
        self._picture: Picture | None = None
        self._clean: Picture | None = None
        self._lighting = Lighting.DAY
        self._saved_at: datetime | None = None
        self._saved: tuple[StandingFigure, ...] = ()
        self._cannot_save = False

    @property
    def figures(self) -> tuple[StandingFigure, ...]:
        """What is known by now, passers-by included."""
        return self._figures

    def begin(self, picture: Picture, lighting: Lighting, clean: Picture) -> None:
        """Take the picture that is judged next, (height, width, 3) uint8 BGR in the light of its
        reference, and look for one figure that is due. ``clean``: that reference in 8-bit Lab.
        """
        self._read_again()
        self._picture, self._lighting, self._clean = picture, lighting, clean
        now = self._now()
        self._figures = still_known(self._figures, now)
        due = most_due(self._figures, lighting, now)
        if due is not None:
            self._look_for(due, picture, now)
        self._save(now)

    def movers_near(self, picture: Picture, near: tuple[Frame, ...]) -> tuple[Frame, ...]:
        """Return what the finder finds, without what is known never to move."""
        if picture is not self._picture:
            # A clean reference: what looks like a figure there is told by the one who asks.
            return self._finder.movers_near(picture, near)
        return tuple(
            frame
            for one in near
            for frame in self._finder.movers_near(picture, (one,))
            if not self._never_moves(picture, frame, one)
        )

    def _never_moves(self, picture: Picture, frame: Frame, near: Frame) -> bool:
        """Whether a figure is known never to move; one that is not known is, from now on."""
        share = _share_of(frame, picture)
        alike = [
            figure
            for figure in known_at(self._figures, share, self._lighting)
            if looks_same(figure.look, look_in(picture, figure.frame))
        ]
        if not alike:
            self._note(picture, share, _share_of(near, picture))
        return any(figure.is_permanent and self._was_there_clean(figure) for figure in alike)

    def _note(self, picture: Picture, share: Share, near: Share) -> None:
        now = self._now()
        figure = StandingFigure(
            number=1 + max((known.number for known in self._figures), default=0),
            lighting=self._lighting,
            frame=share,
            near=near,
            look=look_in(picture, share),
            first_seen=now,
            last_seen=now,
            last_asked=now,
        )
        self._figures = with_new(self._figures, figure)

    def _look_for(self, due: StandingFigure, picture: Picture, now: datetime) -> None:
        was_there = False
        if self._was_there_clean(due) and looks_same(due.look, look_in(picture, due.frame)):
            found = self._finder.movers_near(picture, (_pixels_of(due.near, picture),))
            was_there = any(
                known_at((due,), _share_of(frame, picture), due.lighting) for frame in found
            )
        after = asked_for(due, now, was_there=was_there)
        self._figures = tuple(
            one for one in ((after if f is due else f) for f in self._figures) if one is not None
        )
        if (after is not None and after.is_permanent) != due.is_permanent:
            _log.info(
                "standing_figure_forgotten" if due.is_permanent else "standing_figure_learned",
                file=self._path.name,
                number=due.number,
                frame=due.frame,
                lighting=due.lighting.value,
                first_seen=due.first_seen.isoformat(),
            )

    def _was_there_clean(self, figure: StandingFigure) -> bool:
        """Whether the clean reference shows the figure too, though the finder may not see it there.

        A pillar was there when the place was clean; who parks or stands there for hours was not.
        """
        return self._clean is not None and looks_same(
            figure.look, _look_on(self._clean, figure.frame)
        )

    def _read_again(self) -> None:
        mark = _mark_of(self._path)
        if mark != self._mark:
            self._mark = mark
            self._figures = self._saved = read_figures(self._path)

    def _save(self, now: datetime) -> None:
        if self._figures == self._saved:
            return
        if self._saved_at is not None and abs(now - self._saved_at) < _SAVED_EVERY:
            return
        self._saved_at = now
        try:
            write_figures(self._path, self._figures)
        except OSError as error:
            if not self._cannot_save:
                _log.error("standing_figures_not_saved", path=str(self._path), error=str(error))
            self._cannot_save = True
            return
        if self._cannot_save:
            _log.info("standing_figures_saved_again", path=str(self._path))
        self._cannot_save = False
        self._saved, self._mark = self._figures, _mark_of(self._path)


def look_in(picture: Picture, share: Share) -> tuple[int, ...]:
    """Return the look of a frame: the means of its cells in 8-bit Lab, row by row."""
    return _look_of(_cut_out(picture, share))


def _look_on(clean: Picture, share: Share) -> tuple[int, ...]:
    """Return the look of a frame of a picture in 8-bit Lab."""
    return _look_of(bytes_of(cv2.cvtColor(_cut_out(clean, share), cv2.COLOR_LAB2BGR)))


def _cut_out(picture: Picture, share: Share) -> Picture:
    left, top, width, height = _pixels_of(share, picture)
    left, top = min(left, picture.shape[1] - 1), min(top, picture.shape[0] - 1)
    return picture[top : top + max(1, height), left : left + max(1, width)]


def _look_of(cut: Picture) -> tuple[int, ...]:
    cells = cv2.resize(cut, (LOOK_COLUMNS, LOOK_ROWS), interpolation=cv2.INTER_AREA)
    return tuple(int(level) for level in cv2.cvtColor(cells, cv2.COLOR_BGR2LAB).ravel())


def _share_of(frame: Frame, picture: Picture) -> Share:
    """Return a frame, cut at the picture's borders, in relative coordinates."""
    height, width = picture.shape[:2]
    left, top = max(0, frame[0]), max(0, frame[1])
    right, bottom = min(width, frame[0] + frame[2]), min(height, frame[1] + frame[3])
    wide, high = max(1, right - left), max(1, bottom - top)
    return (
        round(left / width, 4),
        round(top / height, 4),
        round(wide / width, 4),
        round(high / height, 4),
    )


def _pixels_of(share: Share, picture: Picture) -> Frame:
    height, width = picture.shape[:2]
    x, y, wide, high = share
    return round(x * width), round(y * height), round(wide * width), round(high * height)


def _mark_of(path: Path) -> _Mark:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
