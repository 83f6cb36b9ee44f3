"""Runs a command that ends when its parent does: ``python -m huanwei.end_with_parent PID CMD ...``.

With ``--as UID:GID`` behind the PID it runs as that account: PostgreSQL refuses to be root.
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


def become(account: str) -> None:
    """Go on as the account ``UID:GID``, without the groups of whoever started us."""
    user, group = map(int, account.split(":"))
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)


if __name__ == "__main__":
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if command[0] == "--as":
        # First: the kernel forgets the parent's signal when the account changes.
        become(command[1])
        command = command[2:]
    ask_to_end_with_parent(parent)
    os.execv(command[0], command)  # noqa: S606  a path of our supervisor's, no shell wanted
