"""Where the calibrations of cameras are kept, each version of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.calibration import CalibrationVersion, CameraCalibration
from domain.cases import Actor


class CalibrationStore(Protocol):
    """Keeps calibrations. What is saved is in force: the running edge takes it over by itself.

    Methods that name a camera raise :class:`domain.calibration.UnknownCameraError`.
    """

    def current(self, camera_id: str) -> CameraCalibration:
        """Return what is in force."""
        ...

    def versions(self, camera_id: str) -> Sequence[CalibrationVersion]:
        """Return every version, the newest first; none where nothing was ever saved here."""
        ...

    def save(
        self,
        camera_id: str,
        calibration: CameraCalibration,
        *,
        saved_by: Actor,
        saved_at: datetime,
        note: str = "",
        based_on: CameraCalibration | None = None,
    ) -> CalibrationVersion:
        """Put a calibration in force, as a new version; what was in force stays as one before.

        With ``based_on`` raises :class:`domain.calibration.StaleCalibrationError` where something
        else is in force by now. Raises ``InvalidValueError`` for zones that cannot be used.
        """
        ...

    def put_reference(self, jpeg: bytes) -> str:
        """Keep a clean reference and return its SHA-256. Idempotent."""
        ...

    def note_look(self, camera_id: str, *, looked_by: Actor, looked_at: datetime) -> None:
        """Record durably that somebody was shown live pictures of a camera."""
        ...
