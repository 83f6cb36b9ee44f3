"""The alerts part as one service: evaluation, delivery, and the desk for people's orders."""

import random
import sqlite3
import threading
from collections.abc import Mapping

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from alerts.address_posts import remembered_budget
from alerts.case_desk import CaseDesk, CaseWorkshop
from alerts.crew_links import CrewLinks
from alerts.delivery import Delivery
from alerts.evaluation import BATCH_ENTRIES, Evaluation
from alerts.limits import AlertRules
from alerts.metrics import AlertMetrics
from alerts.notices import Notices
from alerts.notifier import Notifier
from alerts.notifiers.console import ConsoleNotifier
from alerts.outbox import Channel
from alerts.store import CaseStore
from domain.ports.clock import Clock
from domain.ports.record_feed import RecordFeed
from domain.ports.registry import Registry
from texts.catalogue import Catalogue, Locale

_log = structlog.get_logger()

_POLL_S = 0.05
_TICK_S = 0.5
_SENDERS = 2
_FAILURE_WAIT_S = 0.2
_LONGEST_FAILURE_WAIT_S = 5.0
_TRIES_BEFORE_SKIPPING = 3


class AlertsService:
    """Follows the journal, keeps the cases, tells people.

    ``store`` is the service's from now on: it closes it. ``notifiers`` are the channels besides the
    console, which is always there. An address gets at most ``posts_per_minute``, 0 is no bound.
    """

    def __init__(  # noqa: PLR0913  a part gets everything by its constructor
        self,
        *,
        clock: Clock,
        registry: Registry,
        feed: RecordFeed,
        store: CaseStore,
        rules: AlertRules,
        notifiers: Mapping[Channel, Notifier],
        crew_links: CrewLinks,
        catalogue: Catalogue,
        metrics: AlertMetrics,
        rng: random.Random,
        locale: Locale = Locale.ZH_CN,
        posts_per_minute: int = 0,
    ) -> None:
        self._clock = clock
        self._feed = feed
        self._metrics = metrics
        self._rng = rng
        self._store = store
        self._notifiers = {Channel.CONSOLE: ConsoleNotifier(self._store), **notifiers}
        notices = Notices(catalogue=catalogue, locale=locale, crew_links=crew_links)
        workshop = CaseWorkshop(
            self._store, clock=clock, registry=registry, rules=rules, notices=notices
        )
        self.desk = CaseDesk(workshop)
        self._evaluation = Evaluation(workshop, feed, rules, metrics)
        budget = remembered_budget(self._store, clock, per_minute=posts_per_minute)
        self._deliveries = [
            Delivery(
                workshop,
                self._store.messages_waiting,
                self._notifiers,
                clock=clock,
                registry=registry,
                metrics=metrics,
                rng=random.Random(rng.getrandbits(64)),  # noqa: S311  jitter, no secret
                budget=budget,
                digest_title=notices.digest_title,
                share=(index, _SENDERS),
            )
            for index in range(_SENDERS)
        ]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts-evaluation")
        self._stopped = False
        self._failures = 0
        self._journal_is_older = False

    def start(self) -> None:
        """Start following the journal and sending messages."""
        for delivery in self._deliveries:
            delivery.start()
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in hand, stop, and close the store. Idempotent."""
        if self._stopped:
            return
        self._stopped = True
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for delivery in self._deliveries:
            delivery.stop()
        for notifier in self._notifiers.values():
            notifier.close()
        self._store.close()

    def readiness(self) -> Mapping[str, str]:
        """Return what keeps the part from being ready, by name; empty when it is ready."""
        missing = {}
        if not self._thread.is_alive():
            missing["evaluation"] = "not running"
        elif self._failures:
            missing["evaluation"] = f"failing, {self._failures} times in a row"
        if not all(delivery.alive for delivery in self._deliveries):
            missing["delivery"] = "not running"
        if self._journal_is_older:
            missing["journal"] = "ends before what was evaluated: it was replaced by another"
        return missing

    def _run(self) -> None:
        next_tick = self._clock.monotonic_s()
        while not self._stopping.is_set():
            try:
                with self._metrics.batch_seconds.time():
                    taken = self._evaluation.follow_once(self._batch_size())
                caught_up = taken < BATCH_ENTRIES
                if caught_up and self._clock.monotonic_s() >= next_tick:
                    self._evaluation.tick()
                    self._look_ahead()
                    next_tick = self._clock.monotonic_s() + _TICK_S
                self._went_well()
                if caught_up:
                    self._stopping.wait(_POLL_S)
            except Exception as error:  # noqa: BLE001  one broad handler a loop: count, log, go on
                self._went_wrong(error)

    def _look_ahead(self) -> None:
        """See how far the journal goes on; one that ends before our cursor is not the one we know.

        Its entries would count as evaluated until it has grown beyond the cursor.
        """
        ahead = self._feed.newest_position() - self._evaluation.position
        self._metrics.lag.set(max(0, ahead))
        if ahead < 0 and not self._journal_is_older:
            _log.error("journal_ends_before_cursor", position=self._evaluation.position)
        self._journal_is_older = ahead < 0

    def _batch_size(self) -> int:
        """One by one after a failure, so that a bad entry stands alone."""
        return 1 if self._failures else BATCH_ENTRIES

    def _went_well(self) -> None:
        if self._failures:
            _log.info("evaluation_recovered", after_failures=self._failures)
        self._failures = 0

    def _went_wrong(self, error: Exception) -> None:
        self._failures += 1
        self._metrics.failures.inc()
        if self._failures == 1:
            _log.error("evaluation_failing", error=repr(error))
        if self._failures > _TRIES_BEFORE_SKIPPING and not _is_outage(error):
            self._skip(error)
            return
        wait_s = min(_LONGEST_FAILURE_WAIT_S, _FAILURE_WAIT_S * 2 ** min(self._failures, 8))
        self._stopping.wait(wait_s * self._rng.uniform(0.5, 1.0))

    def _skip(self, error: Exception) -> None:
        """Step over an entry that fails again and again by itself: it must not block the line."""
        try:
            self._evaluation.skip_one()
        except (SQLAlchemyError, sqlite3.Error, OSError) as outage:
            _log.error("evaluation_failing", error=repr(outage))
            return
        _log.error("entry_skipped", position=self._evaluation.position, error=repr(error))


def _is_outage(error: Exception) -> bool:
    """Whether the trouble is the store's or the system's, so that waiting is all that helps."""
    if isinstance(error, IntegrityError):
        return False
    return isinstance(error, (SQLAlchemyError, sqlite3.Error, OSError))
