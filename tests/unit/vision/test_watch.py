import time
from collections.abc import Mapping
from datetime import datetime

from domain.devices import Camera, Lighting
from domain.records import CameraHealth, SnapshotVerdicts, VerdictState
from tests.fakes.manual_clock import ManualClock
from tests.fakes.sample_pictures import clean_scene, jpeg_of, street_camera, with_noise
from vision.judging import CameraJudge
from vision.limited_cv2 import Picture
from vision.overflow_score import shipped_head
from vision.results import SnapshotResult
from vision.snapshot_source import FetchFailure, SnapshotUnavailableError
from vision.watch import CameraWatch

SCENE = clean_scene()


class ScriptedCameras:
    """Fulfils ``vision.snapshot_source.SnapshotSource``: answers what a test has put there."""

    def __init__(self, answers: dict[str, bytes | Exception]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.closed = False

    def fetch(self, camera: Camera) -> bytes:
        self.asked.append(camera.device_id)
        answer = self.answers[camera.device_id]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


class Round:
    """A watch on its own clock, and what came of it."""

    def __init__(self, answers: dict[str, bytes | Exception]) -> None:
        self.clock = ManualClock()
        self.cameras = ScriptedCameras(answers)
        self.results: list[SnapshotResult] = []
        self.opened: list[str | None] = []
        self.watch = CameraWatch(
            judges=[
                CameraJudge(street_camera(name), _references, head=shipped_head())
                for name in answers
            ],
            source=self.cameras,
            clock=self.clock,
            on_result=self.results.append,
            before_opening=self.opened.append,
        )

    def minutes(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(minutes=1)
            self.watch.step()
            deadline = time.monotonic() + 5
            while self.awaited and time.monotonic() < deadline:
                self.watch.step(0.05)
            assert not self.awaited

    @property
    def awaited(self) -> bool:
        return any(seat.asked_at is not None for seat in self.watch._seats)

    def of(self, device_id: str) -> list[SnapshotVerdicts]:
        return [
            result.record.values
            for result in self.results
            if result.record.device_id == device_id
            and isinstance(result.record.values, SnapshotVerdicts)
        ]


def _references(_: Camera) -> Mapping[Lighting, Picture]:
    return {Lighting.DAY: SCENE}


def test_every_camera_is_asked_once_an_interval_and_the_picture_follows_its_verdict() -> None:
    round_ = Round({"cam-01": jpeg_of(SCENE), "cam-02": jpeg_of(SCENE)})
    round_.minutes(3)
    round_.watch.close()
    assert sorted(round_.cameras.asked) == ["cam-01"] * 3 + ["cam-02"] * 3
    assert round_.cameras.closed
    for result in round_.results:
        assert isinstance(result.record.values, SnapshotVerdicts)
        assert result.jpeg is not None
        assert result.record.values.picture_sha256 is not None


def test_a_verdict_bears_the_time_of_asking_never_a_later_one() -> None:
    round_ = Round({"cam-01": jpeg_of(SCENE)})
    asked: list[datetime] = []
    for _ in range(3):
        round_.minutes(1)
        asked.append(round_.clock.now())
    round_.watch.close()
    assert [result.record.observed_at for result in round_.results] == asked


def test_one_bad_camera_and_one_bad_picture_stop_nobody() -> None:
    round_ = Round(
        {
            "cam-01": SnapshotUnavailableError(FetchFailure.TOO_SLOW),
            "cam-02": jpeg_of(SCENE)[:-9],
            "cam-03": RuntimeError("a bug"),
            "cam-04": jpeg_of(SCENE),
        }
    )
    round_.minutes(4)
    round_.watch.close()
    assert {v.camera_health for v in round_.of("cam-01")} == {CameraHealth.UNREACHABLE}
    assert {v.camera_health for v in round_.of("cam-02")} == {CameraHealth.UNREADABLE}
    assert {v.camera_health for v in round_.of("cam-03")} == {CameraHealth.UNREADABLE}
    assert [v.camera_health for v in round_.of("cam-04")] == [CameraHealth.OK] * 4
    counts = round_.watch.counts.take()
    assert counts["judged"] == 4
    assert counts["fetch_too_slow"] >= 1
    assert counts["unreadable_truncated"] >= 1
    assert counts["failed"] >= 1


def test_a_failing_camera_says_unknown_for_every_zone_and_is_asked_more_rarely() -> None:
    round_ = Round({"cam-01": SnapshotUnavailableError(FetchFailure.UNREACHABLE)})
    round_.minutes(30)
    asked = len(round_.cameras.asked)
    assert 4 <= asked <= 8
    for values in round_.of("cam-01"):
        assert {verdict.state for verdict in values.verdicts} == {VerdictState.UNKNOWN}
        assert len(values.verdicts) == 4
    round_.cameras.answers["cam-01"] = jpeg_of(SCENE)
    round_.minutes(20)
    round_.watch.close()
    assert round_.of("cam-01")[asked].camera_health is CameraHealth.OK
    assert len(round_.cameras.asked) - asked >= 11


def test_the_camera_is_named_before_its_bytes_are_opened() -> None:
    round_ = Round({"cam-01": jpeg_of(SCENE)})
    round_.minutes(1)
    round_.watch.close()
    assert round_.opened == ["cam-01", None]


def test_another_picture_size_starts_anew_instead_of_failing() -> None:
    judge = CameraJudge(street_camera(), _references, head=shipped_head())
    for number in range(3):
        judge.judge(jpeg_of(with_noise(SCENE, number)))
    values, _ = judge.judge(jpeg_of(with_noise(SCENE, 9)[::2, ::2].copy()))
    assert values.camera_health is CameraHealth.OK


def test_turns_that_cannot_be_kept_are_skipped_and_counted() -> None:
    round_ = Round({"cam-01": jpeg_of(SCENE)})
    round_.minutes(1)
    round_.watch.counts.take()
    round_.clock.advance(minutes=6)
    round_.minutes(1)
    round_.watch.close()
    assert len(round_.cameras.asked) == 2
    assert round_.watch.counts.take() == {"judged": 1, "turn_skipped": 6}


def test_no_camera_is_asked_again_while_its_answer_is_awaited() -> None:
    round_ = Round({"cam-01": jpeg_of(SCENE)})
    seat = round_.watch._seats[0]
    seat.asked_at = round_.clock.now()
    round_.clock.advance(minutes=10)
    round_.watch.step()
    round_.watch.close()
    assert round_.cameras.asked == []
