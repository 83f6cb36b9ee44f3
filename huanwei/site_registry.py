"""Which registry file the edge reads: the run's own, or the copy of a district's database.

The edge carries no database driver and no database password (an import contract): what faces
cameras and devices shall not be a way into the district's data.
"""

import threading
import time
from pathlib import Path

from huanwei.errors import StandsInTheWayError
from huanwei.run_files import REGISTRY_COPY
from huanwei.settings import Settings
from storage.registry_file import RegistryFile

COPY_WITHIN_S = 30.0
"""Alerts may start after the edge, and make the copy then."""
_LOOK_EVERY_S = 0.2


def copy_path(settings: Settings) -> Path:
    """Return where alerts keeps the newest registry of a district."""
    return settings.run.registry_copy or settings.run.data / REGISTRY_COPY


def registry_path(settings: Settings) -> Path:
    """Return the file: with ``[postgres]`` the copy that alerts keeps."""
    return settings.run.registry if settings.postgres is None else copy_path(settings)


def site_registry(settings: Settings, *, copy_within_s: float = COPY_WITHIN_S) -> RegistryFile:
    """Return the registry of a site, followed while its file changes.

    Raises ``BadRegistryFileError``, ``OSError`` and, where no copy comes within
    ``copy_within_s``, ``StandsInTheWayError``.
    """
    path = registry_path(settings)
    deadline_s = time.monotonic() + copy_within_s
    while settings.postgres is not None and not path.exists():
        if time.monotonic() >= deadline_s:
            msg = f"{path} is not there: alerts writes it, and `huanwei registry import` does"
            raise StandsInTheWayError(msg)
        threading.Event().wait(_LOOK_EVERY_S)
    return RegistryFile(path)
