"""A picture store in memory."""

import hashlib


class MemoryPictures:
    """Fulfils ``domain.ports.picture_store.PictureStore``; ``stored`` is for a test to look at."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def put(self, jpeg: bytes) -> str:
        sha256 = hashlib.sha256(jpeg).hexdigest()
        self.stored[sha256] = jpeg
        return sha256

    def get(self, sha256: str) -> bytes | None:
        return self.stored.get(sha256)
