"""A time series in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.ports.history import TimeSeriesAwayError
from domain.records import FillReading, Record, RecordKind


class MemoryHistory:
    """Fulfils ``domain.ports.history.History``; a test adds records. The first of an identity
    stays, as in the real stores. While it is ``away`` it answers as InfluxDB does then.
    """

    def __init__(self, *records: Record) -> None:
        self._records: dict[tuple[str, datetime, RecordKind], Record] = {}
        self.away = False
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Keep a record."""
        self._records.setdefault((record.device_id, record.observed_at, record.kind), record)

    def latest(self, kind: RecordKind) -> Mapping[str, Record]:
        return {r.device_id: r for r in self._by_time() if r.kind is kind}

    def fill(
        self, device_id: str, *, since: datetime, until: datetime
    ) -> Sequence[tuple[datetime, FillReading]]:
        return [
            (r.observed_at, r.values)
            for r in self._between(device_id, since, until)
            if isinstance(r.values, FillReading)
        ]

    def emptyings(self, device_id: str, *, since: datetime, until: datetime) -> Sequence[Record]:
        between = self._between(device_id, since, until)
        return [r for r in between if r.kind is RecordKind.EMPTIED]

    def verdicts(self, device_id: str, *, since: datetime, until: datetime) -> Sequence[Record]:
        between = self._between(device_id, since, until)
        return [r for r in between if r.kind is RecordKind.VERDICTS]

    def _by_time(self) -> list[Record]:
        if self.away:
            msg = "away, as the test wishes"
            raise TimeSeriesAwayError(msg)
        return sorted(self._records.values(), key=lambda record: record.observed_at)

    def _between(self, device_id: str, since: datetime, until: datetime) -> list[Record]:
        return [
            r
            for r in self._by_time()
            if r.device_id == device_id and since <= r.observed_at < until
        ]
