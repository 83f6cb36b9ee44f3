"""Runs a command that ends when its parent does: ``python -m huanwei.end_with_parent PID CMD ...``.

Used for programs that are not ours (the broker). Linux sends the signal when the thread that
started us ends, so a supervisor starts its children from its main thread.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def ask_to_end_with_parent(parent_pid: int) -> None:
    """Have the kernel send SIGTERM to this process when its parent ends; leave if it has."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        sys.exit(0)


if __name__ == "__main__":
    ask_to_end_with_parent(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606  a path of our supervisor's, no shell wanted
