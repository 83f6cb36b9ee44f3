"""Ingest as one piece: MQTT in, worker, acks out, and the follower of the time series."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from domain.ports.clock import Clock
from domain.ports.picture_store import PictureStore
from domain.ports.registry import Registry
from ingest.device_watch import DEFAULT_RATE_LIMITS, RateLimits
from ingest.fresh_records import FreshRecords
from ingest.inbox import Arrival
from ingest.journal_stores import JournalStore, OpenJournal
from ingest.kept_days import KeptDays
from ingest.metrics import IngestMetrics
from ingest.picture_intake import PictureIntake
from ingest.retention import Retention
from ingest.rounds import Rounds
from ingest.series import SqliteSeries
from ingest.series_follower import SeriesFollower
from ingest.series_upkeep import SeriesUpkeep
from ingest.stand_by import StandBy
from ingest.worker import IngestWorker
from wire.acks import Ack, encode_ack
from wire.client import BrokerAddress, Message
from wire.paired_client import PairedClient
from wire.shards import ALL_SHARDS, format_shards
from wire.topics import (
    PICTURE_FILTER,
    UP_FILTER,
    ack_topic,
    gateway_of_picture,
    gateway_of_up,
    hello_topic,
    picture_filter,
    up_filter,
)

_MOST_SERIES_BACKLOG = 100_000
"""Further behind than this people would look at old values: not ready."""


class IngestService:
    """Opens journal and series, follows the broker, and stops without leaving anything open.

    It hears the gateways of ``shards`` only. While another worker has them it stands by: it hears
    nothing and takes them over when that one is gone. ``cursors`` are the positions of the
    journal's other readers, by name: nothing they have not read is trimmed. ``fresh`` is filled
    for those of them that are in this process. When :attr:`failed` is set a disk failed under a
    file of its own: end the process and start a new one.
    """

    def __init__(  # noqa: PLR0913  each argument is another adapter for the composition root
        self,
        *,
        clock: Clock,
        registry: Registry,
        journal: JournalStore,
        series_path: Path,
        pictures: PictureStore,
        broker: BrokerAddress,
        metrics: IngestMetrics,
        cursors: Mapping[str, Callable[[], int]] | None = None,
        kept: KeptDays = KeptDays(),  # noqa: B008  frozen
        client_id: str | None = None,
        limits: RateLimits = DEFAULT_RATE_LIMITS,
        shards: Sequence[int] = ALL_SHARDS,
        failed: threading.Event | None = None,
        fresh: Sequence[FreshRecords] = (),
    ) -> None:
        self._clock = clock
        self._fresh = tuple(fresh)
        self._registry = registry
        self._store = journal
        self._shards = tuple(shards)
        self._series_path = series_path
        self._pictures = pictures
        self._metrics = metrics
        self._cursors = dict(cursors or {})
        self._limits = limits
        self._kept = kept
        self._client = PairedClient(
            broker,
            client_id=client_id or _client_id(self._shards),
            subscriptions=[(topic_filter, 0) for topic_filter in _filters(self._shards)],
            on_message=self._on_message,
            on_connected=self._say_hello,
            in_bulk=True,
        )
        metrics.in_bulk.set(self._client.reads_in_bulk)
        self.failed = failed or threading.Event()
        self._files = ExitStack()
        self._worker: IngestWorker | None = None
        self._follower: SeriesFollower | None = None
        self._stand_by = StandBy(self._try_to_begin, on_failed=metrics.failed_beginnings.inc)

    def start(self) -> None:
        """Open the files, begin to work, then connect; or stand by. Call once.

        Raises ``FileInUseError``, ``DamagedFileError`` or ``OtherSchemaError`` when a file cannot
        be written.
        """
        self._stand_by.start()

    def _try_to_begin(self) -> None:
        with ExitStack() as opened:
            store = self._store.open()
            opened.callback(store.close)
            series = SqliteSeries(self._series_path, on_too_old=self._metrics.series_too_old.inc)
            opened.callback(series.close)
            self._files = opened.pop_all()
        upkeep = SeriesUpkeep(series=series, clock=self._clock, days=self._kept)
        fresh = FreshRecords()
        self._follower = SeriesFollower(
            feed=store.feed,
            series=series,
            metrics=self._metrics,
            fresh=fresh,
            upkeep=upkeep.step,
            failed=self.failed,
        )
        self._worker = self._new_worker(store, self._follower, fresh)
        self._worker.start()
        self._follower.start()
        self._client.start()

    def stop(self) -> None:
        """Disconnect, finish the round at work, close the files. May be called twice."""
        self._stand_by.stop()
        self._client.stop()
        if self._worker is not None:
            self._worker.stop()
        if self._follower is not None:
            self._follower.stop()
        self._files.close()

    def readiness(self) -> Mapping[str, str]:
        """Return what keeps ingest from its work, by name; empty: ready."""
        if self._stand_by.waits_for is not None:
            return {"journal": f"{self._stand_by.waits_for}; standing by"}
        problems = {}
        if self._worker is None or not self._worker.running:
            problems["worker"] = "not running"
        elif self._worker.failing:
            problems["journal"] = "cannot be written"
        if self._worker is not None and self._worker.pictures_failing:
            problems["pictures"] = "cannot be stored"
        if not self._client.connected:
            problems["broker"] = "not connected"
        elif not self._client.subscribed:
            problems["broker"] = "has not granted the subscriptions"
        if self._follower is not None and self._follower.failing:
            problems["series"] = "cannot be written"
        elif self._follower is not None and self._follower.backlog > _MOST_SERIES_BACKLOG:
            problems["series"] = f"behind by {self._follower.backlog} entries"
        return problems

    def _new_worker(
        self, store: OpenJournal, follower: SeriesFollower, fresh: FreshRecords
    ) -> IngestWorker:
        rounds = Rounds(
            journal=store.journal,
            pictures=PictureIntake(self._pictures),
            registry=self._registry,
            clock=self._clock,
            metrics=self._metrics,
            limits=self._limits,
            fresh=(fresh, *self._fresh),
        )
        retention = Retention(
            journal=store.journal,
            cursors=store.readers({**self._cursors, "series": lambda: follower.position}),
            metrics=self._metrics,
            kept=timedelta(days=self._kept.journal),
        )
        return IngestWorker(
            rounds=rounds,
            retention=retention,
            send=self._send,
            clock=self._clock,
            metrics=self._metrics,
            failed=self.failed,
            on_recovered=self._say_hello,
        )

    def _send(self, gateway_id: str, ack: Ack) -> bool:
        return self._client.publish(ack_topic(gateway_id), encode_ack(ack))

    def _say_hello(self) -> None:
        # After every connect, not only the first, and when the journal takes rounds again: what
        # was sent while we were away is gone.
        for shard in self._shards:
            self._client.publish(hello_topic(shard), b"")

    def _on_message(self, message: Message) -> None:
        if self._worker is None or message.retained:
            self._metrics.ignored.labels("retained").inc()
            return
        gateway_id = gateway_of_up(message.topic)
        if gateway_id is not None:
            self._worker.offer_batch(Arrival(gateway_id, message.payload))
            return
        gateway_id = gateway_of_picture(message.topic)
        if gateway_id is not None:
            self._worker.offer_picture(Arrival(gateway_id, message.payload))
            return
        self._metrics.ignored.labels("foreign_topic").inc()


def _client_id(shards: tuple[int, ...]) -> str:
    """Return an id that no other worker has: with the same one they would cut each other off."""
    return "ingest" if shards == ALL_SHARDS else f"ingest-{format_shards(shards)}".replace(",", "_")


def _filters(shards: tuple[int, ...]) -> list[str]:
    if shards == ALL_SHARDS:
        return [UP_FILTER, PICTURE_FILTER]
    return [*map(up_filter, shards), *map(picture_filter, shards)]
