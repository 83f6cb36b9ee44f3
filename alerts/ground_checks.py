"""Ground checks as they run: begun by an emptying, decided by a camera, or given up."""

from collections.abc import Sequence
from datetime import datetime

from alerts.cases import CaseWork
from alerts.change_log import record_change
from alerts.limits import AlertRules
from alerts.metrics import AlertMetrics
from alerts.observations import Observations
from alerts.rule_states import RuleStates, keep_for_case
from alerts.rules.ground_check import (
    GroundCheck,
    GroundCheckResult,
    Look,
    begin,
    cut_short,
    give_up,
    look,
    same_round,
)
from alerts.rules.ground_pictures import GroundPicture, PictureTrail, keep, last_before
from alerts.verification import ground_problems, ground_state, sees
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
        cameras = [c for c in work.registry.cameras_at[sensor.place_id] if _sees_ground(c)]
        if not cameras:
            self._metrics.ground_check(NO_CAMERA)
            return
        before = self._states.get(GroundCheck, sensor.place_id)
        check = begin(
            before,
            record.observed_at,
            record.device_id,
            self._rules,
            before=self._pictures_before(cameras, record.observed_at),
        )
        if (
            before is not None
            and before.under_way
            and not same_round(before, record.observed_at, self._rules)
        ):
            self._end(sensor.place_id, cut_short(before, work.now), work)
        self._states.put(sensor.place_id, check)

    def look(self, record: Record, camera: Camera, work: CaseWork) -> GroundCheck | None:
        """Take what a camera sees now; return the check that this look has ended, if it has."""
        if not isinstance(record.values, SnapshotVerdicts):
            return None
        picture = self._keep_picture(record, record.values, camera)
        check = self._states.get(GroundCheck, camera.place_id)
        if check is None or not check.under_way:
            return None
        seen = Look(
            ground=ground_state(camera, record.values),
            observed_at=record.observed_at,
            picture=picture,
            found=ground_problems(camera, record.values),
        )
        after = look(check, seen, self._rules)
        self._states.put(camera.place_id, after)
        if after.under_way:
            return None
        if after.result is GroundCheckResult.NOT_SWEPT:
            self._observations.not_swept(camera, record.values.picture_sha256)
        self._end(camera.place_id, after, work)
        return after

    def keep_evidence(self, place_id: str, check: GroundCheck, work: CaseWork) -> None:
        """Keep an ended check with the case that rests on it. Call it when the case is open."""
        if check.result is not GroundCheckResult.NOT_SWEPT:
            return
        file = work.find_open(place_id, ProblemClass.NOT_SWEPT_AFTER_COLLECTION)
        if file is not None:
            keep_for_case(work.connection, file.case.case_id, check)

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

    def _keep_picture(
        self, record: Record, snapshot: SnapshotVerdicts, camera: Camera
    ) -> GroundPicture | None:
        if snapshot.picture_sha256 is None or not _sees_ground(camera):
            return None
        picture = GroundPicture(
            device_id=camera.device_id,
            sha256=snapshot.picture_sha256,
            taken_at=record.observed_at,
        )
        trail = self._states.get(PictureTrail, camera.device_id) or PictureTrail()
        self._states.put(camera.device_id, keep(trail, picture))
        return picture

    def _pictures_before(
        self, cameras: Sequence[Camera], at: datetime
    ) -> tuple[GroundPicture, ...]:
        trails = (self._states.get(PictureTrail, camera.device_id) for camera in cameras)
        last = (last_before(trail, at) for trail in trails if trail is not None)
        return tuple(picture for picture in last if picture is not None)

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


def _sees_ground(camera: Camera) -> bool:
    return sees(camera, ProblemClass.NOT_SWEPT_AFTER_COLLECTION, frozenset())
