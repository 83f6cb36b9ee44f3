"""A registry that a test sets."""

from domain.registry import RegistrySnapshot


class MemoryRegistry:
    """Fulfils ``domain.ports.registry.Registry``."""

    def __init__(self, snapshot: RegistrySnapshot) -> None:
        self._snapshot = snapshot

    def current(self) -> RegistrySnapshot:
        return self._snapshot

    def replace(self, snapshot: RegistrySnapshot) -> None:
        """Give this one from now on."""
        self._snapshot = snapshot
