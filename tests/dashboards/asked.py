"""Everything that a language's dashboards ask, asked once, with what it took."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.dashboards.filled import FilledDistrict
from tests.dashboards.frames import Frame
from tests.dashboards.looking import Dashboard, committed, looked_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A dashboard with the frames of its panels (by id) and of the marks asked for."""

    dashboard: Dashboard
    answers: dict[int, list[Frame]]
    marks: list[list[Frame]]
    seconds: dict[int, float]
    """What each panel's queries took together, wall time."""


def marks_asked_for(dashboard: Dashboard) -> list[Mapping[str, Any]]:
    """Return the marks that a query of ours answers; others are in Grafana's own store, by tags."""
    events = dashboard["annotations"].get("list", ())
    return [each for each in events if each["target"].get("type") != "tags"]


def ask_everything(
    filled: FilledDistrict, language: str, *, subdistricts: Sequence[str] | None = None
) -> list[Asked]:
    """Open every dashboard and ask what it asks; of all subdistricts, or those given."""
    return [_asked(dashboard, filled, subdistricts) for dashboard in committed(language)]


def _asked(
    dashboard: Dashboard, filled: FilledDistrict, subdistricts: Sequence[str] | None
) -> Asked:
    preferred = {"place": [filled.busy_place]}
    if subdistricts is not None:
        preferred["subdistrict"] = list(subdistricts)
    view = looked_at(dashboard, filled.sources, filled.until, preferred=preferred)
    answers, seconds = {}, {}
    for panel in dashboard["panels"]:
        began_s = time.monotonic()
        answers[panel["id"]] = [
            frame for target in panel["targets"] for frame in filled.sources.ask(target, view)
        ]
        seconds[panel["id"]] = time.monotonic() - began_s
    marks = [filled.sources.ask(events["target"], view) for events in marks_asked_for(dashboard)]
    return Asked(dashboard=dashboard, answers=answers, marks=marks, seconds=seconds)
