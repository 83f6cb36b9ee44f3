"""Changes: the append-only facts that the case work leaves behind, a feed for others."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    """What has happened."""

    ALERT_FIRED = "alert_fired"
    ALERT_RESOLVED = "alert_resolved"
    CASE_OPENED = "case_opened"
    CASE_MOVED = "case_moved"
    CASE_ESCALATED = "case_escalated"
    GROUND_CHECK = "ground_check"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact. ``values`` holds only ids, states, numbers and UTC times in RFC 3339."""

    position: int
    kind: ChangeKind
    changed_at: datetime
    place_id: str
    subject_id: str
    values: dict[str, str | float | None]
