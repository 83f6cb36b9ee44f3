"""Alerts in their tables: firing, adding what else speaks for one, resolving."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from alerts.case_records import alert_of
from alerts.change_log import record_change
from alerts.counters import next_number
from alerts.schema import alert_causes, alerts
from domain.alerts import Alert, AlertLevel, DeviceCondition
from domain.changes import ChangeKind
from domain.problems import ProblemClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that speaks for an alert: which device, by which reason (a code of ``texts``)."""

    device_id: str
    reason: str
    picture_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """An alert about to fire, with everything that speaks for it now, the first seen first."""

    place_id: str
    subject: ProblemClass | DeviceCondition
    level: AlertLevel
    causes: tuple[Cause, ...]


def fire(connection: Connection, alert: NewAlert, *, now: datetime) -> Alert:
    """Write a new alert; IntegrityError when one is open there (the unique indexes)."""
    about_device = isinstance(alert.subject, DeviceCondition)
    first = alert.causes[0]
    owner = first.device_id if about_device else alert.place_id
    number = next_number(connection, f"alert/{owner}/{alert.subject}")
    alert_id = f"alert-{next_number(connection, 'alert'):06d}"
    picture = next((c.picture_sha256 for c in alert.causes if c.picture_sha256), None)
    connection.execute(
        insert(alerts).values(
            alert_id=alert_id,
            episode=f"{owner}/{alert.subject}/{number}",
            about_device=about_device,
            place_id=alert.place_id,
            device_id=first.device_id,
            subject=str(alert.subject),
            level=str(alert.level),
            fired_at=now,
            picture_sha256=picture,
        )
    )
    add_causes(connection, alert_id, alert.causes, known=frozenset(), now=now)
    fired = Alert(
        alert_id=alert_id,
        place_id=alert.place_id,
        device_id=first.device_id,
        subject=alert.subject,
        level=alert.level,
        fired_at=now,
        picture_sha256=picture,
        reasons=tuple(dict.fromkeys(cause.reason for cause in alert.causes)),
    )
    _record(connection, ChangeKind.ALERT_FIRED, fired, now=now)
    return fired


def add_causes(
    connection: Connection,
    alert_id: str,
    causes: Iterable[Cause],
    *,
    known: frozenset[tuple[str, str]],
    now: datetime,
) -> int:
    """Add what is not known to speak for the alert yet; return how many."""
    rows = [
        {"alert_id": alert_id, "device_id": device_id, "reason": reason, "seen_at": now}
        for device_id, reason in dict.fromkeys((c.device_id, c.reason) for c in causes)
        if (device_id, reason) not in known
    ]
    if rows:
        connection.execute(insert(alert_causes), rows)
    return len(rows)


def causes_of(connection: Connection, alert_id: str) -> frozenset[tuple[str, str]]:
    """Return all (device, reason) that spoke for the alert so far."""
    rows = connection.execute(select(alert_causes).where(alert_causes.c.alert_id == alert_id))
    return frozenset((row.device_id, row.reason) for row in rows)


def attach(connection: Connection, alert: Alert, case_id: str) -> None:
    """Note to which case an alert belongs."""
    connection.execute(
        update(alerts).where(alerts.c.alert_id == alert.alert_id).values(case_id=case_id)
    )


def resolve(connection: Connection, alert: Alert, *, now: datetime) -> None:
    """End an alert."""
    connection.execute(
        update(alerts).where(alerts.c.alert_id == alert.alert_id).values(resolved_at=now)
    )
    _record(connection, ChangeKind.ALERT_RESOLVED, alert, now=now)


def resolve_alerts_of_case(connection: Connection, case_id: str, *, now: datetime) -> None:
    """End what is still open of a case that was found clean."""
    for alert in find_alerts(
        connection, alerts.c.case_id == case_id, alerts.c.resolved_at.is_(None)
    ):
        resolve(connection, alert, now=now)


def find_alerts(
    connection: Connection, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[Alert]:
    """Return the alerts that meet all ``conditions``, the newest first."""
    wanted = (
        select(alerts)
        .where(*conditions)
        .order_by(alerts.c.fired_at.desc(), alerts.c.alert_id.desc())
        .limit(limit)
    )
    rows = connection.execute(wanted).all()
    reasons = _reasons_of(connection, rows)
    return [alert_of(row, reasons.get(row.alert_id, ())) for row in rows]


def _reasons_of(connection: Connection, rows: Iterable[Row[Any]]) -> dict[str, tuple[str, ...]]:
    ids = [row.alert_id for row in rows]
    found: dict[str, tuple[str, ...]] = {}
    if not ids:
        return found
    wanted = (
        select(alert_causes)
        .where(alert_causes.c.alert_id.in_(ids))
        .order_by(alert_causes.c.seen_at, alert_causes.c.device_id)
    )
    for row in connection.execute(wanted):
        known = found.get(row.alert_id, ())
        if row.reason not in known:
            found[row.alert_id] = (*known, row.reason)
    return found


def _record(connection: Connection, kind: ChangeKind, alert: Alert, *, now: datetime) -> None:
    record_change(
        connection,
        kind,
        at=now,
        place_id=alert.place_id,
        subject_id=alert.alert_id,
        values={
            "subject": str(alert.subject),
            "level": str(alert.level),
            "device_id": alert.device_id,
            "case_id": alert.case_id,
        },
    )
