"""The bench's real process: pictures of now, the real judge, and nothing left on the disk."""

import hashlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
import psutil
import pytest

from domain.devices import Camera, Lighting, ReferencePicture
from domain.ports.camera_bench import BenchError, BenchRefusal
from domain.problems import ProblemClass
from domain.records import CameraHealth, Verdict, VerdictState
from domain.reviews import RejectedSpot
from tests.fakes.camera_server import CameraServer
from tests.fakes.sample_pictures import clean_scene, jpeg_of, street_camera, with_bag, with_noise
from vision.bench import ProcessBench, ProcessBenchSession
from vision.bench_messages import PICTURES_TO_RENEW
from vision.learned import rejected_path
from vision.limited_cv2 import Picture

SCENE = clean_scene()


@contextmanager
def session_at(folder: Path, pictures: list[bytes]) -> Iterator[tuple[ProcessBenchSession, Camera]]:
    with CameraServer({"/a": pictures}) as server:
        camera = replace(street_camera(), snapshot_url=server.url("/a"), references=())
        session = ProcessBench(references_folder=folder).open(camera)
        try:
            yield session, camera
        finally:
            session.close()


def test_a_reference_made_of_pictures_with_a_passer_by_shows_nobody(tmp_path: Path) -> None:
    walked = []
    for step in range(5):
        picture = with_noise(SCENE, step)
        picture[150:250, 40 + 60 * step : 80 + 60 * step] = (20, 20, 200)
        walked.append(jpeg_of(picture))
    with session_at(tmp_path, walked) as (session, _):
        numbers = [session.look().number for _ in walked]
        clean = session.clean_picture(numbers)

    made = cv2.imdecode(np.frombuffer(clean, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert made is not None
    way = made[152:248, 42:318].astype(int)
    before = SCENE[152:248, 42:318].astype(int)
    assert np.percentile(np.abs(way - before).max(axis=2), 99) < 40
    assert not ((way[..., 2] > 160) & (way[..., :2].max(axis=2) < 60)).any()
    assert list(tmp_path.iterdir()) == [], "nothing of the pictures is written"


def test_what_the_judge_would_say_of_the_pictures_on_the_bench(tmp_path: Path) -> None:
    tidy = [jpeg_of(with_noise(SCENE, number)) for number in range(2)]
    dirty = []
    for number in range(5):
        picture = with_noise(SCENE, 10 + number)
        picture[250:290, 300:360] = (15, 15, 15)
        dirty.append(jpeg_of(picture))
    with session_at(tmp_path, [*tidy, *dirty]) as (session, camera):
        first = session.look().number
        blind = session.try_out(camera, {})
        for _ in range(6):
            session.look()
        trial = session.try_out(camera, {Lighting.DAY: session.clean_picture([first])})

    assert {v.state for v in blind.verdicts[first].verdicts} == {VerdictState.UNKNOWN}
    assert {said.camera_health for said in trial.verdicts.values()} == {CameraHealth.OK}
    newest = trial.verdicts[max(trial.verdicts)]
    present = {v.problem_class for v in newest.verdicts if v.state is VerdictState.PRESENT}
    assert present <= {ProblemClass.BAGGED_WASTE_ON_GROUND, ProblemClass.EXPOSED_WASTE}
    assert present
    assert trial.stored_jpeg is not None


def test_a_camera_that_does_not_answer_and_one_that_sends_rubbish_are_told(tmp_path: Path) -> None:
    with session_at(tmp_path, [b"no picture", jpeg_of(SCENE)]) as (session, camera):
        with pytest.raises(BenchError) as unreadable:
            session.look()
        with pytest.raises(BenchError) as nothing:
            session.try_out(camera, {})
        assert session.look().number == 1
        with pytest.raises(BenchError) as few:
            session.threshold(camera, [1])
    with session_at(tmp_path, [b""]) as (session, camera):
        pass
    assert unreadable.value.reason is BenchRefusal.UNREADABLE
    assert nothing.value.reason is BenchRefusal.NO_PICTURES
    assert few.value.reason is BenchRefusal.TOO_FEW_CROPS
    with pytest.raises(BenchError) as ended:
        session.look()
    assert ended.value.reason is BenchRefusal.ENDED


def test_a_process_that_ended_ends_its_session_alone_and_its_place_is_free_asked_or_not(
    tmp_path: Path,
) -> None:
    bench = ProcessBench(references_folder=tmp_path)
    with CameraServer({"/a": [jpeg_of(SCENE)]}) as server:
        camera = replace(street_camera(), snapshot_url=server.url("/a"))
        sessions = [bench.open(camera) for _ in range(3)]
        with pytest.raises(BenchError) as busy:
            bench.open(camera)
        os.kill(sessions[0].pid, signal.SIGKILL)
        with pytest.raises(BenchError) as lost:
            sessions[0].look()
        assert sessions[1].look().number == 1
        sessions.append(bench.open(camera))
        os.kill(sessions[1].pid, signal.SIGTERM)
        os.waitid(os.P_PID, sessions[1].pid, os.WEXITED | os.WNOWAIT)
        sessions.append(bench.open(camera))
        pids = [session.pid for session in sessions]
        for session in sessions:
            session.close()

    assert busy.value.reason is BenchRefusal.BUSY
    assert lost.value.reason is BenchRefusal.ENDED
    assert not any(psutil.pid_exists(pid) for pid in pids)


@contextmanager
def bench_at(folder: Path, pictures: list[bytes]) -> Iterator[tuple[ProcessBench, Camera]]:
    """A bench, and a camera whose clean picture of before is in force."""
    before = jpeg_of(SCENE)
    sha256 = hashlib.sha256(before).hexdigest()
    (folder / f"{sha256}.jpg").write_bytes(before)
    with CameraServer({"/a": pictures}) as server:
        camera = replace(
            street_camera(),
            snapshot_url=server.url("/a"),
            references=(ReferencePicture(lighting=Lighting.DAY, sha256=sha256),),
        )
        yield ProcessBench(references_folder=folder, between_looks_s=0.0), camera


def noisy(scene: Picture, first: int = 0) -> list[bytes]:
    return [jpeg_of(with_noise(scene, first + number)) for number in range(PICTURES_TO_RENEW)]


def test_a_clean_picture_made_anew_takes_over_a_repainted_bin_and_what_people_called_no_waste(
    tmp_path: Path,
) -> None:
    changed = SCENE.copy()
    cv2.rectangle(changed, (257, 99), (351, 215), (40, 60, 190), -1)
    cv2.rectangle(changed, (420, 270), (485, 310), (45, 42, 40), -1)
    with bench_at(tmp_path, noisy(changed)) as (bench, camera):
        with pytest.raises(BenchError) as refused:
            bench.renewed_reference(camera)
        false = [one for one in said_of(bench, camera) if one.state is VerdictState.PRESENT]
        spots = [
            RejectedSpot(zone_id=v.zone_id, problem_class=v.problem_class, frame=box, times=1)
            for v in false
            for box in v.boxes
        ]
        rejected_path(tmp_path, camera.device_id).write_bytes(msgspec.json.encode(spots))
        renewed = bench.renewed_reference(camera)
        rejected_path(tmp_path, camera.device_id).unlink()
        after = said_of(bench, camera, {renewed.lighting: renewed.jpeg})

    assert refused.value.reason is BenchRefusal.WASTE_SEEN
    assert false, "the new cover in the ground is taken for waste"
    assert {verdict.state for verdict in after} == {VerdictState.CLEAR}


def said_of(
    bench: ProcessBench, camera: Camera, references: dict[Lighting, bytes] | None = None
) -> tuple[Verdict, ...]:
    session = bench.open(camera)
    try:
        newest = max(session.look().number for _ in range(PICTURES_TO_RENEW))
        return session.try_out(camera, references or {}).verdicts[newest].verdicts
    finally:
        session.close()


def test_a_bag_that_was_left_and_somebody_who_walks_refuse_a_clean_picture(tmp_path: Path) -> None:
    walking = []
    for step in range(PICTURES_TO_RENEW):
        picture = with_noise(SCENE, step)
        picture[200:300, 40 + 50 * step : 75 + 50 * step] = (30, 30, 160)
        walking.append(jpeg_of(picture))
    reasons = []
    for pictures in (noisy(with_bag(SCENE)), walking):
        with bench_at(tmp_path, pictures) as (bench, camera):
            with pytest.raises(BenchError) as refused:
                bench.renewed_reference(camera)
            reasons.append(refused.value.reason)
            sessions = [bench.open(camera) for _ in range(3)]
            for session in sessions:
                session.close()

    assert reasons == [BenchRefusal.WASTE_SEEN, BenchRefusal.SOMEBODY_THERE]
    assert len(list(tmp_path.iterdir())) == 1, "nothing of the pictures is written"
