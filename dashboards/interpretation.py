"""Grafana's variables, macros and ``v.`` record, put into query texts as its documentation says.

Only what our dashboards use is known; everything else fails, so that no query passes here which
Grafana would send with a name still in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ALL = "$__all"

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<format>\w+))?\}|\$(?P<plain>(?!__)[A-Za-z]\w*)")
_MACRO = re.compile(r"\$(__\w+)\(([^)]*)\)")
_RECORD = re.compile(r"([A-Za-z]+)\.([A-Za-z]+)")
_REGEX_CHARACTERS = re.compile(r"[\\^$*+?.()|\[\]{}/]")


class NotUnderstoodError(Exception):
    """A text uses something of Grafana's that this interpreter does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is chosen for a variable: one value or several, and for "All" every option."""

    values: Sequence[str]
    several: bool = False
    all_matches: str | None = None

    def formatted(self, how: str | None) -> str:
        """Return the text that stands for the variable."""
        if self.all_matches is not None:
            return self.all_matches  # a custom value of "All" is never formatted
        values = list(self.values)
        match how:
            case "regex":
                escaped = [_REGEX_CHARACTERS.sub(r"\\\g<0>", value) for value in values]
                return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
            case "sqlstring":
                return ",".join("'" + value.replace("'", "''") + "'" for value in values)
            case "singlequote":
                return ",".join("'" + value.replace("'", "\\'") + "'" for value in values)
            case None | "raw":
                if self.several:
                    msg = "several values without a format"
                    raise NotUnderstoodError(msg)
                return values[0]
            case _:
                raise NotUnderstoodError(how)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a dashboard is looked at with: the time range, how wide a panel is, what is chosen."""

    since: datetime
    until: datetime
    chosen: Mapping[str, Chosen]
    pixels: int = 800

    @property
    def interval(self) -> timedelta:
        """The time that one pixel stands for, at least a second."""
        exact_s = (self.until - self.since).total_seconds() / self.pixels
        return timedelta(seconds=max(1, round(exact_s)))


def chosen_in(text: str, chosen: Mapping[str, Chosen]) -> str:
    """Return the text with the variables put in, as the browser does before it asks."""

    def value(match: re.Match[str]) -> str:
        name = match["name"] or match["plain"]
        if name not in chosen:
            raise NotUnderstoodError(match[0])
        return chosen[name].formatted(match["format"])

    return _VARIABLE.sub(value, text)


def flux_text(text: str, view: View) -> str:
    """Return the Flux that Grafana's data source sends to InfluxDB."""
    wanted = chosen_in(text, view.chosen)
    known = {
        "timeRangeStart": rfc3339(view.since),
        "timeRangeStop": rfc3339(view.until),
        "windowPeriod": f"{int(view.interval.total_seconds())}s",
    }
    refused = {"bucket", "organization"}  # would be replaced whatever stands before the dot

    def value(match: re.Match[str]) -> str:
        if match[2] in refused:
            raise NotUnderstoodError(match[0])
        return known.get(match[2], match[0])

    finished = _RECORD.sub(value, wanted)
    _refuse_rest(finished.replace("v.defaultBucket", ""))
    return finished


def with_default_bucket(text: str, bucket: str) -> str:
    """Return the Flux with the data source's default bucket put in."""
    return text.replace("v.defaultBucket", f'"{bucket}"')


def sql_text(text: str, view: View) -> str:
    """Return the SQL that Grafana's data source sends to PostgreSQL."""
    wanted = chosen_in(text, view.chosen)
    since, until = f"'{rfc3339(view.since)}'", f"'{rfc3339(view.until)}'"

    def value(match: re.Match[str]) -> str:
        arguments = [part.strip() for part in match[2].split(",")]
        match match[1]:
            case "__timeFilter":
                return f"{arguments[0]} BETWEEN {since} AND {until}"
            case "__timeFrom":
                return since
            case "__timeTo":
                return until
            case "__timeGroup":
                return _group(arguments)
            case "__timeGroupAlias":
                return f'{_group(arguments)} AS "time"'
            case _:
                raise NotUnderstoodError(match[0])

    finished = _MACRO.sub(value, wanted)
    finished = finished.replace("$__interval", f"{int(view.interval.total_seconds())}s")
    _refuse_rest(finished)
    return finished


def rfc3339(at: datetime) -> str:
    """Return a time as Grafana writes it into queries."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _group(arguments: Sequence[str]) -> str:
    column, interval = arguments  # a fill value is something that we do not use
    seconds = _seconds(interval.strip("'"))
    return f"floor(extract(epoch from {column})/{seconds})*{seconds}"


def _seconds(interval: str) -> int:
    match = re.fullmatch(r"(\d+)([smhd])", interval)
    if match is None:
        raise NotUnderstoodError(interval)
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[match[2]]


def _refuse_rest(text: str) -> None:
    left = re.search(r"\$__\w+|\$\{[^}]*\}|\[\[\w+\]\]|\bv\.\w+", text)
    if left is not None:
        raise NotUnderstoodError(left[0])
