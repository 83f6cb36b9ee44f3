"""How Python's garbage collector behaves in the ingest process."""

import gc

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 100


class CalmCollector:
    """Makes the collector look seldom at young objects, and no more at those there are at start.

    Ingest makes tens of thousands of records a second and none of them in a cycle; by default the
    collector looks at them after every 700, a quarter of the whole cost of judging. What it finds
    later weighs a few MB at most. It is the whole process that changes: a composition root's part.
    """

    def __init__(self) -> None:
        self._before: tuple[int, int, int] | None = None

    def start(self) -> None:
        """Change the process."""
        self._before = gc.get_threshold()
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG, _MIDDLE, _OLD)

    def stop(self) -> None:
        """Make it as before. May be called twice."""
        if self._before is not None:
            gc.set_threshold(*self._before)
            gc.unfreeze()
            self._before = None
