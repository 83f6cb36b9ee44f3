"""What the process that opens pictures does: watch, and report to the parent."""

import pickle
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from domain.devices import Camera
from domain.ports.clock import Clock
from domain.records import SnapshotVerdicts
from vision.detector_file import load_detector
from vision.figure_file import figures_path
from vision.figure_memory import FigureMemory
from vision.judging import CameraJudge
from vision.learned import LearnedFiles
from vision.movers import MoverFinder, people_by_hog
from vision.orders import ChildOrders
from vision.overflow_network import OverflowNetwork, watching_network
from vision.overflow_score import shipped_head
from vision.process_limits import allow_cpu, give_back_memory
from vision.reference_folder import load_references
from vision.results import Beat, Looked, SnapshotResult, encode_message
from vision.snapshot_source import HttpSnapshotSource
from vision.watch import CameraWatch

PICTURE_CPU_S = 5
_GIVE_BACK_EVERY_S = 60.0


class _Reporter:
    """Speaks to the parent. Once the parent is gone there is nothing left to do."""

    def __init__(self, connection: Connection, clock: Clock, stop: threading.Event) -> None:
        self._connection = connection
        self._clock = clock
        self._stop = stop
        self._last_beat_s = 0.0
        self._gave_back_s = clock.monotonic_s()

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
        if now_s - self._gave_back_s >= _GIVE_BACK_EVERY_S:
            self._gave_back_s = now_s
            give_back_memory()
        if self._connection.poll():
            self._stop.set()

    def _send(self, message: Beat | Looked) -> None:
        try:
            self._connection.send_bytes(encode_message(message))
        except OSError:
            self._stop.set()


def judge_of(
    camera: Camera,
    folder: Path,
    network: OverflowNetwork | None,
    finder: MoverFinder | None = None,
    *,
    quick_looks: bool = False,
) -> CameraJudge:
    """Return the judge of a camera, with what it has learned and goes on to learn."""
    model = None if network is None else network.identity
    return CameraJudge(
        camera,
        partial(load_references, folder),
        head=network or shipped_head(),
        learned=LearnedFiles(folder, camera.device_id, overflow_model=model).current,
        finder=finder,
        quick_looks=quick_looks,
    )


def _finder_of(
    camera: Camera, orders: ChildOrders, finder: MoverFinder | None, clock: Clock
) -> MoverFinder | None:
    """Return a camera's finder, which learns what never moves where that can be kept."""
    if orders.figures_folder is None:
        return finder
    path = figures_path(orders.figures_folder, camera.device_id)
    return FigureMemory(finder or people_by_hog(), path=path, now=clock.now)


def watch_cameras(connection: Connection) -> None:
    """Watch the cameras until the parent closes the connection.

    Everything the child is told comes first, pickled, through the connection.
    """
    orders: ChildOrders = pickle.loads(connection.recv_bytes())  # noqa: S301  from our parent
    if orders.prepare is not None:
        orders.prepare()
    clock, stop = orders.clock_factory(), threading.Event()
    reporter = _Reporter(connection, clock, stop)
    network = watching_network(orders.references_folder) if orders.overflow_network else None
    finder = None if orders.detector_file is None else load_detector(orders.detector_file)
    watch = CameraWatch(
        judges=[
            judge_of(
                camera,
                orders.references_folder,
                network,
                _finder_of(camera, orders, finder, clock),
                quick_looks=orders.quick_looks,
            )
            for camera in orders.cameras
        ],
        source=HttpSnapshotSource(cameras=orders.cameras, logins=orders.logins),
        clock=clock,
        on_result=reporter.result,
        before_opening=reporter.opening,
        patience=orders.patience,
    )
    watch.run(stop, lambda: reporter.round(watch.counts.take))
