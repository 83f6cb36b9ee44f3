"""Evaluation: follows the journal; state, alerts, cases, messages and cursor in one transaction.

Whatever ends a transaction early, the next one starts from what was committed: nothing is told
twice, nothing is left out.
"""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update

from alerts.case_checks import CaseChecks
from alerts.case_desk import CaseWorkshop
from alerts.case_records import case_file_of
from alerts.cases import CaseWork
from alerts.device_alerts import FLOW, DeviceAlerts
from alerts.ground_checks import GroundChecks
from alerts.journal_cursor import CURSOR
from alerts.limits import AlertRules
from alerts.metrics import AlertMetrics, SkipReason
from alerts.notices import Occasion
from alerts.observations import Observations
from alerts.open_alerts import OpenAlerts
from alerts.place_alerts import PlaceAlerts
from alerts.rule_states import RuleStates
from alerts.rules.deadlines import (
    HANDLING_STATES,
    REMINDED_AT,
    REMINDED_BEFORE,
    due_reminder,
    must_escalate,
)
from alerts.rules.silence import FeedFlow, watch_flow
from alerts.schema import cases, cursors, rearms
from domain.devices import Camera, Device
from domain.ports.record_feed import RecordFeed
from domain.problems import ProblemClass
from domain.records import Emptied, JournalEntry, SnapshotVerdicts

BATCH_ENTRIES = 500
_HANDLING = sorted(HANDLING_STATES)


class Evaluation:
    """Takes the journal batch by batch, and looks at the clock. Used by one thread."""

    def __init__(
        self, workshop: CaseWorkshop, feed: RecordFeed, rules: AlertRules, metrics: AlertMetrics
    ) -> None:
        self._workshop = workshop
        self._feed = feed
        self._rules = rules
        self._metrics = metrics
        self._states = RuleStates()
        self._alerts = OpenAlerts(metrics)
        self._observations = Observations(self._states, rules)
        self._devices = DeviceAlerts(self._states, self._observations, self._alerts, rules)
        self._places = PlaceAlerts(self._observations, self._alerts, rules)
        self._ground = GroundChecks(self._states, self._observations, rules, metrics)
        self._checks = CaseChecks(self._states, self._alerts, rules, metrics)
        self._position: int | None = None

    @property
    def position(self) -> int:
        """The position of the last entry that is evaluated and committed."""
        return self._position or 0

    def follow_once(self, limit: int = BATCH_ENTRIES) -> int:
        """Evaluate the next batch; return how many entries it had.

        An error leaves everything as it was before the batch.
        """
        if self._position is None:
            self._recover()
        entries = self._feed.read(after=self.position, limit=limit)
        if not entries:
            return 0
        self._commit(entries)
        self._metrics.entries.inc(len(entries))
        return len(entries)

    def skip_one(self) -> None:
        """Step over the next entry, which could not be evaluated: counted, never silently."""
        if self._position is None:
            self._recover()
        for entry in self._feed.read(after=self.position, limit=1):
            with self._workshop.begin() as work:
                _store_cursor(work, entry.position)
            self._position = entry.position
            self._metrics.skipped(SkipReason.FAILED)

    def tick(self) -> None:
        """Do what only the passing of time asks for. Call it when the journal is followed up."""
        if self._position is None:
            self._recover()
        try:
            with self._workshop.begin() as work:
                self._rearm(work)
                for place_id in set(self._devices.tick(work)):
                    self._places.refresh(place_id, work)
                self._devices.drop_unknown(work)
                self._ground.tick(work)
                self._watch_deadlines(work)
                self._states.flush(work.connection)
        except BaseException:
            self._position = None
            raise

    def _recover(self) -> None:
        with self._workshop.begin() as work:
            self._states.load(work.connection)
            self._alerts.load(work.connection)
            position = work.connection.execute(
                select(cursors.c.position).where(cursors.c.name == CURSOR)
            ).scalar()
            if position is None:
                work.connection.execute(insert(cursors).values(name=CURSOR, position=0))
        self._position = position or 0

    def _commit(self, entries: Sequence[JournalEntry]) -> None:
        try:
            with self._workshop.begin() as work:
                self._rearm(work)
                awaiting = self._checks.awaiting(work)
                moves_made = work.moves_made
                for entry in entries:
                    device = work.registry.device(entry.record.device_id)
                    if device is None:
                        self._metrics.skipped(SkipReason.UNKNOWN_DEVICE)
                        continue
                    work.evidence_at = entry.record.observed_at
                    self._evaluate(entry, device, work)
                    if not entry.late and device.place_id in awaiting:
                        self._verify(entry, device, work)
                    if work.moves_made != moves_made:
                        awaiting = self._checks.awaiting(work)
                        moves_made = work.moves_made
                self._states.flush(work.connection)
                _store_cursor(work, entries[-1].position)
        except BaseException:
            self._position = None
            raise
        self._position = entries[-1].position

    def _evaluate(self, entry: JournalEntry, device: Device, work: CaseWork) -> None:
        flow = self._states.get(FeedFlow, FLOW)
        self._states.put(FLOW, watch_flow(flow, entry.received_at, self._rules))
        self._observations.take(entry, device, work.now)
        silence_changed = self._devices.refresh(device, work)
        record = entry.record
        if entry.late:
            self._metrics.skipped(SkipReason.LATE)
            if silence_changed:
                self._places.refresh(device.place_id, work)
            return
        ended = None
        match record.values:
            case Emptied():
                self._ground.begin(record, device, work)
            case SnapshotVerdicts() if isinstance(device, Camera):
                ended = self._ground.look(record, device, work)
            case _:
                pass
        self._places.refresh(device.place_id, work)
        if ended is not None:
            self._ground.keep_evidence(device.place_id, ended, work)

    def _verify(self, entry: JournalEntry, device: Device, work: CaseWork) -> None:
        for file in self._checks.awaiting(work).get(device.place_id, []):
            if self._checks.put_to(file, entry.record, device, work):
                self._rearm(work)

    def _rearm(self, work: CaseWork) -> None:
        """Forget what was seen of problems whose cases have been closed."""
        rows = work.connection.execute(select(rearms)).all()
        for row in rows:
            problem = ProblemClass(row.problem_class)
            self._observations.rearm(row.place_id, problem, work.registry)
            self._alerts.forget(row.place_id, problem)
        if rows:
            newest = max(row.position for row in rows)
            work.connection.execute(delete(rearms).where(rearms.c.position <= newest))

    def _watch_deadlines(self, work: CaseWork) -> None:
        rows = work.connection.execute(select(cases).where(cases.c.state.in_(_HANDLING))).all()
        for row in rows:
            file = case_file_of(row)
            if must_escalate(file, work.now, self._rules):
                file = work.escalate(file, Occasion.ESCALATION)
            reminder = due_reminder(file, work.now, self._rules)
            if reminder is not None:
                at_limit = reminder is Occasion.AT_LIMIT
                work.remind(file, reminder, REMINDED_AT if at_limit else REMINDED_BEFORE)


def _store_cursor(work: CaseWork, position: int) -> None:
    work.connection.execute(
        update(cursors).where(cursors.c.name == CURSOR).values(position=position)
    )
