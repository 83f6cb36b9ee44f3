"""How far the readers of the journal are, those of other processes too: it is trimmed by that."""

import time
from collections.abc import Callable

from ingest.postgres.session import JournalSession

_TELL_EVERY_S = 10.0

# A worker that has not been heard of for so long will not come back under this name: its shards
# were given out anew. Its readers begin again from what there is.
_TELL = (
    "INSERT INTO cursors (name, position, told_us)"
    " VALUES (%s, %s, (extract(epoch FROM now()) * 1000000)::bigint)"
    " ON CONFLICT (name) DO UPDATE SET position = excluded.position, told_us = excluded.told_us"
)
_OTHERS = (
    "SELECT coalesce((SELECT min(position) FROM cursors WHERE name NOT LIKE %s"
    " AND told_us > (extract(epoch FROM now() - interval '14 days') * 1000000)::bigint),"
    " (SELECT position FROM tail))"
)
_ALERTS = "SELECT coalesce((SELECT position FROM cases.cursors WHERE name = 'journal'), 0)"


class PostgresCursors:
    """The positions of all readers. Used by the thread of the journal's session."""

    def __init__(
        self,
        session: JournalSession,
        *,
        worker: str,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._worker = worker
        self._monotonic_s = monotonic_s
        self._told_at_s: dict[str, float] = {}

    def shared(self, name: str, position: Callable[[], int]) -> Callable[[], int]:
        """Return ``position`` so that it also tells the other workers, now and then."""

        def tell() -> int:
            here, now_s = position(), self._monotonic_s()
            told_at_s = self._told_at_s.get(name)
            if told_at_s is None or now_s - told_at_s >= _TELL_EVERY_S:
                with self._session.cursor() as cursor:
                    cursor.execute(_TELL, (f"{self._worker} {name}", here))
                self._told_at_s[name] = now_s
            return here

        return tell

    def other_workers(self) -> int:
        """Return how far the slowest reader of the other workers is."""
        return self._ask(_OTHERS, (f"{self._worker} %",))

    def alerts(self) -> int:
        """Return how far the alerts are."""
        return self._ask(_ALERTS, ())

    def _ask(self, question: str, values: tuple[str, ...]) -> int:
        with self._session.cursor() as cursor:
            ((position,),) = cursor.execute(question, values).fetchall()
            return int(position)
