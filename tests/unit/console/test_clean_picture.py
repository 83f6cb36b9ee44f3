"""A clean picture is renewed on a person's word: written down, versioned, the other lights kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.case_records import CaseEvent, CaseLogEntry
from api.console.clean_picture import CleanPictures
from api.console.view_models.case_evidence import CLEAN_FOR, just_called_clean
from domain.calibration import CameraCalibration, StaleCalibrationError
from domain.cases import Actor, CaseAction, CaseState
from domain.devices import Camera, Lighting, ReferencePicture
from domain.ports.camera_bench import BenchError, BenchRefusal, BenchSession, RenewedReference
from tests.fakes.console_samples import CAMERA, REGISTRY
from tests.fakes.manual_clock import ManualClock
from tests.fakes.memory_calibrations import MemoryCalibrations
from tests.fakes.memory_registry import MemoryRegistry

NOW = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
NIGHT = ReferencePicture(lighting=Lighting.NIGHT, sha256="1" * 64)
DAY = ReferencePicture(lighting=Lighting.DAY, sha256="2" * 64)


class OneAnswer:
    """A bench that makes one reference, or refuses; ``meanwhile`` is what others save."""

    def __init__(self, answer: RenewedReference | BenchRefusal) -> None:
        self.answer = answer
        self.asked: list[Camera] = []
        self.meanwhile: CameraCalibration | None = None
        self.store: MemoryCalibrations | None = None

    def open(self, camera: Camera) -> BenchSession:
        del camera
        raise BenchError(BenchRefusal.BUSY)

    def renewed_reference(self, camera: Camera) -> RenewedReference:
        self.asked.append(camera)
        if self.store is not None and self.meanwhile is not None:
            self.store.save(camera.device_id, self.meanwhile, saved_by=Actor.OPERATOR, saved_at=NOW)
        if isinstance(self.answer, BenchRefusal):
            raise BenchError(self.answer)
        return self.answer


def calibrated() -> tuple[MemoryCalibrations, Camera]:
    registry = MemoryRegistry(REGISTRY)
    camera = replace(CAMERA, references=(NIGHT, DAY))
    registry.replace(replace(REGISTRY, cameras={camera.device_id: camera}))
    return MemoryCalibrations(registry), camera


def pictures_of(store: MemoryCalibrations, bench: OneAnswer) -> CleanPictures:
    return CleanPictures(store=store, bench=bench, clock=ManualClock(NOW))


def test_a_renewed_picture_takes_the_place_of_its_lights_and_can_be_put_back() -> None:
    store, camera = calibrated()
    bench = OneAnswer(RenewedReference(lighting=Lighting.DAY, jpeg=b"new"))
    before = store.current(camera.device_id)

    version = pictures_of(store, bench).renew(camera, said_by=Actor.INSPECTOR, note="case 7")

    kept, fresh = store.current(camera.device_id).references
    assert kept == NIGHT
    assert fresh.lighting is Lighting.DAY
    assert store.references[fresh.sha256] == b"new"
    assert (version.saved_by, version.saved_at, version.note) == (Actor.INSPECTOR, NOW, "case 7")
    assert [one.calibration for one in store.versions(camera.device_id)][-1] == before
    assert store.looks == [(camera.device_id, Actor.INSPECTOR, NOW)]
    assert bench.asked[0].references == (NIGHT, DAY)


def test_what_is_refused_changes_nothing_and_is_written_down_as_a_look() -> None:
    store, camera = calibrated()
    bench = OneAnswer(BenchRefusal.WASTE_SEEN)

    with pytest.raises(BenchError) as refused:
        pictures_of(store, bench).renew(camera, said_by=Actor.INSPECTOR, note="")

    assert refused.value.reason is BenchRefusal.WASTE_SEEN
    assert store.versions(camera.device_id) == []
    assert store.references == {}
    assert len(store.looks) == 1


def test_who_saves_during_the_ten_seconds_is_not_overruled() -> None:
    store, camera = calibrated()
    bench = OneAnswer(RenewedReference(lighting=Lighting.DAY, jpeg=b"new"))
    bench.store, bench.meanwhile = store, CameraCalibration(zones=camera.zones, references=(NIGHT,))

    with pytest.raises(StaleCalibrationError):
        pictures_of(store, bench).renew(camera, said_by=Actor.INSPECTOR, note="")

    assert store.current(camera.device_id).references == (NIGHT,)


def entry(
    action: CaseAction | CaseEvent, *, by: Actor = Actor.INSPECTOR, ago: timedelta = timedelta()
) -> CaseLogEntry:
    return CaseLogEntry(
        at=NOW - ago,
        actor=by,
        action=action,
        state_before=CaseState.AWAITING_VERIFICATION,
        state_after=CaseState.CLOSED,
        note="",
        approved_by=None,
        photos=(),
    )


def test_renewing_is_offered_after_a_persons_word_alone_and_not_for_long() -> None:
    confirmed = entry(CaseAction.CONFIRM_CLEAN)
    by_machine = entry(CaseAction.CONFIRM_CLEAN, by=Actor.MACHINE_VERIFICATION)
    finished = entry(CaseAction.FINISH, by=Actor.CREW, ago=timedelta(minutes=5))
    reopened = entry(CaseAction.SEND_BACK)
    long_ago = entry(CaseAction.CONFIRM_CLEAN, ago=CLEAN_FOR + timedelta(seconds=1))

    assert just_called_clean((finished, confirmed), NOW)
    assert just_called_clean((confirmed, entry(CaseEvent.PHOTOS_DOUBTED)), NOW)
    assert not just_called_clean((finished, by_machine), NOW)
    assert not just_called_clean((replace(confirmed, at=NOW - CLEAN_FOR), reopened), NOW)
    assert not just_called_clean((long_ago,), NOW)
    assert not just_called_clean((), NOW)
