"""Where the registry comes from."""

from typing import Protocol

from domain.devices import Camera
from domain.registry import RegistrySnapshot


class Registry(Protocol):
    """Gives the registry as it stands."""

    def current(self) -> RegistrySnapshot:
        """Return the newest consistent snapshot; the same object until it has changed."""
        ...


class RegistryEditor(Protocol):
    """Changes the registry, one entry at a time."""

    def replace_camera(self, camera: Camera) -> None:
        """Put this camera in the place of the one of its id, in one step.

        Raises ``LookupError`` where there is none, ``InvalidValueError`` where the registry as a
        whole would be wrong.
        """
        ...
