"""Which business clock a process runs by: the run folder's anchor, or the system's."""

from domain.ports.clock import Clock
from huanwei.business_clock import AnchoredClock, SystemClock
from huanwei.settings import Settings


def business_clock(settings: Settings) -> Clock:
    """Return the clock that the settings ask for."""
    anchor = settings.run.clock_anchor
    return SystemClock() if anchor is None else AnchoredClock(anchor)
