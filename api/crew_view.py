"""What a crew's page shows of a case: pure, no texts, no HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.case_records import CaseLogEntry
from alerts.verification import sees
from domain.cases import Case, CaseAction, CaseState
from domain.problems import ProblemClass
from domain.records import Record, SnapshotVerdicts, VerdictState
from domain.registry import RegistrySnapshot

Box = tuple[float, float, float, float]


class CrewStep(StrEnum):
    """The one thing a crew can do next."""

    ACCEPT = "accept"
    ARRIVE = "arrive"
    FINISH = "finish"


class Standing(StrEnum):
    """How the case stands for its crew."""

    TO_DO = "to_do"
    REWORK = "rework"
    WAITING = "waiting"
    CLOSED = "closed"
    PAUSED = "paused"
    ENDED = "ended"


class Checker(StrEnum):
    """Who will check whether it is clean."""

    CAMERA = "camera"
    SENSOR = "sensor"
    INSPECTOR = "inspector"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The newest kept picture of a camera at the place; ``boxes`` mark what vision saw in it."""

    sha256: str
    seen_at: datetime
    boxes: tuple[Box, ...]


_STANDINGS = {
    CaseState.DISPATCHED: Standing.TO_DO,
    CaseState.IN_PROGRESS: Standing.TO_DO,
    CaseState.REWORK: Standing.REWORK,
    CaseState.AWAITING_VERIFICATION: Standing.WAITING,
    CaseState.CLOSED: Standing.CLOSED,
    CaseState.VOIDED: Standing.ENDED,
    CaseState.REJECTED: Standing.ENDED,
}

ACTIONS = {
    CrewStep.ACCEPT: CaseAction.ACCEPT,
    CrewStep.ARRIVE: CaseAction.ARRIVE,
    CrewStep.FINISH: CaseAction.FINISH,
}


def standing(case: Case) -> Standing:
    """Return how the case stands for its crew; states without a part for it count as paused."""
    return _STANDINGS.get(case.state, Standing.PAUSED)


def next_step(case: Case) -> CrewStep | None:
    """Return the one step that is next, None when there is nothing to do."""
    if case.state in (CaseState.DISPATCHED, CaseState.REWORK):
        return CrewStep.ACCEPT
    if case.state is CaseState.IN_PROGRESS:
        return CrewStep.ARRIVE if case.arrived_at is None else CrewStep.FINISH
    return None


def steps_done(case: Case) -> int:
    """Return how many of accept, arrive, done and check are behind the crew."""
    if case.state is CaseState.CLOSED:
        return 4
    if case.state is CaseState.AWAITING_VERIFICATION:
        return 3
    step = next_step(case)
    return 0 if step is None else tuple(CrewStep).index(step)


def form_key(case: Case, step: CrewStep) -> str:
    """Return the idempotency key of a step's form: the same as long as the case stands as it does.

    So a form sent twice, or by two people with the same page, takes the step once.
    """
    return f"{step}.{case.version}.{case.case_id}"


def checker(case: Case, registry: RegistrySnapshot) -> Checker:
    """Return who will check: a camera that sees the spot, the fill sensor, or an inspector, as
    always without a camera when the photos are doubted.
    """
    containers = frozenset(
        sensor.container_id for sensor in registry.sensors_at.get(case.place_id, ())
    )
    cameras = registry.cameras_at.get(case.place_id, ())
    if any(sees(camera, case.problem_class, containers) for camera in cameras):
        return Checker.CAMERA
    if case.problem_class is ProblemClass.BIN_OVERFLOW and containers and not case.photo_doubts:
        return Checker.SENSOR
    return Checker.INSPECTOR


def newest_sight(
    case: Case, registry: RegistrySnapshot, latest: Mapping[str, Record]
) -> Sight | None:
    """Return the newest picture of the place, one in which something was found before others."""
    sights = []
    for camera in registry.cameras_at.get(case.place_id, ()):
        record = latest.get(camera.device_id)
        values = record.values if record is not None else None
        if record is None or not isinstance(values, SnapshotVerdicts):
            continue
        if values.picture_sha256 is None:
            continue
        sights.append(
            Sight(
                sha256=values.picture_sha256,
                seen_at=record.observed_at,
                boxes=_boxes(values),
            )
        )
    return max(sights, key=lambda sight: (bool(sight.boxes), sight.seen_at), default=None)


def last_send_back(log: Sequence[CaseLogEntry]) -> CaseLogEntry | None:
    """Return the entry that sent the case back last."""
    sent_back = [entry for entry in log if entry.action is CaseAction.SEND_BACK]
    return sent_back[-1] if sent_back else None


def _boxes(values: SnapshotVerdicts) -> tuple[Box, ...]:
    return tuple(
        box
        for verdict in values.verdicts
        if verdict.state is VerdictState.PRESENT
        for box in verdict.boxes
    )
