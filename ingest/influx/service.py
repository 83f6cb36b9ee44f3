"""All writers of a run as one piece: one thread a feed, one file of cursors, one server."""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.ports.clock import Clock
from ingest.fresh_records import FreshRecords
from ingest.influx.deliveries import SqliteDeliveries
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.sink import LineSink
from ingest.influx.source import LineSource
from ingest.influx.writer import InfluxWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluxFeed:
    """A feed and the bucket that it belongs to."""

    name: str
    bucket: str
    source: LineSource
    fresh: FreshRecords | None = None
    """Where the source takes its newest entries: the writer waits no longer than they have room."""


class InfluxService:
    """Opens its file, follows every feed, and stops without leaving anything open.

    Nothing waits for it but the journal's trimming, which leaves what :meth:`position` has not
    passed.
    """

    def __init__(  # noqa: PLR0913  each argument is another adapter for the composition root
        self,
        *,
        feeds: tuple[InfluxFeed, ...],
        sink: LineSink,
        path: Path,
        clock: Clock,
        rng: random.Random,
        metrics: InfluxMetrics,
        ends_when_closed: bool = False,
        failed: threading.Event | None = None,
    ) -> None:
        self._feeds = feeds
        self._sink = sink
        self._path = path
        self._clock = clock
        self._rng = rng
        self._metrics = metrics
        self._ends_when_closed = ends_when_closed
        self._failed = failed
        self._deliveries: SqliteDeliveries | None = None
        self.writers: dict[str, InfluxWriter] = {}

    def open(self) -> None:
        """Open the file and make the writers, without starting them. Call once.

        Raises ``FileInUseError``, ``DamagedFileError`` or ``OtherSchemaError``.
        """
        deliveries = self._deliveries = SqliteDeliveries(self._path)
        self.writers = {
            feed.name: InfluxWriter(
                feed=feed.name,
                bucket=feed.bucket,
                source=feed.source,
                sink=self._sink,
                deliveries=deliveries,
                clock=self._clock,
                rng=self._rng,
                metrics=self._metrics,
                ends_when_closed=self._ends_when_closed,
                failed=self._failed,
                fresh=feed.fresh,
            )
            for feed in self._feeds
        }

    def start(self) -> None:
        """Open the file and follow every feed. Call once; raises what :meth:`open` raises."""
        self.open()
        for writer in self.writers.values():
            writer.start()

    def stop(self) -> None:
        """End after the requests at work, and close the file. May be called twice."""
        for writer in self.writers.values():
            writer.ask_to_stop()
        for writer in self.writers.values():
            writer.stop()
        if self._deliveries is not None:
            self._deliveries.close()
            self._deliveries = None
            self.writers = {}

    def position(self, feed: str) -> int:
        """Return the position up to which InfluxDB has a feed, 0 while the file is not open."""
        writer = self.writers.get(feed)
        return 0 if writer is None else writer.position()

    def readiness(self) -> Mapping[str, str]:
        """Return what somebody has to mend: a wrong token, a missing bucket. An outage is none."""
        closed = [writer.sink.trouble for writer in self.writers.values() if writer.sink.closed]
        return {"influxdb": f"{closed[0]} (see `huanwei influx setup`)"} if closed else {}
