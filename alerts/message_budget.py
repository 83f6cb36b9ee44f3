"""How many messages a minute an address takes, and what to do when few are left.

The robots of the usual chat platforms take 20 a minute and then, some of them for ten minutes,
nothing at all. So three fifths of a minute's posts go out at once, one message each. The rest are
kept apart by equal times, and each tells what has gathered. Where more wait at once than may go one
by one, they are gathered from the beginning.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence

WINDOW_S = 60.0
MOST_TOGETHER = 10
"""More in one message nobody reads, and chat platforms cut it."""

_AT_ONCE_SHARE = 0.6


class MessageBudget:
    """Counts the posts of the last minute by address. Thread-safe; ``per_minute`` 0 is no bound.

    ``seconds_ago``: when earlier processes have posted to each address, the longest ago first.
    """

    def __init__(
        self,
        per_minute: int,
        monotonic_s: Callable[[], float],
        seconds_ago: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        self._most = per_minute
        self._at_once = int(per_minute * _AT_ONCE_SHARE)
        self._apart_s = WINDOW_S / max(1, per_minute - self._at_once)
        self._monotonic_s = monotonic_s
        now_s = monotonic_s()
        self._posted_s = {
            address: deque(now_s - ago_s for ago_s in posts)
            for address, posts in (seconds_ago or {}).items()
        }
        self._mutex = threading.Lock()

    @property
    def is_bound(self) -> bool:
        """Whether posts are counted at all."""
        return self._most > 0

    def take(self, address: str, *, waiting: int = 1, urgent: bool = False) -> int:
        """Take one post to the address; return how many messages it may tell, 0: not now.

        So many are ``waiting``. What is ``urgent`` waits only where a minute's posts are used up.
        """
        if not self._most:
            return 1
        with self._mutex:
            now_s = self._monotonic_s()
            posted_s = self._posted_s.setdefault(address, deque())
            while posted_s and now_s - posted_s[0] >= WINDOW_S:
                posted_s.popleft()
            if len(posted_s) >= self._most:
                return 0
            kept_apart = bool(posted_s) and len(posted_s) >= self._at_once and not urgent
            if kept_apart and now_s - posted_s[-1] < self._apart_s:
                return 0
            one_by_one = waiting <= self._at_once - len(posted_s)
            posted_s.append(now_s)
            return 1 if one_by_one else MOST_TOGETHER
