"""Hears that the process is asked to end, in a way that no moment of a signal can lock up.

A Python signal handler runs in the main thread between any two of its steps, also while that
thread holds the lock of an ``Event`` it waits for: setting the event there waits for ever. So the
interpreter's own handler in C writes the signal's number to a socket, and that is waited for.
"""

import select
import signal
import socket
import time
from types import FrameType, TracebackType
from typing import Self

END_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_READ_BYTES = 4096


class EndSignals:
    """While entered, by the main thread: SIGTERM and SIGINT end :meth:`wait` and nothing else."""

    def __init__(self) -> None:
        self._asked = False
        self._heard, self._told = socket.socketpair()
        self._heard.settimeout(0)
        self._told.settimeout(0)

    def __enter__(self) -> Self:
        # A full socket holds thousands of signals that nobody has looked at: one is enough.
        self._told_before = signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        self._handled_before = {each: signal.signal(each, _leave_it) for each in END_SIGNALS}
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for each, handler in self._handled_before.items():
            signal.signal(each, handler)
        signal.set_wakeup_fd(self._told_before)
        self._heard.close()
        self._told.close()

    def wait(self, timeout_s: float) -> bool:
        """Return whether a signal has come; not before ``timeout_s`` unless one has."""
        ends_s = time.monotonic() + timeout_s
        while not self._asked:
            left_s = ends_s - time.monotonic()
            if not select.select([self._heard], [], [], max(0.0, left_s))[0]:
                break
            # Other signals with a Python handler come by the same way.
            self._asked = any(number in END_SIGNALS for number in self._heard.recv(_READ_BYTES))
        return self._asked


def _leave_it(_signal: int, _frame: FrameType | None) -> None:
    """Stand in for a handler: without one the signal would end the process at once."""
