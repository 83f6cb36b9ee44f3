"""The real child learns what never moves, by the camera, and knows it again after a restart."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from huanwei.business_clock import Anchor, AnchoredClock, write_anchor
from tests.fakes.camera_server import CameraServer
from tests.fakes.sample_pictures import clean_scene, jpeg_of, with_bag, with_noise
from tests.integration.vision.test_vision_child import Taking, camera_at, registry_of, wait_for
from vision.child import VisionChild
from vision.figure_file import figures_path, read_figures
from vision.metrics import VisionMetrics
from vision.onnx_writing import model, node, tensor

pytestmark = pytest.mark.takes_s(15)

BAG = [jpeg_of(with_noise(with_bag(clean_scene(), x=230), number)) for number in range(6)]
CELLS = 11


def somebody_in_the_middle(folder: Path) -> Path:
    """Return a network of FastestDet's layout that sees one person, always at one spot."""
    seen = np.zeros((1, 85, CELLS, CELLS), dtype=np.float32)
    seen[0, [0, 5], 5, 5] = 1.0
    seen[0, 3:5, 5, 5] = -2.0, -1.0
    path = folder / "detector.onnx"
    path.write_bytes(
        model(
            [
                node("Conv", ["x", "weights"], "none", kernel_shape=(32, 32), strides=(32, 32)),
                node("Add", ["none", "seen"], "y"),
            ],
            [
                tensor("weights", np.zeros((85, 3, 32, 32), dtype=np.float32)),
                tensor("seen", seen),
            ],
            inputs=[("x", (1, 3, 352, 352))],
            outputs=[("y", (1, 85, CELLS, CELLS))],
        )
    )
    return path


def test_the_child_learns_what_never_moves_and_a_restart_does_not_forget_it(
    tmp_path: Path,
) -> None:
    anchor = tmp_path / "clock.json"
    write_anchor(anchor, Anchor(wall_s=time.time(), virtual_s=time.time() - 86_400, speed=7200.0))
    clock = partial(AnchoredClock, anchor)
    detector, path = somebody_in_the_middle(tmp_path), figures_path(tmp_path / "figures", "cam-01")

    def watch_until(condition: Callable[[], bool]) -> None:
        child = VisionChild(
            gateway_id="gw-1",
            registry=registry_of([camera]),
            references_folder=tmp_path,
            clock=clock(),
            clock_factory=clock,
            on_result=Taking(),
            metrics=VisionMetrics(CollectorRegistry()),
            detector_file=detector,
            figures_folder=path.parent,
        )
        child.start()
        try:
            wait_for(condition, 40)
        finally:
            child.stop()

    with CameraServer({"/cam-01": BAG}) as server:
        camera = replace(camera_at(server, "cam-01", tmp_path), snapshot_interval_s=600)
        watch_until(lambda: any(one.is_permanent for one in read_figures(path)))
        (learned,) = read_figures(path)
        watch_until(lambda: read_figures(path)[0].seen > learned.seen)
    (known,) = read_figures(path)
    assert (known.number, known.first_seen) == (learned.number, learned.first_seen)
    assert learned.last_seen - learned.first_seen >= timedelta(hours=4)
