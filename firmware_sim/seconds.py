"""Business time as the simulator counts it: seconds since the epoch, whole milliseconds."""

from datetime import UTC, datetime

HOUR_S, DAY_S = 3_600, 86_400
SHANGHAI_S = 8 * HOUR_S
"""Asia/Shanghai is ahead of UTC by this, all year."""


def seconds_of(at: datetime) -> float:
    """Return seconds since the epoch, to the millisecond."""
    return round(at.timestamp(), 3)


def datetime_of(at_s: float) -> datetime:
    """Return the aware UTC time of seconds since the epoch."""
    return datetime.fromtimestamp(at_s, UTC)


def local_day(at_s: float) -> int:
    """Return the number of the Shanghai day that contains this time, counted from the epoch's."""
    return int((at_s + SHANGHAI_S) // DAY_S)


def day_start_s(day: int) -> float:
    """Return when that Shanghai day begins, in seconds since the epoch."""
    return float(day * DAY_S - SHANGHAI_S)
