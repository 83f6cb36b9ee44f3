"""A picture's fingerprint: 64 bits of gradients and 64 of slow waves, over its brightness.

Nearly the same after encoding anew, resizing, brightening or cutting off a few per cent; far off
for another picture, and for the mirrored one.
"""

import numpy as np

from vision.limited_cv2 import Picture, Plane, bytes_of, cv2

_HASH_SIDE = 8
_WAVE_SIDE = 32


def fingerprint_of(picture: Picture) -> int:
    """Return 128 bits: gradients in the upper half, waves in the lower.

    ``picture``: (height, width, 3) uint8, BGR.
    """
    grey = bytes_of(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    bits = np.concatenate([_gradients(grey), _waves(grey)])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _gradients(grey: Plane) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return 64 bits: which of two neighbours in 9 x 8 averages is the brighter one."""
    small = cv2.resize(grey, (_HASH_SIDE + 1, _HASH_SIDE), interpolation=cv2.INTER_AREA)
    levels = np.asarray(small, dtype=np.int16)
    return np.asarray(levels[:, 1:] > levels[:, :-1]).ravel()


def _waves(grey: Plane) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return 64 bits: which of the slowest 8 x 8 cosine waves are stronger than their median."""
    small = cv2.resize(grey, (_WAVE_SIDE, _WAVE_SIDE), interpolation=cv2.INTER_AREA)
    waves = np.asarray(cv2.dct(np.asarray(small, dtype=np.float32)))[:_HASH_SIDE, :_HASH_SIDE]
    strengths = waves.ravel()
    # The first is the mean brightness, thousands of times the others.
    return np.asarray(strengths > np.median(strengths[1:]))
