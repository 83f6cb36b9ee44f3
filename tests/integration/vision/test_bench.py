"""The bench's real process: pictures of now, the real judge, and nothing left on the disk."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from domain.devices import Camera, Lighting
from domain.ports.camera_bench import BenchError, BenchRefusal
from domain.problems import ProblemClass
from domain.records import CameraHealth, VerdictState
from tests.fakes.camera_server import CameraServer
from tests.fakes.sample_pictures import clean_scene, jpeg_of, street_camera, with_noise
from vision.bench import ProcessBench, ProcessBenchSession

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
