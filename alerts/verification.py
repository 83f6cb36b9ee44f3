"""Who may say that it is clean: a camera, else two readings, else an inspector. Never the handler.

Pure: what a case needs is worked out from the registry, one observation after the other is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from alerts.limits import AlertRules
from domain.devices import Camera, ZoneKind
from domain.problems import GROUND_CLASSES, ProblemClass
from domain.records import SnapshotVerdicts, Verdict, VerdictState


class Finding(StrEnum):
    """What the check says."""

    CLEAN = "clean"
    STILL_THERE = "still_there"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingCheck:
    """Accepted readings in a row after ``since``, by sensor: under the clear level, and at or
    above the critical one.
    """

    since: datetime
    low: dict[str, int] = field(default_factory=dict)
    high: dict[str, int] = field(default_factory=dict)


def take_reading(
    check: ReadingCheck, device_id: str, level: float, rules: AlertRules
) -> ReadingCheck:
    """Take one accepted reading observed after ``since``."""
    is_low, is_high = level < rules.critical_clears_below, level >= rules.critical_level
    low = {**check.low, device_id: check.low.get(device_id, 0) + 1 if is_low else 0}
    high = {**check.high, device_id: check.high.get(device_id, 0) + 1 if is_high else 0}
    return replace(check, low=low, high=high)


def judge_readings(
    check: ReadingCheck, sensors: Sequence[str], rules: AlertRules
) -> Finding | None:
    """Return what the readings say: one sensor still full suffices, clean needs all of them."""
    needed = rules.readings_in_a_row
    if any(check.high.get(sensor, 0) >= needed for sensor in sensors):
        return Finding.STILL_THERE
    if sensors and all(check.low.get(sensor, 0) >= needed for sensor in sensors):
        return Finding.CLEAN
    return None


def sees(camera: Camera, problem_class: ProblemClass, containers: frozenset[str]) -> bool:
    """Whether the camera has a zone in which that problem can be seen, for every container."""
    if problem_class in GROUND_CLASSES:
        return any(zone.kind is ZoneKind.GROUND for zone in camera.zones)
    if problem_class is not ProblemClass.BIN_OVERFLOW:
        return False
    bins = [zone.container_id for zone in camera.zones if zone.kind is ZoneKind.BIN]
    return bool(bins) and (None in bins or containers <= set(bins))


def judge_snapshot(
    camera: Camera,
    snapshot: SnapshotVerdicts,
    problem_class: ProblemClass,
    containers: frozenset[str] = frozenset(),
) -> Finding | None:
    """Return what a snapshot says of the problem, None when any zone of it is unknown.

    A problem seen in one zone decides, whatever is unknown elsewhere.
    """
    states = {v.state for v in _relevant(camera, snapshot, problem_class, containers)}
    if VerdictState.PRESENT in states:
        return Finding.STILL_THERE
    return Finding.CLEAN if states == {VerdictState.CLEAR} else None


def ground_state(camera: Camera, snapshot: SnapshotVerdicts) -> VerdictState:
    """Return what a snapshot says of the ground in all: one word for the ground check."""
    match judge_snapshot(camera, snapshot, ProblemClass.NOT_SWEPT_AFTER_COLLECTION):
        case Finding.STILL_THERE:
            return VerdictState.PRESENT
        case Finding.CLEAN:
            return VerdictState.CLEAR
        case None:
            return VerdictState.UNKNOWN


def ground_problems(camera: Camera, snapshot: SnapshotVerdicts) -> tuple[ProblemClass, ...]:
    """Return what a snapshot shows on the ground, each once."""
    relevant = _relevant(camera, snapshot, ProblemClass.NOT_SWEPT_AFTER_COLLECTION, frozenset())
    seen = {v.problem_class for v in relevant if v.state is VerdictState.PRESENT}
    return tuple(problem for problem in ProblemClass if problem in seen)


def _relevant(
    camera: Camera,
    snapshot: SnapshotVerdicts,
    problem_class: ProblemClass,
    containers: frozenset[str],
) -> list[Verdict]:
    if problem_class is ProblemClass.BIN_OVERFLOW:
        zones = {
            zone.zone_id
            for zone in camera.zones
            if zone.kind is ZoneKind.BIN
            and (not containers or zone.container_id is None or zone.container_id in containers)
        }
        return [
            verdict
            for verdict in snapshot.verdicts
            if verdict.zone_id in zones and verdict.problem_class is problem_class
        ]
    ground_zones = {zone.zone_id for zone in camera.zones if zone.kind is ZoneKind.GROUND}
    ground = [
        verdict
        for verdict in snapshot.verdicts
        if verdict.zone_id in ground_zones and verdict.problem_class in GROUND_CLASSES
    ]
    # A class that this camera's vision does not tell apart is judged by the ground as a whole.
    same = [verdict for verdict in ground if verdict.problem_class is problem_class]
    return same or ground
