"""The real child process: it works, dies, comes back, and ends with its parent."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest
from prometheus_client import CollectorRegistry

from domain.devices import Camera, Lighting, ReferencePicture
from domain.places import Name
from domain.ports.clock import Clock
from domain.problems import ProblemClass
from domain.records import CameraHealth, SnapshotVerdicts, VerdictState
from domain.registry import RegistrySnapshot
from huanwei.business_clock import Anchor, AnchoredClock, SystemClock, write_anchor
from tests.fakes.camera_server import CameraServer
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.sample_pictures import clean_scene, jpeg_of, street_camera, with_noise
from vision.child import VisionChild
from vision.limited_cv2 import cv2
from vision.metrics import VisionMetrics
from vision.overflow_calibration import Calibration, calibration_path, write_calibration
from vision.overflow_network import OverflowNetwork, load_network, shipped_network_head
from vision.results import Beat, SnapshotResult

pytestmark = pytest.mark.takes_s(15)

SCENE = clean_scene()
LIVE = [jpeg_of(with_noise(SCENE, number)) for number in range(6)]


class Taking:
    """A gateway that takes results, after refusing the first ``refusals``."""

    def __init__(self, refusals: int = 0) -> None:
        self.results: list[SnapshotResult] = []
        self._refusals = refusals
        self._mutex = threading.Lock()

    def __call__(self, result: SnapshotResult) -> None:
        with self._mutex:
            if self._refusals:
                self._refusals -= 1
                msg = "not now"
                raise OSError(msg)
            self.results.append(result)

    def healths(self, device_id: str) -> list[CameraHealth]:
        return [
            result.record.values.camera_health
            for result in self.results
            if result.record.device_id == device_id
            and isinstance(result.record.values, SnapshotVerdicts)
        ]


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def registry_of(cameras: list[Camera]) -> MemoryRegistry:
    empty = RegistrySnapshot(
        version=1,
        district=Name(zh="测试区"),
        subdistricts={},
        units={},
        crews={},
        places={},
        containers={},
        sensors={},
    )
    # Places and containers are of no concern to vision, so the whole is not checked here.
    object.__setattr__(empty, "cameras", {camera.device_id: camera for camera in cameras})
    return MemoryRegistry(empty)


def camera_at(server: CameraServer, name: str, folder: Path) -> Camera:
    reference = jpeg_of(SCENE, 92)
    sha256 = hashlib.sha256(reference).hexdigest()
    (folder / f"{sha256}.jpg").write_bytes(reference)
    return replace(
        street_camera(name, server.url(f"/{name}")),
        snapshot_interval_s=1,
        references=(ReferencePicture(lighting=Lighting.DAY, sha256=sha256),),
    )


def child_of(
    registry: MemoryRegistry,
    folder: Path,
    taking: Taking,
    silence_s: float = 10.0,
    *,
    overflow_network: bool = False,
    clock_factory: Callable[[], Clock] = SystemClock,
) -> VisionChild:
    return VisionChild(
        gateway_id="gw-1",
        registry=registry,
        references_folder=folder,
        clock=clock_factory(),
        clock_factory=clock_factory,
        on_result=taking,
        metrics=VisionMetrics(CollectorRegistry()),
        silence_s=silence_s,
        overflow_network=overflow_network,
    )


def ten_times_as_fast(folder: Path) -> Path:
    path = folder / "clock.json"
    write_anchor(path, Anchor(wall_s=time.time(), virtual_s=time.time() - 86_400, speed=10.0))
    return path


def test_a_calibration_saved_while_the_child_runs_counts_with_its_next_pictures(
    tmp_path: Path,
) -> None:
    taking = Taking()
    doubtful = SCENE.copy()
    cv2.rectangle(doubtful, (290, 44), (302, 100), (20, 20, 220), -1)
    pictures = [jpeg_of(with_noise(doubtful, number)) for number in range(6)]

    def calibrate_at(threshold: float) -> None:
        write_calibration(
            calibration_path(tmp_path, "cam-01"),
            Calibration(
                threshold=threshold,
                normal_pictures=20,
                network_sha256=identity,
            ),
        )

    def overflow(number: int) -> VerdictState | None:
        values = taking.results[number].record.values
        assert isinstance(values, SnapshotVerdicts)
        return next(
            (
                verdict.state
                for verdict in values.verdicts
                if verdict.problem_class is ProblemClass.BIN_OVERFLOW
            ),
            None,
        )

    identity = OverflowNetwork(load_network(), shipped_network_head()).identity
    calibrate_at(30.0)
    with CameraServer({"/cam-01": pictures}) as server:
        child = child_of(
            registry_of([camera_at(server, "cam-01", tmp_path)]),
            tmp_path,
            taking,
            overflow_network=True,
            clock_factory=partial(AnchoredClock, ten_times_as_fast(tmp_path)),
        )
        child.start()
        try:
            wait_for(lambda: len(taking.results) >= 5)
            before = overflow(-1)
            calibrate_at(-30.0)
            wait_for(lambda: overflow(-1) is VerdictState.PRESENT)
        finally:
            child.stop()
    assert before is VerdictState.UNKNOWN
    assert set(taking.healths("cam-01")) == {CameraHealth.OK}


def test_verdicts_and_pictures_come_and_nothing_is_lost_while_the_gateway_refuses(
    tmp_path: Path,
) -> None:
    taking = Taking(refusals=2)
    with CameraServer({"/cam-01": LIVE}) as server:
        child = child_of(registry_of([camera_at(server, "cam-01", tmp_path)]), tmp_path, taking)
        child.start()
        try:
            wait_for(lambda: len(taking.results) >= 2)
        finally:
            child.stop()
            child.stop()
    first = taking.results[0]
    assert first.jpeg is not None
    assert isinstance(first.record.values, SnapshotVerdicts)
    assert first.record.values.picture_sha256 == hashlib.sha256(first.jpeg).hexdigest()
    assert taking.healths("cam-01")[0] is CameraHealth.OK
    times = [result.record.observed_at for result in taking.results]
    assert times == sorted(set(times))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_is_killed_or_hangs_is_replaced(tmp_path: Path, how: signal.Signals) -> None:
    taking = Taking()
    with CameraServer({"/cam-01": LIVE}) as server:
        registry = registry_of([camera_at(server, "cam-01", tmp_path)])
        child = child_of(registry, tmp_path, taking, silence_s=1.5)
        child.start()
        try:
            wait_for(lambda: len(taking.results) >= 1)
            first = child.pid
            assert first is not None
            os.kill(first, how)
            wait_for(lambda: child.pid not in (None, first))
            had = len(taking.results)
            wait_for(lambda: len(taking.results) > had)
        finally:
            child.stop()
        assert not psutil.pid_exists(first)


def test_bad_pictures_of_one_camera_leave_the_other_alone(tmp_path: Path) -> None:
    bad = [b"", LIVE[0][:-20], os.urandom(5000), b"\x89PNG\r\n\x1a\n" + bytes(100)]
    taking = Taking()
    with CameraServer({"/cam-01": LIVE, "/cam-02": bad}) as server:
        cameras = [camera_at(server, name, tmp_path) for name in ("cam-01", "cam-02")]
        child = child_of(registry_of(cameras), tmp_path, taking)
        child.start()
        try:
            wait_for(lambda: len(taking.healths("cam-02")) >= 2)
            wait_for(lambda: len(taking.healths("cam-01")) >= 3)
            assert child.pid is not None
        finally:
            child.stop()
    assert set(taking.healths("cam-02")) == {CameraHealth.UNREADABLE}
    assert set(taking.healths("cam-01")) == {CameraHealth.OK}


def test_a_changed_registry_is_watched_without_a_restart_of_the_edge(tmp_path: Path) -> None:
    taking = Taking()
    with CameraServer({"/cam-01": LIVE, "/cam-02": LIVE}) as server:
        registry = registry_of([camera_at(server, "cam-01", tmp_path)])
        child = child_of(registry, tmp_path, taking)
        child.start()
        try:
            wait_for(lambda: len(taking.healths("cam-01")) >= 1)
            both = [camera_at(server, name, tmp_path) for name in ("cam-01", "cam-02")]
            registry.replace(registry_of(both).current())
            wait_for(lambda: len(taking.healths("cam-02")) >= 1)
        finally:
            child.stop()


def test_the_camera_that_a_child_died_of_is_answered_for_and_asked_more_rarely(
    tmp_path: Path,
) -> None:
    taking = Taking()
    camera = street_camera("cam-01")
    child = child_of(registry_of([camera]), tmp_path, taking)
    cameras = {"cam-01": camera}
    for _ in range(2):
        busy_with = child._take(Beat(busy_with="cam-01"), cameras)
        child._child_lost(cameras, busy_with, "killed by its limit")
    child._child_lost(cameras, child._take(Beat(busy_with=None), cameras), "nobody's fault")
    child._results.start()
    child.stop()
    assert taking.healths("cam-01") == [CameraHealth.UNREADABLE] * 2
    assert child._orders(cameras).patience == {"cam-01": 4}


def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from huanwei.business_clock import SystemClock\n"
        "from pathlib import Path\n"
        "from vision.child_link import ChildLink\n"
        "from vision.orders import ChildOrders\n"
        "link = ChildLink(ChildOrders(cameras=(), references_folder=Path('.'),\n"
        "    clock_factory=SystemClock, prepare=None, logins={}, patience={}))\n"
        "assert link.hear(20) is not None\n"
        "print(link.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    child_pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(
        lambda: (
            not psutil.pid_exists(child_pid)
            or psutil.Process(child_pid).status() == psutil.STATUS_ZOMBIE
        )
    )
