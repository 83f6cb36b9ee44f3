"""Changes to the registry file: one at a time, whole or not at all."""

import threading
from dataclasses import replace
from pathlib import Path

from domain.devices import Camera
from storage.lock_file import LockFile
from storage.registry_file import load_registry, save_registry


class RegistryFileEditor:
    """Fulfils ``domain.ports.registry.RegistryEditor``.

    Reads the file anew for each change, so that what somebody edited by hand meanwhile stays.
    Raises what :func:`storage.registry_file.load_registry` raises, and ``FileInUseError`` while
    another process of ours is changing it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mutex = threading.Lock()

    def replace_camera(self, camera: Camera) -> None:
        """Put this camera in the place of the one of its id; raise ``LookupError``."""
        with self._mutex:
            self._replace(camera)

    def _replace(self, camera: Camera) -> None:
        lock = LockFile(self._path.with_name(f".{self._path.name}.lock"))
        try:
            snapshot = load_registry(self._path)
            if camera.device_id not in snapshot.cameras:
                raise LookupError(camera.device_id)
            save_registry(
                replace(
                    snapshot,
                    version=snapshot.version + 1,
                    cameras={**snapshot.cameras, camera.device_id: camera},
                ),
                self._path,
            )
        finally:
            lock.release()
