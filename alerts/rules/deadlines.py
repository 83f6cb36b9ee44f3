"""What a case's clock asks for: reminders, and escalation when nobody accepts."""

from datetime import datetime

from alerts.case_records import CaseFile
from alerts.limits import AlertRules
from alerts.notices import Occasion
from domain.cases import CaseState

HANDLING_STATES = frozenset({CaseState.DISPATCHED, CaseState.IN_PROGRESS, CaseState.REWORK})
"""In these the crew is asked for something; elsewhere its clock asks for nothing."""

REMINDED_BEFORE, REMINDED_AT = 1, 2


def due_reminder(file: CaseFile, now: datetime, rules: AlertRules) -> Occasion | None:
    """Return which reminder is to be sent now. At the limit, the one before it is left out."""
    due_at = file.case.due_at
    if file.case.state not in HANDLING_STATES or due_at is None:
        return None
    if now >= due_at:
        return Occasion.AT_LIMIT if file.reminders < REMINDED_AT else None
    near = now >= due_at - rules.reminder_before
    return Occasion.BEFORE_LIMIT if near and file.reminders < REMINDED_BEFORE else None


def must_escalate(file: CaseFile, now: datetime, rules: AlertRules) -> bool:
    """Whether the crew has left the task unaccepted for too long; once in a case's life."""
    return (
        file.case.state in HANDLING_STATES
        and file.told_at is not None
        and file.case.escalation_level == 0
        and now - file.told_at >= rules.escalate_after
    )
