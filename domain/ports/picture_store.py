"""Masked pictures by their SHA-256."""

from typing import Protocol


class PictureStore(Protocol):
    """Keeps pictures by content. Nothing in it was ever unmasked."""

    def put(self, jpeg: bytes) -> str:
        """Store a picture durably and return its SHA-256 in lower-case hex. Idempotent."""
        ...

    def get(self, sha256: str) -> bytes | None:
        """Return the picture, or None where it is not here (not yet, or no longer)."""
        ...
