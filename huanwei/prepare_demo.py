"""Writes the simulated district of a demo: registry and clean references.

A process of its own (``python -m huanwei.prepare_demo SETTINGS``), so that the supervisor does not
carry the memory of the picture libraries.
"""

import sys
from pathlib import Path

from firmware_sim.references import write_references

from firmware_sim.district import build_district
from huanwei.settings import Settings, load_settings
from storage.registry_file import save_registry


def write_district(settings: Settings) -> None:
    """Write the registry and the references that the settings name."""
    if settings.simulator is None:
        msg = "a district is simulated only where the settings have [simulator]"
        raise ValueError(msg)
    district = build_district(
        settings.simulator.seed,
        simulator_url=f"http://{settings.simulator.host}:{settings.simulator.port}",
        gateway_id=settings.edge.gateway_id,
    )
    registry = write_references(district, settings.run.references)
    save_registry(registry, settings.run.registry)


if __name__ == "__main__":
    write_district(load_settings(Path(sys.argv[1])))
