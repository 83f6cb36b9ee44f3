"""Times as whole microseconds since 1970 UTC: how our SQLite files keep and order them."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_us(instant: datetime) -> int:
    """Return an aware time as microseconds, exactly."""
    return (instant - EPOCH) // MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the UTC time that :func:`to_us` was given."""
    return EPOCH + timedelta(microseconds=microseconds)
