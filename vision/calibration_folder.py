"""Calibrations as files: what is in force stands in the registry, every version beside it.

In the run's folder of references: ``{sha256}.jpg`` the references, ``{camera}.calibration.json``
the overflow threshold in force, ``calibrations/{camera}/000001.json`` the versions, and
``calibrations/{camera}/looks.jsonl`` who was shown live pictures.
"""

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from domain.calibration import (
    CalibrationVersion,
    CameraCalibration,
    OverflowThreshold,
    StaleCalibrationError,
    UnknownCameraError,
    check_zones,
)
from domain.cases import Actor
from domain.checks import InvalidValueError
from domain.devices import Camera
from domain.ports.registry import Registry, RegistryEditor
from vision.overflow_calibration import (
    Calibration,
    UnusableCalibrationError,
    calibration_path,
    read_calibration,
    write_calibration,
)

_log = structlog.get_logger()

FOUND_NOTE = "as found"
"""The note of the version that was in force before the first one was saved here."""


class CalibrationFolder:
    """Fulfils ``domain.ports.calibration_store.CalibrationStore``; one process writes.

    A version's file is there before the registry changes: after a crash between the two the older
    calibration is in force, and the newer one can be restored from its version.
    """

    def __init__(self, *, folder: Path, registry: Registry, editor: RegistryEditor) -> None:
        self._folder = folder
        self._registry = registry
        self._editor = editor
        self._mutex = threading.Lock()
        self._ahead: dict[str, tuple[int, Camera]] = {}

    def current(self, camera_id: str) -> CameraCalibration:
        """Return what is in force."""
        camera = self._camera(camera_id)
        return CameraCalibration(
            zones=camera.zones, references=camera.references, overflow=self._threshold(camera_id)
        )

    def versions(self, camera_id: str) -> Sequence[CalibrationVersion]:
        """Return every version, the newest first; one that cannot be read is logged."""
        self._camera(camera_id)
        found = []
        for path in sorted(self._versions_of(camera_id).glob("[0-9]*.json"), reverse=True):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=CalibrationVersion))
            except (OSError, msgspec.DecodeError, InvalidValueError) as error:
                _log.error("calibration_version_unreadable", path=str(path), error=str(error))
        return found

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
        """Put a calibration in force as a new version."""
        check_zones(calibration.zones)
        with self._mutex:
            before = self.current(camera_id)
            if based_on is not None and before != based_on:
                raise StaleCalibrationError(camera_id)
            version = CalibrationVersion(
                camera_id=camera_id,
                number=self._newest_number(camera_id) + 1,
                saved_at=saved_at,
                saved_by=saved_by,
                note=note,
                calibration=calibration,
            )
            if version.number == 1:
                found = replace(version, note=FOUND_NOTE, saved_by=Actor.RULE, calibration=before)
                self._write_version(found)
                version = replace(version, number=2)
            self._write_version(version)
            self._put_in_force(camera_id, calibration)
        return version

    def put_reference(self, jpeg: bytes) -> str:
        """Keep a clean reference and return its SHA-256."""
        sha256 = hashlib.sha256(jpeg).hexdigest()
        path = self._folder / f"{sha256}.jpg"
        if not path.exists():
            _write_whole(path, jpeg)
        return sha256

    def note_look(self, camera_id: str, *, looked_by: Actor, looked_at: datetime) -> None:
        """Add a line to the camera's list of looks."""
        self._camera(camera_id)
        path = self._versions_of(camera_id) / "looks.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"looked_at": looked_at.isoformat(), "looked_by": str(looked_by)})
        with self._mutex, path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _camera(self, camera_id: str) -> Camera:
        registry = self._registry.current()
        camera = registry.cameras.get(camera_id)
        if camera is None:
            raise UnknownCameraError(camera_id)
        # A registry in PostgreSQL is followed a second behind: of two who save one after the
        # other, the second is to be measured by what the first has put in force.
        version, saved = self._ahead.get(camera_id, (0, camera))
        return saved if registry.version == version else camera

    def _versions_of(self, camera_id: str) -> Path:
        return self._folder / "calibrations" / camera_id

    def _newest_number(self, camera_id: str) -> int:
        numbers = [int(p.stem) for p in self._versions_of(camera_id).glob("[0-9]*.json")]
        return max(numbers, default=0)

    def _write_version(self, version: CalibrationVersion) -> None:
        path = self._versions_of(version.camera_id) / f"{version.number:06d}.json"
        _write_whole(path, msgspec.json.format(msgspec.json.encode(version), indent=1) + b"\n")

    def _put_in_force(self, camera_id: str, calibration: CameraCalibration) -> None:
        """The registry last: the edge reads everything anew when its camera has changed."""
        threshold = calibration.overflow
        if threshold is None:
            calibration_path(self._folder, camera_id).unlink(missing_ok=True)
        else:
            write_calibration(
                calibration_path(self._folder, camera_id),
                Calibration(
                    threshold=threshold.logit,
                    normal_pictures=threshold.normal_pictures,
                    network_sha256=threshold.network_sha256,
                ),
            )
        camera = self._camera(camera_id)
        wanted = replace(camera, zones=calibration.zones, references=calibration.references)
        if wanted != camera:
            seen = self._registry.current().version
            self._editor.replace_camera(wanted)
            self._ahead[camera_id] = (seen, wanted)

    def _threshold(self, camera_id: str) -> OverflowThreshold | None:
        try:
            found = read_calibration(calibration_path(self._folder, camera_id))
        except FileNotFoundError:
            return None
        except (OSError, UnusableCalibrationError) as error:
            _log.error("calibration_unusable", device_id=camera_id, error=str(error))
            return None
        return OverflowThreshold(
            logit=found.threshold,
            normal_pictures=found.normal_pictures,
            network_sha256=found.network_sha256,
        )


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
