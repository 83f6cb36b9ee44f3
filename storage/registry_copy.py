"""A copy of the district's registry as a file, for an edge that has no way to the database."""

import threading
from pathlib import Path

import structlog

from domain.ports.registry import Registry
from domain.registry import RegistrySnapshot
from storage.registry_file import encode_registry, save_registry

LOOK_EVERY_S = 1.0
"""Technical seconds."""

_log = structlog.get_logger(__name__)


def bring_copy(snapshot: RegistrySnapshot, path: Path) -> bool:
    """Make the file hold this registry, in one step; return False when it does already.

    Raises ``OSError``.
    """
    try:
        if path.read_bytes() == encode_registry(snapshot):
            return False
    except FileNotFoundError:
        pass
    save_registry(snapshot, path)
    return True


class RegistryCopy:
    """A part that keeps the file at the newest version until stopped.

    A file that cannot be written is logged once and tried again at every look.
    """

    def __init__(
        self, registry: Registry, path: Path, *, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self._registry = registry
        self._path = path
        self._look_every_s = look_every_s
        self._copied: RegistrySnapshot | None = None
        self._failing = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="registry-copy")

    def start(self) -> None:
        """Write now, and whenever there is a newer version."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """End. May be called twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Bring the copy to the registry's newest version."""
        newest = self._registry.current()
        if newest is self._copied:
            return
        try:
            if bring_copy(newest, self._path):
                _log.info("registry_copied", path=str(self._path), version=newest.version)
        except OSError as error:
            if not self._failing:
                _log.error("registry_not_copied", path=str(self._path), finding=str(error))
            self._failing = True
            return
        if self._failing:
            _log.info("registry_copied_again", path=str(self._path))
        self._failing = False
        self._copied = newest

    def _run(self) -> None:
        while not self._stop.wait(self._look_every_s):
            self.look()
