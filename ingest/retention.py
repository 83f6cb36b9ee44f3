"""Trims the journal by age, and never beyond the slowest of its readers."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from ingest.metrics import IngestMetrics
from ingest.ports.journal import Journal

_MOST_ENTRIES = 20_000

_log = structlog.get_logger(__name__)


class Retention:
    """Trims the journal in small steps. ``cursors`` give each reader's position, by its name.

    A reader whose cursor cannot be read has, for all we know, read nothing: then nothing goes.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        cursors: Mapping[str, Callable[[], int]],
        metrics: IngestMetrics,
        kept: timedelta,
    ) -> None:
        self._journal = journal
        self._cursors = cursors
        self._metrics = metrics
        self._kept = kept
        self._unread: set[str] = set()

    def step(self, now: datetime) -> int:
        """Remove some of what is old enough at the business time ``now``; say how much."""
        slowest = self._slowest()
        if slowest <= 0:
            return 0
        removed = self._journal.trim(before=now - self._kept, through=slowest, most=_MOST_ENTRIES)
        self._metrics.journal_trimmed.inc(removed)
        return removed

    def _slowest(self) -> int:
        return min(
            (self._position(name, cursor) for name, cursor in self._cursors.items()),
            default=self._journal.newest_position(),
        )

    def _position(self, name: str, cursor: Callable[[], int]) -> int:
        try:
            position = cursor()
        except Exception:  # noqa: BLE001  another part's cursor: whatever it raises, we only wait
            self._metrics.unread_cursors.inc()
            if name not in self._unread:
                _log.exception("cursor_unread", reader=name)
            self._unread.add(name)
            return 0
        self._unread.discard(name)
        return position
