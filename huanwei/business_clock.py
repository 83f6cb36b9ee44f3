"""The two business clocks: the system's, and one that runs fast from an anchor in a file.

The anchor file of a run folder is read by every process, restarted ones too, so all agree. It
holds where both times stood (``anchor_wall``, ``anchor_virtual``, Unix seconds) and ``speed``.
The fast clock never passes the real time: there its speed becomes 1.
"""

import json
import math
import os
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from huanwei.errors import StandsInTheWayError

SHANGHAI = ZoneInfo("Asia/Shanghai")
PAUSED_RECHECK_S = 0.2
_REREAD_S = 0.1
_FRIDAY = 4


class UnreadableAnchorError(StandsInTheWayError):
    """The anchor file does not say a time and a speed."""


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the real time in UTC."""
        return datetime.now(UTC)

    def technical_s(self, business_s: float) -> float:
        """Return ``business_s``: both clocks run alike."""
        return business_s

    def monotonic_s(self) -> float:
        """Return the technical clock."""
        return time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Where the wall clock and the business clock stood (Unix seconds), and the speed since."""

    wall_s: float
    virtual_s: float
    speed: float

    def virtual_at(self, wall_s: float) -> float:
        """Return the business time at a wall time, never beyond it."""
        return min(self.virtual_s + (wall_s - self.wall_s) * self.speed, wall_s)

    def speed_at(self, wall_s: float) -> float:
        """Return the speed at a wall time: 1 where the real time has been reached."""
        if self.speed > 1 and self.virtual_at(wall_s) >= wall_s:
            return 1.0
        return self.speed


class AnchoredClock:
    """The business clock of a run folder; reads the anchor file again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mutex = threading.Lock()
        self._stamp = 0
        self._next_look_s = -math.inf
        self._newest_s = -math.inf
        self._anchor = read_anchor(path)

    def now(self) -> datetime:
        """Return the business time in UTC; it never goes back."""
        wall_s = time.time()
        with self._mutex:
            self._refresh()
            self._newest_s = max(self._newest_s, self._anchor.virtual_at(wall_s))
            return datetime.fromtimestamp(self._newest_s, UTC)

    def technical_s(self, business_s: float) -> float:
        """Return the technical seconds of a business interval; while paused a short one."""
        speed = self.speed
        return business_s / speed if speed > 0 else min(business_s, PAUSED_RECHECK_S)

    def monotonic_s(self) -> float:
        """Return the technical clock."""
        return time.monotonic()

    @property
    def speed(self) -> float:
        """How many business seconds pass in a second now."""
        with self._mutex:
            self._refresh()
            return self._anchor.speed_at(time.time())

    def set_speed(self, speed: float) -> None:
        """Go on from now at another speed (0 pauses), for every process of this run folder."""
        with self._mutex:
            wall_s = time.time()
            anchor = Anchor(wall_s=wall_s, virtual_s=self._anchor.virtual_at(wall_s), speed=speed)
            write_anchor(self._path, anchor)
            self._anchor = anchor

    def _refresh(self) -> None:
        if time.monotonic() < self._next_look_s:
            return
        self._next_look_s = time.monotonic() + _REREAD_S
        stamp = self._path.stat().st_mtime_ns
        if stamp != self._stamp:
            self._stamp = stamp
            self._anchor = read_anchor(self._path)


def read_anchor(path: Path) -> Anchor:
    """Read an anchor file; raise :class:`UnreadableAnchorError` naming it."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Anchor(
            wall_s=float(values["anchor_wall"]),
            virtual_s=float(values["anchor_virtual"]),
            speed=float(values["speed"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path}: not an anchor of the business clock: {error!r}"
        raise UnreadableAnchorError(msg) from error


def write_anchor(path: Path, anchor: Anchor) -> None:
    """Write an anchor file in one step, so that no reader sees half of it."""
    values = {
        "anchor_wall": anchor.wall_s,
        "anchor_virtual": anchor.virtual_s,
        "speed": anchor.speed,
    }
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(json.dumps(values), encoding="utf-8")
    new.replace(path)


def demo_start(now: datetime) -> datetime:
    """Return 06:30 in Shanghai of a working day at least three days before ``now``."""
    day = now.astimezone(SHANGHAI).date() - timedelta(days=3)
    while day.weekday() > _FRIDAY:
        day -= timedelta(days=1)
    return datetime(day.year, day.month, day.day, 6, 30, tzinfo=SHANGHAI).astimezone(UTC)
