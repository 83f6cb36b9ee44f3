"""Looking at a dashboard as a person does: its choices are made one after the other."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dashboards.interpretation import Chosen, View, sql_text
from dashboards.provisioned import PROVISIONED
from tests.dashboards.frames import Sources

Dashboard = Mapping[str, Any]


def committed(language: str = "zh-CN") -> list[Dashboard]:
    """Return the dashboards that provisioning reads."""
    return [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((PROVISIONED / language).glob("*.json"))
    ]


def looked_at(
    dashboard: Dashboard, sources: Sources, until: datetime, preferred: Mapping[str, Sequence[str]]
) -> View:
    """Make every choice: ``preferred``, else as the dashboard opens: All, or the first option."""
    since = until - _length(dashboard["time"]["from"])
    chosen: dict[str, Chosen] = {}
    for variable in dashboard["templating"]["list"]:
        name = variable["name"]
        if variable["type"] == "constant":
            chosen[name] = Chosen(values=[variable["query"]])
            continue
        view = View(since=since, until=until, chosen=chosen)
        (frame,) = sources.sql(sql_text(variable["query"], view), "table")
        values, texts = frame.column("__value"), frame.column("__text")
        assert values is not None, f"{name} has no column __value"
        assert texts is not None, f"{name} has no column __text"
        assert values.values, f"{name} has no option"
        assert all(texts.values), f"an option of {name} has no text"
        opening = values.values if variable.get("includeAll") else values.values[:1]
        wanted = list(preferred.get(name, opening))
        assert set(wanted) <= set(values.values)
        chosen[name] = Chosen(
            values=wanted,
            several=bool(variable.get("multi")),
            all_matches=variable.get("allValue") if name not in preferred else None,
        )
    return View(since=since, until=until, chosen=chosen)


def _length(since: str) -> timedelta:
    match = re.fullmatch(r"now-(\d+)([hd])", since)
    assert match is not None, since
    return timedelta(hours=int(match[1]) * {"h": 1, "d": 24}[match[2]])
