"""The one thread that writes the journal: takes all that waits, commits it, sends the acks."""

import sqlite3
import threading
from collections.abc import Callable, Sequence

import structlog

from domain.ports.clock import Clock
from ingest.inbox import Arrival, Inbox
from ingest.metrics import IngestMetrics
from ingest.ports.journal import JournalUnavailableError
from ingest.retention import Retention
from ingest.rounds import Rounds
from storage.sqlite import is_disk_failure
from wire.acks import Ack

RECORDS_INBOX_BYTES = 8 * 1024 * 1024
PICTURES_INBOX_BYTES = 8 * 1024 * 1024

_ROUND_RECORD_BYTES = 1024 * 1024  # beyond this a larger round costs as much a record, and memory
_ROUND_PICTURE_BYTES = 2 * 1024 * 1024

_IDLE_S = 0.2
_GATHER_S = 0.002  # what comes within this shares one commit, which costs far less than two
_RETRY_S = 1.0
_HOUSEKEEPING_S = 1.0

_log = structlog.get_logger(__name__)


class IngestWorker:
    """Runs rounds over two inboxes, and the retention between them.

    ``send`` publishes an ack and returns False when it could not; the gateway then sends again.
    ``on_recovered`` is called when the journal takes rounds again: what came meanwhile is gone, and
    the gateways need not wait to find that out. ``failing`` is true while the stores cannot be
    written; ``failed`` is set when a disk failed under them, so that the process must end.
    """

    def __init__(
        self,
        *,
        rounds: Rounds,
        retention: Retention,
        send: Callable[[str, Ack], bool],
        clock: Clock,
        metrics: IngestMetrics,
        failed: threading.Event | None = None,
        on_recovered: Callable[[], None] | None = None,
    ) -> None:
        self._on_recovered = on_recovered
        self._rounds = rounds
        self._retention = retention
        self._send = send
        self._clock = clock
        self._metrics = metrics
        self._arrived = threading.Event()
        self._records = Inbox(most_bytes=RECORDS_INBOX_BYTES, arrived=self._arrived)
        self._pictures = Inbox(most_bytes=PICTURES_INBOX_BYTES, arrived=self._arrived)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._housekept_at_s = 0.0
        self._failed = failed or threading.Event()
        self.failing = False

    @property
    def pictures_failing(self) -> bool:
        """Whether the picture store took nothing when last asked."""
        return self._rounds.pictures_failing

    @property
    def running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to work."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="ingest-worker", daemon=False)
            self._thread.start()

    def stop(self) -> None:
        """Finish the round at work and end. May be called twice.

        What still waits is dropped: it was never acknowledged, so it comes again.
        """
        self._stopping.set()
        self._arrived.set()
        if self._thread is not None:
            self._thread.join()

    def offer_batch(self, arrival: Arrival) -> None:
        """Queue a batch of records; never blocks, counts what it has to drop."""
        dropped = self._records.offer(arrival)
        if dropped:
            self._metrics.dropped.labels("records").inc(dropped)

    def offer_picture(self, arrival: Arrival) -> None:
        """Queue a picture; never blocks, counts what it has to drop."""
        dropped = self._pictures.offer(arrival)
        if dropped:
            self._metrics.dropped.labels("pictures").inc(dropped)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._arrived.wait(_IDLE_S):
                    self._stopping.wait(_GATHER_S)
                    self._work_off()
                elif self.failing:
                    self._one_round([], [])  # gateways with a full window send nothing more
                self._housekeep()
            except Exception as error:  # noqa: BLE001  the loop must outlive whatever a store raises
                self._fail(error)

    def _work_off(self) -> None:
        self._arrived.clear()
        batches = self._records.take(most_bytes=_ROUND_RECORD_BYTES)
        pictures = self._pictures.take(most_bytes=_ROUND_PICTURE_BYTES)
        self._metrics.waiting.set(self._records.waiting_bytes + self._pictures.waiting_bytes)
        if not batches and not pictures:
            return
        started_s = self._clock.monotonic_s()
        try:
            self._one_round(batches, pictures)
        except Exception as error:
            if _is_outage(error):
                raise
            self._metrics.failed_rounds.inc()
            self._one_by_one(batches, pictures)
        self._metrics.round_seconds.observe(self._clock.monotonic_s() - started_s)

    def _one_round(self, batches: Sequence[Arrival], pictures: Sequence[Arrival]) -> None:
        acks = self._rounds.run(batches, pictures)
        if self.failing:
            _log.info("journal_writes_again")
            self.failing = False
            if self._on_recovered is not None:
                self._on_recovered()
        for gateway_id, ack in acks:
            if not self._send(gateway_id, ack):
                self._metrics.unsent_acks.inc()

    def _one_by_one(self, batches: Sequence[Arrival], pictures: Sequence[Arrival]) -> None:
        """Give every message its own round, so that one we fail on holds up nobody else's."""
        rounds: list[tuple[list[Arrival], list[Arrival]]] = [([batch], []) for batch in batches]
        rounds += [([], [picture]) for picture in pictures]
        for one_batch, one_picture in rounds:
            try:
                self._one_round(one_batch, one_picture)
            except Exception as error:
                if _is_outage(error):
                    raise
                self._metrics.poisonous.inc()
                (arrival,) = one_batch or one_picture
                _log.exception(
                    "message_failed", gateway_id=arrival.gateway_id, bytes=len(arrival.payload)
                )

    def _fail(self, error: Exception) -> None:
        self._metrics.failed_rounds.inc()
        if not self.failing:
            _log.error("journal_failing", error=str(error), exc_info=error)
            self.failing = True
        if is_disk_failure(error):
            self._failed.set()
        self._stopping.wait(_RETRY_S)

    def _housekeep(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._housekept_at_s >= _HOUSEKEEPING_S:
            self._housekept_at_s = now_s
            self._retention.step(self._clock.now())


def _is_outage(error: Exception) -> bool:
    """Tell a store that cannot be written from a message that cannot be stored."""
    if isinstance(error, sqlite3.DataError | sqlite3.IntegrityError):
        return False
    return isinstance(error, OSError | sqlite3.DatabaseError | JournalUnavailableError)
