"""Calibrations in memory."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.calibration import (
    CalibrationVersion,
    CameraCalibration,
    OverflowThreshold,
    StaleCalibrationError,
    UnknownCameraError,
    check_zones,
)
from domain.cases import Actor
from domain.devices import Camera
from domain.registry import RegistrySnapshot
from tests.fakes.memory_registry import MemoryRegistry


class MemoryRegistryEditor:
    """Fulfils ``domain.ports.registry.RegistryEditor`` over a registry in memory."""

    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry

    def replace_camera(self, camera: Camera) -> None:
        before: RegistrySnapshot = self._registry.current()
        if camera.device_id not in before.cameras:
            raise LookupError(camera.device_id)
        cameras = {**before.cameras, camera.device_id: camera}
        self._registry.replace(replace(before, version=before.version + 1, cameras=cameras))


class MemoryCalibrations:
    """Fulfils ``domain.ports.calibration_store.CalibrationStore``."""

    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry
        self._editor = MemoryRegistryEditor(registry)
        self._versions: defaultdict[str, list[CalibrationVersion]] = defaultdict(list)
        self._thresholds: dict[str, OverflowThreshold | None] = {}
        self.references: dict[str, bytes] = {}
        self.looks: list[tuple[str, Actor, datetime]] = []

    def current(self, camera_id: str) -> CameraCalibration:
        camera = self._camera(camera_id)
        return CameraCalibration(
            zones=camera.zones,
            references=camera.references,
            overflow=self._thresholds.get(camera_id),
        )

    def versions(self, camera_id: str) -> Sequence[CalibrationVersion]:
        self._camera(camera_id)
        return self._versions[camera_id][::-1]

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
        check_zones(calibration.zones)
        before, kept = self.current(camera_id), self._versions[camera_id]
        if based_on is not None and before != based_on:
            raise StaleCalibrationError(camera_id)
        version = CalibrationVersion(
            camera_id=camera_id,
            number=len(kept) + 1 if kept else 2,
            saved_at=saved_at,
            saved_by=saved_by,
            note=note,
            calibration=calibration,
        )
        if not kept:
            found = replace(
                version, number=1, note="as found", saved_by=Actor.RULE, calibration=before
            )
            kept.append(found)
        kept.append(version)
        self._thresholds[camera_id] = calibration.overflow
        self._editor.replace_camera(
            replace(
                self._camera(camera_id),
                zones=calibration.zones,
                references=calibration.references,
            )
        )
        return version

    def put_reference(self, jpeg: bytes) -> str:
        sha256 = hashlib.sha256(jpeg).hexdigest()
        self.references[sha256] = jpeg
        return sha256

    def note_look(self, camera_id: str, *, looked_by: Actor, looked_at: datetime) -> None:
        self._camera(camera_id)
        self.looks.append((camera_id, looked_by, looked_at))

    def _camera(self, camera_id: str) -> Camera:
        camera = self._registry.current().cameras.get(camera_id)
        if camera is None:
            raise UnknownCameraError(camera_id)
        return camera
