"""One process of a run: ``python -m huanwei.role NAME SETTINGS PARENT_PID``.

Imports only what that process needs: a gateway box should not carry the console's memory.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import Protocol, cast

from huanwei.end_with_parent import ask_to_end_with_parent
from huanwei.errors import StandsInTheWayError
from huanwei.logs import set_up_logs
from huanwei.process import ProcessParts, run_until_signal
from huanwei.settings import Settings, SettingsError, load_settings
from storage.lock_file import FileInUseError
from storage.registry_file import BadRegistryFileError
from storage.sqlite import DamagedFileError

ROLES = ("sim", "edge", "ingest", "centre", "alerts", "api")


class Root(Protocol):
    """What the modules ``huanwei.edge`` and so on offer."""

    def build(self, settings: Settings) -> ProcessParts:
        """Return the process's parts, not started."""
        ...

    def health_port(self, settings: Settings) -> int:
        """Return the port of its probes."""
        ...


def run_role(name: str, settings_path: Path) -> None:
    """Run one process in the foreground until a signal."""
    # What a run writes is its owner's alone: cases.db holds the links that crews act by.
    os.umask(0o077)
    set_up_logs(name)
    settings = load_settings(settings_path)
    root = cast("Root", importlib.import_module(f"huanwei.{name}"))
    run_until_signal(root.build(settings), health_port=root.health_port(settings))


if __name__ == "__main__":
    role, path, parent = sys.argv[1:4]
    ask_to_end_with_parent(int(parent))
    try:
        run_role(role, Path(path))
    except (
        SettingsError,
        StandsInTheWayError,
        BadRegistryFileError,
        FileInUseError,
        DamagedFileError,
    ) as error:
        sys.exit(str(error))
