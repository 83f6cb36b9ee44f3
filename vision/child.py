"""The edge's side of the camera watch: one child process that opens pictures, and its keeper.

The child may be killed by any picture, so its keeper starts it again, remembers which camera's
bytes it was opening, and says "unknown" for that camera in its stead.
"""

import threading
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from domain.devices import Camera
from domain.ports.clock import Clock
from domain.ports.registry import Registry
from domain.records import CameraHealth, Record
from vision.child_link import ChildEndedError, ChildLink
from vision.metrics import VisionMetrics
from vision.orders import CameraLogin, ChildOrders
from vision.result_queue import ResultQueue
from vision.results import Beat, Looked, SnapshotResult, UnreadableMessageError
from vision.unknown_verdicts import failed_camera

_log = structlog.get_logger()

SILENCE_S = 8.0
"""A child that has not spoken for so long hangs: longer than any deadline inside it."""

_LOOK_AGAIN_S = 0.2
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 0.5, 30.0
_HEALTHY_AFTER_S = 60.0
_LONGEST_PATIENCE = 32


class VisionChild:
    """Keeps the child of one gateway's cameras running, and hands its results on.

    ``on_result`` is called from one thread, in order; a result stays queued until it returned, and
    is offered again when it raised. ``clock_factory`` and ``prepare_child`` (which may set up the
    child's logging) are pickled for the child. It is started anew when the registry's cameras of
    this gateway change. ``shard`` (number, of how many) gives this one its part of them: the same
    cameras go to the same worker as long as there are as many.
    """

    def __init__(  # noqa: PLR0913  a composition root names each part of the watch once
        self,
        *,
        gateway_id: str,
        registry: Registry,
        references_folder: Path,
        clock: Clock,
        clock_factory: Callable[[], Clock],
        on_result: Callable[[SnapshotResult], None],
        metrics: VisionMetrics,
        prepare_child: Callable[[], None] | None = None,
        logins: Mapping[str, CameraLogin] | None = None,
        silence_s: float = SILENCE_S,
        overflow_network: bool = False,
        detector_file: Path | None = None,
        quick_looks: bool = False,
        figures_folder: Path | None = None,
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        self._gateway_id = gateway_id
        self._registry = registry
        self._references_folder = references_folder
        self._clock = clock
        self._clock_factory = clock_factory
        self._prepare_child = prepare_child
        self._metrics = metrics
        self._logins = dict(logins or {})
        self._silence_s = silence_s
        self._overflow_network = overflow_network
        self._detector_file = detector_file
        self._quick_looks = quick_looks
        self._figures_folder = figures_folder
        self._shard = shard
        self._results = ResultQueue(on_result=on_result, clock=clock, metrics=metrics)
        self._stop = threading.Event()
        self._keeper: threading.Thread | None = None
        self._crashes: Counter[str] = Counter()
        self._pid: int | None = None
        self._ready = False

    @property
    def pid(self) -> int | None:
        """The child that runs now, None between two."""
        return self._pid

    @property
    def ready(self) -> bool:
        """Whether the running child has spoken, or there is no camera to watch."""
        return self._ready

    def start(self) -> None:
        """Start watching. Returns at once; the first pictures come as the cameras fall due."""
        if self._keeper is None:
            self._results.start()
            self._keeper = threading.Thread(target=self._keep, name="vision-keeper")
            self._keeper.start()

    def stop(self) -> None:
        """End the child, hand on what has arrived, join the threads. Idempotent."""
        self._stop.set()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None
        self._results.stop()

    def _keep(self) -> None:
        backoff_s = _FIRST_BACKOFF_S
        while not self._stop.is_set():
            cameras = self._cameras()
            if not cameras:
                self._ready = True
                self._stop.wait(_LOOK_AGAIN_S)
                continue
            started_s = self._clock.monotonic_s()
            if self._watch_with_child(cameras):
                backoff_s = _FIRST_BACKOFF_S
                continue
            if self._clock.monotonic_s() - started_s >= _HEALTHY_AFTER_S:
                backoff_s = _FIRST_BACKOFF_S
            self._stop.wait(backoff_s)
            backoff_s = min(_LONGEST_BACKOFF_S, backoff_s * 2)

    def _cameras(self) -> dict[str, Camera]:
        return {
            device_id: camera
            for device_id, camera in self._registry.current().cameras.items()
            if camera.gateway_id == self._gateway_id and self._is_mine(device_id)
        }

    def _is_mine(self, device_id: str) -> bool:
        number, of = self._shard
        return zlib.crc32(device_id.encode()) % of == number

    def _watch_with_child(self, cameras: dict[str, Camera]) -> bool:
        """Run one child to its end; return whether it ended because we wanted it to."""
        link, busy_with = None, None
        try:
            link = ChildLink(self._orders(cameras))
            self._pid = link.pid
            self._metrics.child_starts.inc()
            heard_s = self._clock.monotonic_s()
            while not self._stop.is_set() and self._cameras() == cameras:
                message = link.hear(_LOOK_AGAIN_S)
                if message is not None:
                    heard_s = self._clock.monotonic_s()
                    busy_with = self._take(message, cameras)
                elif self._clock.monotonic_s() - heard_s > self._silence_s:
                    self._child_lost(cameras, busy_with, "silent")
                    link.kill()
                    return False
        except (ChildEndedError, UnreadableMessageError, OSError) as error:
            self._child_lost(cameras, busy_with, repr(error))
            return False
        finally:
            self._pid, self._ready = None, False
            if link is not None:
                link.end()
        return True

    def _orders(self, cameras: dict[str, Camera]) -> ChildOrders:
        return ChildOrders(
            cameras=tuple(cameras.values()),
            references_folder=self._references_folder,
            clock_factory=self._clock_factory,
            prepare=self._prepare_child,
            logins={name: self._logins[name] for name in cameras if name in self._logins},
            patience={
                name: min(_LONGEST_PATIENCE, 2**crashes) for name, crashes in self._crashes.items()
            },
            overflow_network=self._overflow_network,
            detector_file=self._detector_file,
            quick_looks=self._quick_looks,
            figures_folder=self._figures_folder,
        )

    def _take(self, message: Beat | Looked, cameras: dict[str, Camera]) -> str | None:
        """Take a message and return the camera whose bytes the child is opening."""
        self._ready = True
        if isinstance(message, Beat):
            for outcome, count in message.counts.items():
                self._metrics.snapshots.labels(outcome).inc(count)
            return message.busy_with
        if message.device_id not in cameras:
            raise UnreadableMessageError(message.device_id)
        if message.values.camera_health is not CameraHealth.UNREACHABLE:
            self._crashes.pop(message.device_id, None)
        self._results.put(message.result(self._clock.now()))
        return None

    def _child_lost(self, cameras: dict[str, Camera], busy_with: str | None, why: str) -> None:
        """Log it, and answer for the camera whose picture it was opening."""
        self._metrics.snapshots.labels("crashed_reader").inc()
        _log.error("vision_child_lost", why=why, opening=busy_with)
        if busy_with not in cameras or busy_with is None:
            return
        self._crashes[busy_with] += 1
        now = self._clock.now()
        self._results.put(
            SnapshotResult(
                record=Record(
                    device_id=busy_with,
                    observed_at=now,
                    gateway_at=now,
                    values=failed_camera(cameras[busy_with], CameraHealth.UNREADABLE),
                )
            )
        )
