"""Cases that wait for verification: every observation of their place is put to them."""

from sqlalchemy import select

from alerts.case_moves import Move
from alerts.case_records import CaseFile, case_file_of
from alerts.cases import CaseWork
from alerts.limits import AlertRules
from alerts.metrics import AlertMetrics
from alerts.observations import accepted_level
from alerts.open_alerts import OpenAlerts
from alerts.rule_states import RuleStates
from alerts.rules.reconciliation import FILL_CRITICAL
from alerts.schema import alert_causes, alerts, cases
from alerts.verification import (
    Finding,
    ReadingCheck,
    judge_readings,
    judge_snapshot,
    sees,
    take_reading,
)
from domain.alerts import DeviceCondition
from domain.cases import Actor, CaseAction, CaseState
from domain.devices import Camera, Device
from domain.problems import ProblemClass
from domain.records import FillReading, Record, SnapshotVerdicts

_MOVES = {
    Finding.CLEAN: CaseAction.CONFIRM_CLEAN,
    Finding.STILL_THERE: CaseAction.SEND_BACK,
}
_BLIND = (DeviceCondition.SILENT, DeviceCondition.CAMERA_UNUSABLE)


class CaseChecks:
    """Verifies by camera where one sees the spot, else by readings; inspectors do the rest."""

    def __init__(
        self,
        states: RuleStates,
        open_alerts: OpenAlerts,
        rules: AlertRules,
        metrics: AlertMetrics,
    ) -> None:
        self._states = states
        self._open_alerts = open_alerts
        self._rules = rules
        self._metrics = metrics

    def awaiting(self, work: CaseWork) -> dict[str, list[CaseFile]]:
        """Return the cases that wait, by place, and forget the checks of all others."""
        rows = work.connection.execute(
            select(cases).where(cases.c.state == str(CaseState.AWAITING_VERIFICATION))
        )
        found: dict[str, list[CaseFile]] = {}
        for row in rows:
            file = case_file_of(row)
            found.setdefault(file.case.place_id, []).append(file)
        waiting = {file.case.case_id for files in found.values() for file in files}
        for case_id in self._states.subjects(ReadingCheck):
            if case_id not in waiting:
                self._states.forget(ReadingCheck, case_id)
        return found

    def put_to(self, file: CaseFile, record: Record, device: Device, work: CaseWork) -> bool:
        """Put one observation to a waiting case; return whether that decided it."""
        since = file.awaiting_since
        if since is None or record.observed_at <= since:
            return False
        involved = self._involved_sensors(file, work)
        containers = frozenset(
            sensor.container_id
            for sensor in work.registry.sensors_at[file.case.place_id]
            if sensor.device_id in involved
        )
        watching = [
            camera
            for camera in work.registry.cameras_at[file.case.place_id]
            if sees(camera, file.case.problem_class, containers) and self._can_see(camera)
        ]
        finding: Finding | None = None
        photos: tuple[str, ...] = ()
        match record.values:
            case SnapshotVerdicts() as snapshot if device in watching:
                if isinstance(device, Camera):
                    problem = file.case.problem_class
                    finding = judge_snapshot(device, snapshot, problem, containers)
                photos = (snapshot.picture_sha256,) if snapshot.picture_sha256 else ()
            # A crew that sends doubtful photos is not believed on a sensor's word alone.
            case FillReading() as reading if not watching and not file.case.photo_doubts:
                finding = self._judge_reading(file, record, reading, involved)
            case _:
                return False
        if finding is None:
            return False
        self._states.forget(ReadingCheck, file.case.case_id)
        actor = Actor.MACHINE_VERIFICATION
        work.move(file, Move(action=_MOVES[finding], actor=actor, photos=photos))
        self._metrics.verified(finding)
        return True

    def _judge_reading(
        self, file: CaseFile, record: Record, reading: FillReading, involved: frozenset[str]
    ) -> Finding | None:
        level = accepted_level(reading)
        overflow = file.case.problem_class is ProblemClass.BIN_OVERFLOW
        if not overflow or level is None or file.awaiting_since is None:
            return None
        check = self._states.get(ReadingCheck, file.case.case_id)
        if check is None or check.since != file.awaiting_since:
            check = ReadingCheck(since=file.awaiting_since)
        check = take_reading(check, record.device_id, level, self._rules)
        self._states.put(file.case.case_id, check)
        return judge_readings(check, sorted(involved), self._rules)

    def _involved_sensors(self, file: CaseFile, work: CaseWork) -> frozenset[str]:
        """The sensors that raised the case; all of the place where none did."""
        place = work.registry.sensors_at[file.case.place_id]
        rows = work.connection.execute(
            select(alert_causes.c.device_id)
            .join(alerts, alerts.c.alert_id == alert_causes.c.alert_id)
            .where(alerts.c.case_id == file.case.case_id, alert_causes.c.reason == FILL_CRITICAL)
        )
        here = frozenset(sensor.device_id for sensor in place)
        return frozenset(row.device_id for row in rows) & here or here

    def _can_see(self, camera: Camera) -> bool:
        return not any(self._open_alerts.find(camera.device_id, c) for c in _BLIND)
