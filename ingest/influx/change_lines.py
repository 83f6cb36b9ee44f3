"""Changes of alerts and cases as points: what Grafana shows as states and annotations.

Notices are not among them: they repeat, for the console, what the case says already.
"""

from collections.abc import Sequence

from domain.changes import Change, ChangeKind
from domain.checks import InvalidValueError
from domain.ports.change_feed import ChangeFeed
from domain.ports.registry import Registry
from domain.registry import RegistrySnapshot
from ingest.influx.lines import line
from ingest.influx.refusals import PointRefusal, RefusedPoint
from ingest.influx.source import Lines, Page
from ingest.instants import to_us

_MEASUREMENTS = {
    ChangeKind.ALERT_FIRED: "alert",
    ChangeKind.ALERT_RESOLVED: "alert",
    ChangeKind.CASE_OPENED: "case",
    ChangeKind.CASE_MOVED: "case",
    ChangeKind.CASE_ESCALATED: "case",
    ChangeKind.GROUND_CHECK: "ground_check",
}


class ChangeLines:
    """Fulfils ``ingest.influx.source.LineSource`` over the changes."""

    def __init__(self, *, feed: ChangeFeed, registry: Registry) -> None:
        self._feed = feed
        self._registry = registry

    def read(self, *, after: int, limit: int) -> Page | None:
        """Return the points of up to ``limit`` changes behind ``after``; None: there are none."""
        changes = self._feed.read(after=after, limit=limit)
        if not changes:
            return None
        told = lines_of_changes(changes, self._registry.current())
        return Page(entries=len(changes), through=changes[-1].position, told=told)

    def newest_position(self) -> int:
        """Return the position of the newest change, 0 when there is none."""
        return self._feed.newest_position()


def lines_of_changes(changes: Sequence[Change], registry: RegistrySnapshot) -> Lines:
    """Return the points of changes, notices left out."""
    lines: list[bytes] = []
    refused: list[RefusedPoint] = []
    for change in changes:
        measurement = _MEASUREMENTS.get(change.kind)
        if measurement is None:
            continue
        if change.place_id not in registry.places:
            refused.append(_refused(PointRefusal.UNKNOWN_PLACE, change.place_id, change))
            continue
        try:
            lines.append(_line(measurement, change))
        except InvalidValueError as error:
            refused.append(_refused(PointRefusal.INVALID_VALUE, str(error), change))
    return Lines.of(lines, refused)


def _line(measurement: str, change: Change) -> bytes:
    # One transaction writes several changes of a place with the same time. Their positions follow
    # each other, so the nanoseconds, which no clock of ours has, keep them apart, every time alike.
    at_ns = to_us(change.changed_at) * 1000 + change.position % 1000
    fields = change.values | {"kind": change.kind, "subject_id": change.subject_id}
    return line(measurement, {"place_id": change.place_id}, fields, at_ns)


def _refused(reason: PointRefusal, detail: str, change: Change) -> RefusedPoint:
    return RefusedPoint(reason=reason, detail=detail, content=repr(change).encode())
