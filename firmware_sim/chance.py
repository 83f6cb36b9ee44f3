"""One reproducible draw for a purpose, where a whole generator would cost ten times as much."""

from hashlib import blake2b

_BYTES = 8


def draw(purpose: str) -> float:
    """Return a number from 0 up to but not including 1 that belongs to this text for ever."""
    digest = blake2b(purpose.encode("utf-8"), digest_size=_BYTES).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53
