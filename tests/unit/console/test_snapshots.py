"""A page finds the verdicts of the pictures that it names."""

from dataclasses import replace
from datetime import timedelta

from api.console.snapshots import snapshots_of
from domain.records import CameraHealth, Record, SnapshotVerdicts
from tests.fakes.console_samples import CAMERA, NOW
from tests.fakes.memory_history import MemoryHistory

WANTED, OTHER = "b" * 64, "c" * 64
SECOND = replace(CAMERA, device_id="cam-2")


def snapshot(sha256: str, minutes_ago: int, camera: str = "cam-1") -> Record:
    at = NOW - timedelta(minutes=minutes_ago)
    values = SnapshotVerdicts(camera_health=CameraHealth.OK, verdicts=(), picture_sha256=sha256)
    return Record(device_id=camera, observed_at=at, gateway_at=at, values=values)


def found(*records: Record) -> dict[str, Record]:
    history = MemoryHistory(*records)
    return dict(snapshots_of([(NOW, WANTED)], cameras=[CAMERA, SECOND], history=history))


def test_a_picture_is_found_near_the_moment_in_which_it_was_acted_on() -> None:
    for minutes_ago in (-9, 0, 1, 30):
        record = snapshot(WANTED, minutes_ago)
        assert found(snapshot(OTHER, 2), record) == {WANTED: record}
    assert found(snapshot(WANTED, 31)) == {}
    assert found(snapshot(WANTED, -10)) == {}


def test_any_camera_of_the_place_may_have_taken_it() -> None:
    record = snapshot(WANTED, 1, camera="cam-2")
    assert found(record) == {WANTED: record}
    assert found(snapshot(WANTED, 1, camera="cam-3")) == {}
