"""A camera's clean picture renewed by one who says that its place is clean now."""

from dataclasses import dataclass, replace

from api.parts import CentreParts
from domain.calibration import CalibrationVersion
from domain.cases import Actor
from domain.devices import Camera, ReferencePicture
from domain.ports.calibration_store import CalibrationStore
from domain.ports.camera_bench import BenchError, BenchRefusal, CameraBench
from domain.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanPictures:
    """Renews clean pictures through the bench; each is a version of its camera's calibration."""

    store: CalibrationStore
    bench: CameraBench
    clock: Clock

    def renew(self, camera: Camera, *, said_by: Actor, note: str) -> CalibrationVersion:
        """Take pictures, and put the reference that they give in force as a new version.

        Takes some ten seconds. Raises ``BenchError`` with what speaks against it,
        ``StaleCalibrationError`` where somebody else has saved meanwhile, ``UnknownCameraError``,
        and ``OSError`` where nothing can be written.
        """
        store, camera_id = self.store, camera.device_id
        before = store.current(camera_id)
        in_force = replace(camera, zones=before.zones, references=before.references)
        try:
            store.note_look(camera_id, looked_by=said_by, looked_at=self.clock.now())
        except OSError as error:
            raise BenchError(BenchRefusal.NOT_RECORDED) from error
        made = self.bench.renewed_reference(in_force)
        fresh = ReferencePicture(lighting=made.lighting, sha256=store.put_reference(made.jpeg))
        others = (one for one in before.references if one.lighting is not made.lighting)
        return store.save(
            camera_id,
            replace(before, references=(*others, fresh)),
            saved_by=said_by,
            saved_at=self.clock.now(),
            note=note,
            based_on=before,
        )


def clean_pictures(parts: CentreParts) -> CleanPictures | None:
    """Return what renews them, None where no camera is calibrated here."""
    if parts.calibrations is None or parts.bench is None:
        return None
    return CleanPictures(store=parts.calibrations, bench=parts.bench, clock=parts.clock)
