"""The process that opens pictures: ``python -m vision.child_process PARENT_PID FD``, started by
:mod:`vision.child` alone. Everything it is told comes first, pickled, through the connection.
"""

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection

from domain.ports.clock import Clock
from domain.records import SnapshotVerdicts
from vision.judging import CameraJudge
from vision.orders import ChildOrders
from vision.overflow_score import shipped_head
from vision.process_limits import allow_cpu, end_with_parent, limit_memory
from vision.reference_folder import load_references
from vision.results import Beat, Looked, SnapshotResult, encode_message
from vision.snapshot_source import HttpSnapshotSource
from vision.watch import CameraWatch

ADDRESS_SPACE_BYTES = 1536 * 1024 * 1024
PICTURE_CPU_S = 5


class _Reporter:
    """Speaks to the parent. Once the parent is gone there is nothing left to do."""

    def __init__(self, connection: Connection, clock: Clock, stop: threading.Event) -> None:
        self._connection = connection
        self._clock = clock
        self._stop = stop
        self._last_beat_s = 0.0

    def result(self, result: SnapshotResult) -> None:
        values = result.record.values
        if isinstance(values, SnapshotVerdicts):
            self._send(
                Looked(
                    device_id=result.record.device_id,
                    observed_at=result.record.observed_at,
                    values=values,
                    jpeg=result.jpeg,
                )
            )

    def opening(self, device_id: str | None) -> None:
        if device_id is not None:
            allow_cpu(PICTURE_CPU_S)
        self._send(Beat(busy_with=device_id))

    def round(self, counts: Callable[[], dict[str, int]]) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._last_beat_s >= 1.0:
            self._last_beat_s = now_s
            self._send(Beat(counts=counts()))
        if self._connection.poll():
            self._stop.set()

    def _send(self, message: Beat | Looked) -> None:
        try:
            self._connection.send_bytes(encode_message(message))
        except OSError:
            self._stop.set()


def main(parent_pid: int, descriptor: int) -> None:
    """Watch the cameras until the parent closes the connection or ends."""
    end_with_parent(parent_pid)
    # Ctrl-C reaches the whole group; the parent decides when its children end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory(ADDRESS_SPACE_BYTES)
    connection = Connection(descriptor)
    orders: ChildOrders = pickle.loads(connection.recv_bytes())  # noqa: S301  from our parent
    clock, stop = orders.clock_factory(), threading.Event()
    reporter = _Reporter(connection, clock, stop)
    head = shipped_head()
    watch = CameraWatch(
        judges=[
            CameraJudge(camera, partial(load_references, orders.references_folder), head=head)
            for camera in orders.cameras
        ],
        source=HttpSnapshotSource(cameras=orders.cameras, logins=orders.logins),
        clock=clock,
        on_result=reporter.result,
        before_opening=reporter.opening,
        patience=orders.patience,
    )
    watch.run(stop, lambda: reporter.round(watch.counts.take))
    # Fetches that hang must not hold up the end; there is nothing to put in order.
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
