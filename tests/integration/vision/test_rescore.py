"""An archive is judged again on all cores, and goes on where it was ended."""

import json
from pathlib import Path

import pytest

from domain.devices import Camera
from tests.fakes.sample_pictures import clean_scene, jpeg_of, street_camera, with_bag, with_noise
from vision.rescore import Progress, Segment, rescore, segments_of


def archive_of(folder: Path, camera: Camera, count: int = 9) -> None:
    scene = clean_scene()
    (folder / camera.device_id).mkdir(parents=True)
    for number in range(count):
        picture = with_noise(with_bag(scene) if number >= 3 else scene, number)
        path = folder / camera.device_id / f"{number:04d}.jpg"
        path.write_bytes(jpeg_of(picture) if number != 1 else b"\xff\xd8 broken")


@pytest.fixture
def segments(tmp_path: Path) -> list[Segment]:
    camera = street_camera()
    archive_of(tmp_path / "archive", camera)
    return segments_of(
        tmp_path / "archive",
        tmp_path / "out",
        [camera, street_camera("cam-without-pictures")],
        references_folder=tmp_path / "references",
        overflow_network=False,
        length=5,
    )


def test_every_picture_is_told_once_in_order_and_a_broken_one_is_unknown(
    segments: list[Segment],
) -> None:
    told: list[Progress] = []

    ended = rescore(segments, workers=2, on_progress=told.append)

    assert ended == Progress(done=9, of=9, failed=0)
    assert told[0].done == 0
    lines = [
        json.loads(line)
        for segment in segments
        for line in Path(segment.result).read_text(encoding="utf-8").splitlines()
    ]
    names = [Path(line["picture"]).name for line in lines]
    assert names == [f"{number:04d}.jpg" for number in range(9)]
    assert lines[1]["said"]["camera_health"] == "unreadable"


def test_a_run_that_was_ended_goes_on_with_what_is_missing(segments: list[Segment]) -> None:
    rescore(segments[:1], workers=1, on_progress=lambda _: None)
    before = Path(segments[0].result).stat()
    told: list[Progress] = []

    ended = rescore(segments, workers=1, on_progress=told.append)

    assert told[0] == Progress(done=5, of=9, failed=0)
    assert ended.done == 9
    assert Path(segments[0].result).stat() == before
