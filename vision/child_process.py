"""The process that opens pictures: ``python -m vision.child_process PARENT_PID FD``, started by
:mod:`vision.child_link` alone.
"""

import os
import signal
import sys
from multiprocessing.connection import Connection

from vision.process_limits import end_with_parent, limit_memory

ADDRESS_SPACE_BYTES = 1536 * 1024 * 1024


def main(parent_pid: int, descriptor: int) -> None:
    """Watch the cameras until the parent closes the connection or ends."""
    end_with_parent(parent_pid)
    # Ctrl-C reaches the whole group; the parent decides when its children end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory(ADDRESS_SPACE_BYTES)
    # httpx and structlog load rich (13 MB) where it is installed, to colour what nobody sees here.
    sys.modules["rich"] = None  # type: ignore[assignment]  # how Python spells "cannot be imported"
    from vision.child_work import watch_cameras  # noqa: PLC0415  only behind the line above

    watch_cameras(Connection(descriptor))
    # Fetches that hang must not hold up the end; there is nothing to put in order.
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
