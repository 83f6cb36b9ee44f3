"""What every value refuses by itself: foreign ids, naive times, numbers that are none.

All checks raise :class:`InvalidValueError`, so a caller at a border has one error to answer for.
"""

import re
from datetime import UTC, datetime

ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{2,31}", re.ASCII)
"""Ids are safe as an MQTT topic level, a file name, a tag and a URL segment alike."""

DEV_EUI_PATTERN = re.compile(r"[0-9a-f]{16}", re.ASCII)
SHA256_PATTERN = re.compile(r"[0-9a-f]{64}", re.ASCII)


class InvalidValueError(ValueError):
    """A value that the domain cannot hold. The text names the field and the reason."""


def check_id(field: str, value: str) -> str:
    """Return ``value`` if it is an id of ours, else raise :class:`InvalidValueError`."""
    if not ID_PATTERN.fullmatch(value):
        msg = f"{field}: not an id (3 to 32 of a-z 0-9 _ -): {value[:40]!r}"
        raise InvalidValueError(msg)
    return value


def check_sha256(field: str, value: str) -> str:
    """Return ``value`` if it is a SHA-256 in lower-case hex, else raise."""
    if not SHA256_PATTERN.fullmatch(value):
        msg = f"{field}: not a SHA-256 in lower-case hex"
        raise InvalidValueError(msg)
    return value


def check_utc(field: str, value: datetime) -> datetime:
    """Return ``value`` if it is aware and in UTC, else raise :class:`InvalidValueError`."""
    if value.tzinfo is not UTC and (
        value.tzinfo is None or value.utcoffset() != UTC.utcoffset(None)
    ):
        msg = f"{field}: not an aware UTC time: {value.isoformat()}"
        raise InvalidValueError(msg)
    return value


def check_number(field: str, value: float, low: float, high: float) -> float:
    """Return ``value`` if it is within the finite ``low`` to ``high``, else raise.

    Neither infinities nor NaN are within anything.
    """
    if not low <= value <= high:
        msg = f"{field}: {value!r} is not a number from {low} to {high}"
        raise InvalidValueError(msg)
    return value


def check_optional(field: str, value: float | None, low: float, high: float) -> float | None:
    """Like :func:`check_number`, where the value may be absent."""
    # Compared here first: this runs several times for every record there is.
    if value is None or low <= value <= high:
        return value
    return check_number(field, value, low, high)


def check_text(field: str, value: str, longest: int) -> str:
    """Return ``value`` if it has 1 to ``longest`` printable characters, else raise."""
    if not 1 <= len(value) <= longest or not value.isprintable():
        msg = f"{field}: not a text of 1 to {longest} printable characters"
        raise InvalidValueError(msg)
    return value
