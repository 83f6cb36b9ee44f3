"""Line protocol, formatted by us: numbers always float, tags only ids and words of our own.

One type per field for ever, since the first point of a shard decides it: there are no integers and
no booleans. Text equals what ``influxdb_client.Point`` prints (a property test).
"""

import math
import re
from collections.abc import Mapping

from domain.checks import InvalidValueError, check_id

LONGEST_TEXT = 32 * 1024
"""InfluxDB takes strings of up to 64 KiB."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


def line(
    measurement: str,
    tags: Mapping[str, str],
    fields: Mapping[str, float | str | None],
    at_ns: int,
) -> bytes:
    """Return one point; fields that are None are left out.

    Raises :class:`InvalidValueError` for what would not be one clean point: a tag that is no id of
    ours, a number that is none, text with control characters, no field at all.
    """
    head = "".join(f",{_name(key)}={check_id(key, value)}" for key, value in sorted(tags.items()))
    body = ",".join(
        f"{_name(key)}={_field_text(key, value)}"
        for key, value in sorted(fields.items())
        if value is not None
    )
    if not body:
        msg = f"{measurement}: a point without fields"
        raise InvalidValueError(msg)
    return f"{_name(measurement)}{head} {body} {at_ns}".encode()


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        msg = f"not a name for a measurement, tag or field: {name[:40]!r}"
        raise InvalidValueError(msg)
    return name


def _field_text(name: str, value: float | str) -> str:
    if isinstance(value, str):
        if len(value.encode("utf-8", "replace")) > LONGEST_TEXT or not _is_clean(value):
            msg = f"{name}: not a text of at most {LONGEST_TEXT} bytes without control characters"
            raise InvalidValueError(msg)
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    number = float(value)
    if not math.isfinite(number):
        msg = f"{name}: not a finite number"
        raise InvalidValueError(msg)
    return repr(number).removesuffix(".0")


def _is_clean(text: str) -> bool:
    return text == "" or text.isprintable()
