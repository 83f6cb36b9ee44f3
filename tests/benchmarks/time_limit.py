"""A limit to how long a benchmark may take: one that waits for ever tells nobody that it failed."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Never

import psutil

_ENDING_S = 60.0
"""So long what was begun may take to end; then its processes are killed."""


class TimeLimit:
    """Tells what was being done when the time was over: set ``doing`` at each step."""

    def __init__(self, seconds: float, ending_s: float = _ENDING_S) -> None:
        self.seconds, self._ending_s = seconds, ending_s
        self.doing = "starting"

    def over(self, _signal: int, _frame: FrameType | None) -> Never:
        """Say so, and end by an exception, so that everything that was begun is ended too."""
        print(f"not done within {self.seconds:g} s, while {self.doing}", file=sys.stderr)
        signal.signal(signal.SIGALRM, self._kill)
        signal.setitimer(signal.ITIMER_REAL, self._ending_s)
        raise SystemExit(1)

    def _kill(self, _signal: int, _frame: FrameType | None) -> Never:
        print(f"what was begun has not ended within {self._ending_s:g} s: killed", file=sys.stderr)
        children = psutil.Process().children(recursive=True)
        for child in children:
            child.kill()
        psutil.wait_procs(children, timeout=5.0)
        os._exit(1)


@contextmanager
def time_limit(seconds: float, *, ending_s: float = _ENDING_S) -> Iterator[TimeLimit]:
    """Exit with code 1, and say in which step, when this takes longer. Main thread only.

    The outermost context of a benchmark: the others are ended within its second limit.
    """
    limit = TimeLimit(seconds, ending_s)
    before = signal.signal(signal.SIGALRM, limit.over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield limit
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
