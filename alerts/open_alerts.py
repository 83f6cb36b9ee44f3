"""The alerts that are open, kept in memory by the one thread that evaluates."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from alerts.alert_records import (
    Cause,
    NewAlert,
    add_causes,
    attach,
    causes_of,
    find_alerts,
    fire,
    resolve,
)
from alerts.metrics import AlertMetrics
from alerts.schema import alerts
from domain.alerts import Alert, DeviceCondition
from domain.problems import ProblemClass

Subject = ProblemClass | DeviceCondition


class OpenAlerts:
    """Open alerts by owner (place or device) and subject. After a rollback, :meth:`load`."""

    def __init__(self, metrics: AlertMetrics) -> None:
        self._metrics = metrics
        self._alerts: dict[tuple[str, Subject], Alert] = {}
        self._causes: dict[str, frozenset[tuple[str, str]]] = {}

    def load(self, connection: Connection) -> None:
        """Forget everything and read what is committed."""
        found = find_alerts(connection, alerts.c.resolved_at.is_(None))
        self._alerts = {(_owner(alert), alert.subject): alert for alert in found}
        self._causes = {alert.alert_id: causes_of(connection, alert.alert_id) for alert in found}

    def all(self) -> list[Alert]:
        """Return every open alert."""
        return list(self._alerts.values())

    def find(self, owner_id: str, subject: Subject) -> Alert | None:
        """Return the open alert of that place or device, or None."""
        return self._alerts.get((owner_id, subject))

    def has_cause(self, owner_id: str, subject: Subject, cause: tuple[str, str]) -> bool:
        """Whether that (device, reason) has spoken for the open alert there."""
        alert = self.find(owner_id, subject)
        return alert is not None and cause in self._causes[alert.alert_id]

    def fire(self, connection: Connection, new: NewAlert, *, now: datetime) -> Alert:
        """Open an alert."""
        alert = fire(connection, new, now=now)
        self._alerts[_owner(alert), alert.subject] = alert
        self._causes[alert.alert_id] = frozenset((c.device_id, c.reason) for c in new.causes)
        self._metrics.fired(alert.subject)
        return alert

    def add(
        self, connection: Connection, alert: Alert, causes: tuple[Cause, ...], *, now: datetime
    ) -> None:
        """Add what else speaks for an open alert now."""
        known = self._causes[alert.alert_id]
        wanted = frozenset((cause.device_id, cause.reason) for cause in causes)
        if wanted <= known:
            return
        add_causes(connection, alert.alert_id, causes, known=known, now=now)
        self._causes[alert.alert_id] = known | wanted

    def attach(self, connection: Connection, alert: Alert, case_id: str) -> None:
        """Note to which case an open alert belongs."""
        attach(connection, alert, case_id)
        self._alerts[_owner(alert), alert.subject] = replace(alert, case_id=case_id)

    def resolve(self, connection: Connection, alert: Alert, *, now: datetime) -> None:
        """End an open alert."""
        resolve(connection, alert, now=now)
        self.forget(_owner(alert), alert.subject)
        self._metrics.resolved(alert.subject)

    def forget(self, owner_id: str, subject: Subject) -> None:
        """Drop an alert that somebody else has ended."""
        alert = self._alerts.pop((owner_id, subject), None)
        if alert is not None:
            del self._causes[alert.alert_id]


def _owner(alert: Alert) -> str:
    if isinstance(alert.subject, DeviceCondition) and alert.device_id is not None:
        return alert.device_id
    return alert.place_id
