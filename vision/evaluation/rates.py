"""95 % intervals of counted things, without any assumption but that they are independent."""

import math

_Z = 1.959964
"""Standard deviations of a 95 % interval."""


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Return Wilson's interval of a share; 0 to 1 where nothing was counted."""
    if of <= 0:
        return 0.0, 1.0
    share, square = hits / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    # Rounding must not push a bound past a share of none or all.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return low, 1.0 if hits == of else min(1.0, middle + half)


def count_interval(count: int) -> tuple[float, float]:
    """Return Byar's interval of the mean of a Poisson count."""
    low = 0.0
    if count:
        low = count * (1 - 1 / (9 * count) - _Z / (3 * math.sqrt(count))) ** 3
    more = count + 1
    return low, more * (1 - 1 / (9 * more) + _Z / (3 * math.sqrt(more))) ** 3


def f1_interval(hits: int, false: int, missed: int) -> tuple[float, float]:
    """Return the interval of F1: that of hits among all three, which F1 grows with."""
    low, high = share_interval(hits, hits + false + missed)
    return 2 * low / (1 + low), 2 * high / (1 + high)
