"""Writes the simulated district of a demo: registry and clean references.

A process of its own (``python -m huanwei.prepare_demo SETTINGS``), so that the supervisor does not
carry the memory of the picture libraries.
"""

import sys
from pathlib import Path

from firmware_sim.references import write_references
from huanwei.settings import Settings, load_settings
from huanwei.sim import district_of
from storage.registry_file import save_registry


def write_district(settings: Settings) -> None:
    """Write the registry and the references that the settings name."""
    registry = write_references(district_of(settings), settings.run.references)
    save_registry(registry, settings.run.registry)


if __name__ == "__main__":
    write_district(load_settings(Path(sys.argv[1])))
