"""The order of a run's tests: those that take long begin first, however many workers there are.

xdist's ``worksteal`` gives each worker one stretch of the list, all equally many, and lets who is
done take from the end of another's. A long test at such an end would run when everybody else has
finished.
"""

from collections.abc import Sequence
from itertools import chain
from typing import TypeVar

Item = TypeVar("Item")


def longest_first(
    modules: Sequence[tuple[float, Sequence[Item]]], *, workers: int = 1
) -> list[Item]:
    """Return the tests of all modules so that each worker's stretch begins with long ones.

    ``modules`` are tests that share what is dear to make, so that they stay together, each with
    the seconds that it takes in all; 0 is short.
    """
    long = sorted((m for m in modules if m[0] > 0), key=lambda module: module[0], reverse=True)
    short = list(chain.from_iterable(items for takes_s, items in modules if not takes_s))
    sizes = _sizes(sum(len(items) for _, items in modules), workers)
    stretches: list[list[Item]] = [[] for _ in sizes]
    taken_s = [0.0] * workers
    for takes_s, items in long:
        least = taken_s.index(min(taken_s))
        stretches[least].extend(items)
        taken_s[least] += takes_s
    for stretch, size in zip(stretches, sizes, strict=True):
        room = max(0, size - len(stretch))
        stretch.extend(short[:room])
        del short[:room]
    return [*chain.from_iterable(stretches), *short]


def _sizes(count: int, workers: int) -> list[int]:
    """Return how many tests xdist gives to each worker at first."""
    sizes = []
    for left in range(workers, 0, -1):
        sizes.append(count // left)
        count -= sizes[-1]
    return sizes
