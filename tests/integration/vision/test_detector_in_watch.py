"""A detector of the owner's own: tried at the start, used by the watching, or refused."""

from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from huanwei.business_clock import SystemClock
from huanwei.edge import _usable_detector
from huanwei.errors import StandsInTheWayError
from tests.fakes.camera_server import CameraServer
from tests.fakes.sample_pictures import street_camera
from tests.integration.vision.test_vision_child import (
    LIVE,
    Taking,
    camera_at,
    registry_of,
    wait_for,
)
from vision.child import VisionChild
from vision.detector_check import DetectorRefusedError, check_detector
from vision.metrics import VisionMetrics
from vision.onnx_writing import model, node, tensor


def detector_file(folder: Path, channels: int = 85) -> Path:
    """Return a network of FastestDet's layout that never finds anybody."""
    weights = np.zeros((channels, 3, 32, 32), dtype=np.float32)
    path = folder / "detector.onnx"
    path.write_bytes(
        model(
            [node("Conv", ["x", "weights"], "y", kernel_shape=(32, 32), strides=(32, 32))],
            [tensor("weights", weights)],
            inputs=[("x", (1, 3, 352, 352))],
            outputs=[("y", (1, channels, 11, 11))],
        )
    )
    return path


def child_with(
    folder: Path, taking: Taking, server: CameraServer, names: list[str], **options: object
) -> VisionChild:
    return VisionChild(
        gateway_id="gw-1",
        registry=registry_of([camera_at(server, name, folder) for name in names]),
        references_folder=folder,
        clock=SystemClock(),
        clock_factory=SystemClock,
        on_result=taking,
        metrics=VisionMetrics(CollectorRegistry()),
        **options,  # type: ignore[arg-type]  # passed on as they are
    )


def test_the_child_watches_with_a_detectors_file(tmp_path: Path) -> None:
    taking, path = Taking(), detector_file(tmp_path)
    check_detector(path)
    with CameraServer({"/cam-01": LIVE}) as server:
        child = child_with(tmp_path, taking, server, ["cam-01"], detector_file=path)
        child.start()
        try:
            wait_for(lambda: len(taking.results) >= 1)
        finally:
            child.stop()
    assert taking.healths("cam-01")[0].value == "ok"


@pytest.mark.parametrize("kind", ["missing", "no network", "another layout"])
def test_a_detector_that_cannot_be_used_ends_the_start_and_says_why(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "detector.onnx"
    if kind == "no network":
        path.write_bytes(b"not a network")
    if kind == "another layout":
        detector_file(tmp_path, channels=7)
    with pytest.raises(DetectorRefusedError, match=r"detector\.onnx"):
        check_detector(path)
    if kind == "missing":
        with pytest.raises(StandsInTheWayError, match="take the line out"):
            _usable_detector(path)


def test_workers_share_the_cameras_and_none_is_watched_twice_or_never(tmp_path: Path) -> None:
    names = [f"cam-{number:02d}" for number in range(20)]
    cameras = [street_camera(name, f"http://camera.invalid/{name}") for name in names]
    parts = [
        VisionChild(
            gateway_id="gw-1",
            registry=registry_of(cameras),
            references_folder=tmp_path,
            clock=SystemClock(),
            clock_factory=SystemClock,
            on_result=Taking(),
            metrics=VisionMetrics(CollectorRegistry()),
            shard=(number, 3),
        )._cameras()
        for number in range(3)
    ]
    assert sorted(name for part in parts for name in part) == names
    assert all(parts)
