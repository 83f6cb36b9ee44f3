"""Ground checks as they run: begun by an emptying, decided by a camera, or given up."""

from alerts.cases import CaseWork
from alerts.change_log import record_change
from alerts.limits import AlertRules
from alerts.metrics import AlertMetrics
from alerts.observations import Observations
from alerts.rule_states import RuleStates
from alerts.rules.ground_check import (
    GroundCheck,
    GroundCheckResult,
    begin,
    cut_short,
    give_up,
    look,
    same_round,
)
from alerts.verification import ground_state, sees
from domain.changes import ChangeKind
from domain.devices import Camera, Device
from domain.problems import ProblemClass
from domain.records import Record, SnapshotVerdicts

NO_CAMERA = "no_camera"


class GroundChecks:
    """One check at a time and place. Every check ends with a result that is counted."""

    def __init__(
        self,
        states: RuleStates,
        observations: Observations,
        rules: AlertRules,
        metrics: AlertMetrics,
    ) -> None:
        self._states = states
        self._observations = observations
        self._rules = rules
        self._metrics = metrics

    def begin(self, record: Record, sensor: Device, work: CaseWork) -> None:
        """Start a check after an emptying, where a camera sees the ground."""
        problem = ProblemClass.NOT_SWEPT_AFTER_COLLECTION
        cameras = work.registry.cameras_at[sensor.place_id]
        if not any(sees(camera, problem, frozenset()) for camera in cameras):
            self._metrics.ground_check(NO_CAMERA)
            return
        before = self._states.get(GroundCheck, sensor.place_id)
        check = begin(before, record.observed_at, record.device_id, self._rules)
        if (
            before is not None
            and before.under_way
            and not same_round(before, record.observed_at, self._rules)
        ):
            self._end(sensor.place_id, cut_short(before, work.now), work)
        self._states.put(sensor.place_id, check)

    def look(self, record: Record, camera: Camera, work: CaseWork) -> None:
        """Take what a camera sees now."""
        check = self._states.get(GroundCheck, camera.place_id)
        if check is None or not check.under_way:
            return
        if not isinstance(record.values, SnapshotVerdicts):
            return
        ground = ground_state(camera, record.values)
        after = look(check, ground, record.observed_at, self._rules)
        self._states.put(camera.place_id, after)
        if after.result is GroundCheckResult.NOT_SWEPT:
            self._observations.not_swept(camera, record.values.picture_sha256)
        if not after.under_way:
            self._end(camera.place_id, after, work)

    def tick(self, work: CaseWork) -> None:
        """Give up the checks that nobody could look at in time."""
        for place_id in self._states.subjects(GroundCheck):
            check = self._states.get(GroundCheck, place_id)
            if check is None or not check.under_way:
                continue
            after = give_up(check, work.now, self._rules)
            if not after.under_way:
                self._states.put(place_id, after)
                self._end(place_id, after, work)

    def _end(self, place_id: str, check: GroundCheck, work: CaseWork) -> None:
        result = str(check.result)
        self._metrics.ground_check(result)
        record_change(
            work.connection,
            ChangeKind.GROUND_CHECK,
            at=work.now,
            place_id=place_id,
            subject_id=check.device_id,
            values={"result": result, "emptied_at": check.emptied_at.isoformat()},
        )
