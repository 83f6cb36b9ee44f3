"""What a zone is judged for, and "unknown" for all of it; loads no OpenCV."""

from domain.devices import Camera, Zone, ZoneKind
from domain.problems import ProblemClass
from domain.records import MOST_VERDICTS, CameraHealth, SnapshotVerdicts, Verdict, VerdictState
from vision.reasons import Reason, reason_of_health

UNDECIDED = 0.5

GROUND_ZONE_CLASSES = (
    ProblemClass.BAGGED_WASTE_ON_GROUND,
    ProblemClass.SCATTERED_LITTER,
    ProblemClass.EXPOSED_WASTE,
)
BIN_ZONE_CLASSES = (ProblemClass.BIN_OVERFLOW,)


def classes_of(zone: Zone) -> tuple[ProblemClass, ...]:
    """Return the problem classes that a zone is judged for."""
    if zone.kind is ZoneKind.BIN:
        return BIN_ZONE_CLASSES
    return GROUND_ZONE_CLASSES if zone.kind is ZoneKind.GROUND else ()


def unknown(
    zone_id: str, problem_class: ProblemClass, reason: Reason, score: float = UNDECIDED
) -> Verdict:
    """Return one verdict that says nothing, and why."""
    return Verdict(
        zone_id=zone_id,
        problem_class=problem_class,
        state=VerdictState.UNKNOWN,
        score=round(score, 3),
        reasons=(reason,),
    )


def all_unknown(camera: Camera, reason: Reason) -> tuple[Verdict, ...]:
    """Return "unknown" for every zone and class of a camera."""
    verdicts = [
        unknown(zone.zone_id, problem_class, reason)
        for zone in camera.zones
        for problem_class in classes_of(zone)
    ]
    return tuple(verdicts[:MOST_VERDICTS])


def failed_camera(camera: Camera, health: CameraHealth) -> SnapshotVerdicts:
    """Return what is said of a camera that gave no usable picture."""
    return SnapshotVerdicts(
        camera_health=health, verdicts=all_unknown(camera, reason_of_health(health))
    )
