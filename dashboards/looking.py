"""Looking at a dashboard as a person does who opens it: choices are made one after the other."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dashboards.interpretation import Chosen, NotUnderstoodError, View, sql_text

Options = Callable[[str], Sequence[str]]
"""Answers a variable's query (SQL) with its options' values."""


class NoOptionError(Exception):
    """A variable has nothing to choose from: the registry has no place, or not of this name."""


def opened(
    dashboard: Mapping[str, Any],
    *,
    until: datetime,
    options: Options,
    preferred: Mapping[str, str] | None = None,
) -> View:
    """Return the view: every variable at ``preferred``, or as it opens: All, or its first option.

    Raises :class:`NoOptionError`, and ``NotUnderstoodError`` for what our dashboards do not use.
    """
    since = until - _length(str(dashboard["time"]["from"]))
    wishes = preferred or {}
    chosen: dict[str, Chosen] = {}
    for variable in dashboard["templating"]["list"]:
        name = str(variable["name"])
        if variable["type"] == "constant":
            chosen[name] = Chosen(values=[str(variable["query"])])
            continue
        there = options(sql_text(variable["query"], View(since=since, until=until, chosen=chosen)))
        if not there:
            raise NoOptionError(name)
        opening = there if variable.get("includeAll") else there[:1]
        wished = [each for each in there if each == wishes.get(name)]
        chosen[name] = Chosen(
            values=wished or opening,
            several=bool(variable.get("multi")),
            all_matches=None if wished else variable.get("allValue"),
        )
    return View(since=since, until=until, chosen=chosen)


def _length(since: str) -> timedelta:
    match = re.fullmatch(r"now-(\d+)([hd])", since)
    if match is None:
        raise NotUnderstoodError(since)
    return timedelta(hours=int(match[1]) * {"h": 1, "d": 24}[match[2]])
