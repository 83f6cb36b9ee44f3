"""The process that holds a bench's pictures: ``python -m vision.bench_process PARENT_PID FD``.

Started by :mod:`vision.bench` alone; it ends with its session, and after ten minutes unasked.
"""

import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection

from vision.bench_messages import MOST_REQUEST_BYTES, decode_request, encode
from vision.process_limits import allow_cpu, end_with_parent, limit_memory

ADDRESS_SPACE_BYTES = 1536 * 1024 * 1024
REQUEST_CPU_S = 30
IDLE_S = 600.0


def main(parent_pid: int, descriptor: int) -> None:
    """Answer one request after another until the session ends."""
    end_with_parent(parent_pid)
    # Ctrl-C reaches the whole group; the parent decides when its children end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory(ADDRESS_SPACE_BYTES)
    sys.modules["rich"] = None  # type: ignore[assignment]  # 13 MB to colour what nobody sees
    from vision.bench_work import BenchWork  # noqa: PLC0415  only behind the line above
    from vision.snapshot_source import HttpSnapshotSource  # noqa: PLC0415

    connection = Connection(descriptor)
    camera, folder, network, logins = pickle.loads(connection.recv_bytes())  # noqa: S301  ours
    work = BenchWork(
        camera=camera,
        source=HttpSnapshotSource(cameras=(camera,), logins=logins),
        references_folder=folder,
        overflow_network=network,
    )
    try:
        while connection.poll(IDLE_S):
            request = decode_request(connection.recv_bytes(MOST_REQUEST_BYTES))
            allow_cpu(REQUEST_CPU_S)
            connection.send_bytes(encode(work.answer(request)))
    except (EOFError, OSError):
        pass  # the session has ended
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
