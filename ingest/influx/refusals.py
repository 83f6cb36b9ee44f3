"""Why a point is not in InfluxDB, and what is kept of it."""

from dataclasses import dataclass
from enum import StrEnum


class PointRefusal(StrEnum):
    """The code that a dead letter, a counter and a log line name."""

    UNREADABLE_RECORD = "unreadable_record"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_ZONE = "unknown_zone"
    UNKNOWN_PLACE = "unknown_place"
    INVALID_VALUE = "invalid_value"
    UNPARSABLE_LINE = "unparsable_line"
    TYPE_CONFLICT = "type_conflict"
    BEYOND_RETENTION = "beyond_retention"
    TOO_LARGE = "too_large"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPoint:
    """A point that is not written: what it was, as a line or a record, and why."""

    reason: PointRefusal
    detail: str
    content: bytes
