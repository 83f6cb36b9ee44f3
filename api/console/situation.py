"""The situation: one consistent look at all that every open page shows, and how it is read."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from alerts.case_book import CaseBook
from alerts.outbox import Channel, OutboxMessage
from api.console.history_when_there import HistoryWhenThere
from api.console.review_queue import OpenReview, ReviewQueue
from domain.alerts import Alert
from domain.cases import Case
from domain.changes import ChangeKind
from domain.device_health import DEFAULT_HEALTH_LIMITS, HealthLimits
from domain.device_quality import DeviceQuality
from domain.devices import Device
from domain.ports.clock import Clock
from domain.ports.device_quality import DeviceQualities
from domain.ports.registry import Registry
from domain.records import Record, RecordKind
from domain.registry import RegistrySnapshot

_MOST_CHANGES = 500
_MOST_UNDELIVERED = 20


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is known at business time ``at``. ``fill`` and ``verdicts`` are newest by device id;
    ``undelivered`` are the messages that somebody should know have not arrived; ``open_reviews``
    the detections that wait for a person's answer; ``readings_away`` when there were none to read.
    """

    at: datetime
    registry: RegistrySnapshot
    newest_change: int
    open_cases: tuple[Case, ...] = ()
    open_alerts: tuple[Alert, ...] = ()
    fill: Mapping[str, Record] = field(default_factory=dict)
    verdicts: Mapping[str, Record] = field(default_factory=dict)
    undelivered: tuple[OutboxMessage, ...] = ()
    health_limits: HealthLimits = DEFAULT_HEALTH_LIMITS
    quality: Mapping[str, DeviceQuality] = field(default_factory=dict)
    open_reviews: tuple[OpenReview, ...] = ()
    readings_away: bool = False

    @cached_property
    def cases_at(self) -> Mapping[str, tuple[Case, ...]]:
        """Open cases by place; places without one are absent."""
        found: dict[str, list[Case]] = defaultdict(list)
        for case in self.open_cases:
            found[case.place_id].append(case)
        return {place_id: tuple(cases) for place_id, cases in found.items()}

    @cached_property
    def alerts_at(self) -> Mapping[str, tuple[Alert, ...]]:
        """Open alerts by place; places without one are absent."""
        found: dict[str, list[Alert]] = defaultdict(list)
        for alert in self.open_alerts:
            found[alert.place_id].append(alert)
        return {place_id: tuple(alerts) for place_id, alerts in found.items()}

    @cached_property
    def devices(self) -> tuple[Device, ...]:
        """Every sensor and camera of the registry."""
        return (*self.registry.sensors.values(), *self.registry.cameras.values())

    def devices_at(self, place_id: str) -> tuple[Device, ...]:
        """Return the sensors and cameras of a place."""
        return (*self.registry.sensors_at[place_id], *self.registry.cameras_at[place_id])

    def newest_of(self, device_id: str) -> Record | None:
        """Return the newest record of a sensor or camera, or None."""
        return self.fill.get(device_id) or self.verdicts.get(device_id)


class SituationReader:
    """Reads situations from the stores; called by one worker thread at a time."""

    def __init__(
        self,
        *,
        clock: Clock,
        registry: Registry,
        book: CaseBook,
        history: HistoryWhenThere,
        qualities: DeviceQualities,
        health_limits: HealthLimits = DEFAULT_HEALTH_LIMITS,
        review_queue: ReviewQueue | None = None,
    ) -> None:
        self._clock = clock
        self._registry = registry
        self._book = book
        self._history = history
        self._qualities = qualities
        self._health_limits = health_limits
        self._review_queue = review_queue

    def notices(self, *, after: int) -> tuple[OutboxMessage, ...]:
        """Return the messages to the dispatchers behind the change ``after``, oldest first."""
        messages = (
            self._book.message(change.subject_id)
            for change in self._book.changes(after, _MOST_CHANGES)
            if change.kind is ChangeKind.NOTICE
        )
        return tuple(m for m in messages if m is not None and m.channel is Channel.CONSOLE)

    def newest_change(self) -> int:
        """Return the position of the newest change of alerts and cases."""
        return self._book.newest_change()

    def read(self) -> Situation:
        """Read everything anew."""
        # The position comes first: what changes while we read is then seen again, never missed.
        newest_change = self._book.newest_change()
        at, registry = self._clock.now(), self._registry.current()
        devices: list[Device] = [*registry.sensors.values(), *registry.cameras.values()]
        verdicts = self._history.latest(RecordKind.VERDICTS)
        queue = self._review_queue
        return Situation(
            at=at,
            registry=registry,
            newest_change=newest_change,
            open_cases=tuple(self._book.open_cases()),
            open_alerts=tuple(self._book.open_alerts()),
            fill=self._history.latest(RecordKind.FILL),
            verdicts=verdicts,
            undelivered=tuple(self._book.undelivered_messages(_MOST_UNDELIVERED)),
            health_limits=self._health_limits,
            quality=self._qualities.of_devices(devices, until=at),
            open_reviews=() if queue is None else queue.read(registry, verdicts, at),
            readings_away=self._history.away,
        )
