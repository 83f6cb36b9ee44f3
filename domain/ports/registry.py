"""Where the registry comes from."""

from typing import Protocol

from domain.registry import RegistrySnapshot


class Registry(Protocol):
    """Gives the registry as it stands."""

    def current(self) -> RegistrySnapshot:
        """Return the newest consistent snapshot; the same object until it has changed."""
        ...
